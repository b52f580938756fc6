"""The account and its people in PostgreSQL (one file a noun, tables in `tables`)."""
