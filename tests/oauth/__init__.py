"""Tests of the OAuth server."""
