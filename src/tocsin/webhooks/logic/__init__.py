"""Pure decisions of webhooks: which events an entry means, how things stood then, what an answer means."""
