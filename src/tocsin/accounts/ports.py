"""What the accounts lend to the wire kit."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.accounts.store import people


def account(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Facts of the account for the form of `html_url`."""
    row = people.the_account(conn)
    return {"": {"subdomain": row.subdomain}} if row else {}
