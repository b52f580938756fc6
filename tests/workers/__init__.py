"""Tests of the processes and of their front."""
