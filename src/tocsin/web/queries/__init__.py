"""What pages read: SQL that loads whole pages at once, never a row at a time."""
