"""The operations on subscriptions, status updates and templates (one file a noun)."""
