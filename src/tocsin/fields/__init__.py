"""Custom fields: their definitions, options and typed values, for whatever kind of thing may have some."""
