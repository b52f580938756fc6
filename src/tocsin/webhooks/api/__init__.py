"""The operations of webhooks and extensions."""
