"""What the account itself is called: clients name it by region and subdomain (core:O4, core:O10)."""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.store import people, tables
from tocsin.accounts.wire_account import AccountBody
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.core.recorded import Subject, change


def get(conn: Connection) -> Row[Any]:
    """The account; `NotFound` before the bootstrap."""
    row = people.the_account(conn)
    if row is None:
        raise NotFound()
    return row


def edit(tx: Tx, actor: Actor, body: AccountBody) -> None:
    """Change name, region or subdomain. Clients that name the account must be told the new ones."""
    row = get(tx.conn)
    change(tx, actor, tables.account, row, body.model_dump(), Subject("account", row.id, row.name))
