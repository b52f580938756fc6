"""Escalation policies in PostgreSQL: tables, snapshots, rings, and who is on call (one file a noun)."""
