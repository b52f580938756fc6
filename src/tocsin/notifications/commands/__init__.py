"""Verbs on pages: plan them, step their chains, send them."""
