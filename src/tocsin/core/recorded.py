"""Changes of audited rows: each writes the row and its audit record together, so that neither can be forgotten.

1. `change` compares with what is stored: what stays the same is neither written nor recorded.
2. A record's `before` and `after` hold only the columns that differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, delete, insert, select, update

from tocsin.core import audit
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.together import among

_NOISE = frozenset({"id", "created_at", "sha256"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a record is about: a thing's type, id and name, and the thing that it belongs to (`root`)."""

    type: str
    id: str
    name: str | None = None
    root: tuple[str, str] | None = None


def create(tx: Tx, actor: Actor, table: Table, row: Mapping[str, Any], subject: Subject) -> None:
    """Insert one row."""
    tx.conn.execute(insert(table).values(dict(row)))
    note(tx, actor, "create", subject, None, _told(row))


def change(tx: Tx, actor: Actor, table: Table, old: Row[Any], values: Mapping[str, Any], subject: Subject) -> bool:
    """Set `values` on the row `old` where they differ; whether anything did."""
    present = old._mapping
    new = {name: value for name, value in values.items() if present[name] != value}
    if not new:
        return False
    tx.conn.execute(update(table).where(table.c.id == old.id).values(new))
    note(tx, actor, "update", subject, {name: present[name] for name in new}, new)
    return True


def remove(tx: Tx, actor: Actor, table: Table, old: Row[Any], subject: Subject) -> None:
    """Delete a row, or mark it deleted where the table keeps its dead."""
    if "deleted_at" in table.c:
        tx.conn.execute(update(table).where(table.c.id == old.id).values(deleted_at=tx.now))
    else:
        tx.conn.execute(delete(table).where(table.c.id == old.id))
    note(tx, actor, "delete", subject, _told(dict(old._mapping)), None)


def note(tx: Tx, actor: Actor, action: str, subject: Subject, before: Any = None, after: Any = None) -> None:
    """A record alone, for changes that are more than one row."""
    audit.record(tx, actor, action, (subject.type, subject.id, subject.name), before, after, subject.root)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _NOISE and value is not None}


def live(conn: Connection, table: Table, id: str, lock: bool = False) -> Row[Any] | None:
    """The row with this id unless it is deleted; `lock` holds it until the transaction ends."""
    found = select(table).where(table.c.id == id)
    if "deleted_at" in table.c:
        found = found.where(table.c.deleted_at.is_(None))
    return conn.execute(found.with_for_update() if lock else found).one_or_none()


@cache
def _with_ids(table: Table) -> Select[Any]:
    return select(table).where(among(table.c.id))


def by_id(conn: Connection, table: Table, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows with these ids, the deleted ones too (they stay visible as references, core:K7)."""
    rows = conn.execute(_with_ids(table), {"ids": list(ids)})
    return {row.id: row for row in rows}
