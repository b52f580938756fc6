"""Connect: a product gets integration keys through a person's browser."""
