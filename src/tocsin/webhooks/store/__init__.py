"""Webhooks in PostgreSQL (one file a noun, tables in `tables`)."""
