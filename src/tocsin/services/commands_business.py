"""Business services: made, changed, removed (core:C15, ei:BS1).

1. An account may have 5,000 of them. Two may bear the same name: nobody documents that they may not.
2. Removing one removes what depends on it and what it depends on from the graph.
"""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.store.tables import teams
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.services.commands_dependencies import cut_off
from tocsin.services.store import business
from tocsin.services.store.graph import node
from tocsin.services.store.graph_tables import business_services
from tocsin.services.wire_business import BusinessBody

MOST = 5_000


def subject(row: Any) -> Subject:
    """What an audit record says of a business service."""
    return Subject("business_service", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live business service, or `NotFound`."""
    row = live(conn, business_services, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: BusinessBody) -> str:
    """Create a business service; the id."""
    _check(tx.conn, body)
    if business.count(tx.conn) >= MOST:
        raise Invalid(f"An account may have {MOST:,} business services", code=2019)
    row = body.row() | {"id": ids.thing(), "created_at": tx.now}
    create(tx, actor, business_services, row, Subject("business_service", row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: BusinessBody) -> None:
    """Change a business service."""
    _check(tx.conn, body)
    change(tx, actor, business_services, row, body.row(), subject(row))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a business service."""
    cut_off(tx, actor, node("business_service", row.id))
    remove(tx, actor, business_services, row, subject(row))


def move_team(tx: Tx, actor: Actor, source: str, target: str) -> None:
    """Hand a team's business services to another before it goes (core:T4)."""
    for row in business.of_team(tx.conn, source):
        change(tx, actor, business_services, row, {"team_id": target}, subject(row))


def _check(conn: Connection, body: BusinessBody) -> None:
    if body.team_id and live(conn, teams, body.team_id, lock=True) is None:
        raise Invalid("Team Not Found")
