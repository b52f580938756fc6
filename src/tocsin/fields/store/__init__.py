"""Fields, options and values in PostgreSQL (tables, reading, writing)."""
