"""Tests of the guard in front of every request that we send."""
