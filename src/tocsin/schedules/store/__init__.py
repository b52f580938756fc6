"""Schedules in PostgreSQL: tables, loading and saving, overrides, and who uses what (one file a noun)."""
