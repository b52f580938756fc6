"""Tocsin: self-hosted incident response that speaks PagerDuty's wire."""

__version__ = "0.1.0"
