"""Verbs: subscribe, write an update, send it to everybody, keep templates."""
