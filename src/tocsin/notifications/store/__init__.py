"""Pages in PostgreSQL: chains, sends, items (one file a noun, tables in `tables`)."""
