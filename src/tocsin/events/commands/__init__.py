"""Verbs on events: decide what the intake log holds."""
