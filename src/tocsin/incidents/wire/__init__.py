"""Incidents, alerts, log entries and notes on the wire: request bodies in, objects out (one file a noun)."""
