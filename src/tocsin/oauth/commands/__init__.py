"""The verbs of the OAuth server."""
