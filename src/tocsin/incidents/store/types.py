"""Incident types: a tree of at most three levels below one root (core:I120).

The root is made by the migration, so it is there before anything else is. Types are few and never go.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from tocsin.incidents.store.tables import incident_types

t = incident_types.c


def every() -> Select[Any]:
    """All types, parents before what is below them."""
    return select(incident_types).order_by(func.cardinality(t.line), t.created_at, t.id)


def found(conn: Connection, id_or_name: str, lock: bool = False) -> Row[Any] | None:
    """A type by its id, else by its name."""
    query = select(incident_types).where(or_(t.id == id_or_name, t.name == id_or_name)).order_by(t.id != id_or_name)
    return conn.execute((query.with_for_update(key_share=True) if lock else query).limit(1)).one_or_none()


def by_key(conn: Connection, wanted: Iterable[str]) -> dict[str, Row[Any]]:
    """Types by whatever they were asked for with: id or name."""
    given = list(dict.fromkeys(wanted))
    if not given:
        return {}
    rows = conn.execute(every().where(or_(t.id.in_(given), t.name.in_(given)))).all()
    return {row.name: row for row in rows} | {row.id: row for row in rows}


def root(conn: Connection) -> Row[Any]:
    """The type that all others stand below."""
    return conn.execute(select(incident_types).where(t.parent_id.is_(None))).one()


def enabled_below(conn: Connection, id: str) -> list[str]:
    """Names of the enabled types right below this one."""
    return list(conn.scalars(select(t.name).where(t.parent_id == id, t.enabled).order_by(t.name)))


def taken(conn: Connection, column: Any, wanted: str, but: str | None) -> bool:
    """Whether another type has this name, in any case."""
    query = select(t.id).where(func.lower(column) == wanted.lower())
    return conn.scalar((query.where(t.id != but) if but else query).limit(1)) is not None
