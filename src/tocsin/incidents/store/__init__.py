"""Incidents, alerts, log entries and notes in PostgreSQL (one file a noun, tables in `tables`)."""
