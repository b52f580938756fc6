"""Verbs: define fields, change and remove them and their options, and what values somebody asks for."""
