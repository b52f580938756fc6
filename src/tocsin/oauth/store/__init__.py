"""Apps, what they were allowed, and their tokens in PostgreSQL (one file a noun, tables in `tables`)."""
