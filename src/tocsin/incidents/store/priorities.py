"""Priorities: five from the start, read-only on the wire (core:X4)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from tocsin.core import ids
from tocsin.core.db import insert_rows
from tocsin.incidents.store.tables import priorities

FIRST = (
    ("P1", "Customers cannot work: everybody who can help is called", "a8171c"),
    ("P2", "Many customers are hindered in their work", "eb6016"),
    ("P3", "Some customers notice it; the owning team acts at once", "f9b406"),
    ("P4", "Small trouble that hinders nobody", "555555"),
    ("P5", "A flaw in looks or words", "555555"),
)


def first_priorities(conn: Connection) -> None:
    """Write the first priorities of a new account; an account that has some keeps them."""
    if conn.scalar(select(func.count()).select_from(priorities)):
        return
    rows = [
        {"id": ids.thing(), "name": name, "description": description, "color": color, "position": position}
        for position, (name, description, color) in enumerate(FIRST, 1)
    ]
    insert_rows(conn, priorities, rows)


def in_order() -> Select[Any]:
    """All priorities, the most severe first."""
    return select(priorities).order_by(priorities.c.position, priorities.c.id)


def named(conn: Connection, wanted: Iterable[str]) -> Mapping[str, str]:
    """Ids or names (in any case) as given -> priority ids; a name means the most severe that bears it (core:I54)."""
    given = list(dict.fromkeys(wanted))
    if not given:
        return {}
    names = [one.lower() for one in given]
    query = in_order().where(or_(priorities.c.id.in_(given), func.lower(priorities.c.name).in_(names)))
    known: dict[str, str] = {}
    for row in conn.execute(query):
        known.setdefault(row.name.lower(), row.id)
        known[row.id] = row.id
    return {one: known.get(one) or known[one.lower()] for one in given if one in known or one.lower() in known}


def most_severe(conn: Connection, wanted: Iterable[str]) -> Row[Any] | None:
    """Of these priorities the most severe."""
    return conn.execute(in_order().where(priorities.c.id.in_(list(wanted))).limit(1)).one_or_none()
