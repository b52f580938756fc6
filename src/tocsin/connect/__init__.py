"""Connect: a product of somebody else sends a person here and gets integration keys back (core:O9-O11, ei:TE4)."""
