"""The account of the tests of incidents."""

from tests.incidents.conftest import acme

__all__ = ["acme"]
