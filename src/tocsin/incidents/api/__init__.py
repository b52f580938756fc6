"""The operations on incidents and what lies below them (one file a noun)."""
