"""Audit: what is recorded, and who can read it."""
