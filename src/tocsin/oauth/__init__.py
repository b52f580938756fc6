"""The OAuth 2 server: apps of other people, and what they may do here."""
