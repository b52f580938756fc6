"""Bodies in and out of subscriptions and extensions, and the payloads that are delivered."""
