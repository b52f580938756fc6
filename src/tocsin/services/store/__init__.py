"""Services and integrations in PostgreSQL (one file a noun, tables in `tables`)."""
