"""Verbs on incidents. Each locks, loads, decides, saves, in the transaction that it is given."""
