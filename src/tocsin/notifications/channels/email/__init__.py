"""Pages by e-mail: the letter, the SMTP conversation, and a mail sink for a first try."""
