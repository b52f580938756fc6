"""Somebody leaves: what they stand in, and handing all of it over before they are deleted (core:P62, core:N4)."""
