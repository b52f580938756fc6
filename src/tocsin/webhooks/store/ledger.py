"""Following the ledger below `pg_snapshot_xmin` (SPINE 3): what was committed since, in lots of whole transactions.

1. Entries below the line can get no new neighbours; a cursor at the newest id would miss one that commits later.
2. Transactions of one incident may commit in another order than their numbers: what lies above the lot, but before one
   of its entries in the incident's own order, is taken along. It is met again later, and then left out by its source.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.core.audit import audit_records
from tocsin.core.db import to_json
from tocsin.incidents.store.tables import log_entries
from tocsin.webhooks.logic.events import LINES, RECORDS
from tocsin.webhooks.logic.past import TELLING
from tocsin.webhooks.model import Entry
from tocsin.webhooks.store.tables import cursor

_LINE = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def begin(conn: Connection) -> None:
    """From here on the ledger is followed, unless it is already."""
    conn.execute(insert(cursor).values(id=1, xid=conn.scalar(_LINE)).on_conflict_do_nothing())


def take(conn: Connection) -> int | None:
    """How far the ledger has been followed, locked; None: another follows it just now, or nobody ever did."""
    found: int | None = conn.scalar(select(cursor.c.xid).with_for_update(skip_locked=True))
    return found


def line(conn: Connection) -> int:
    """Below this every transaction is over."""
    return int(conn.scalar(_LINE) or 0)


def move(conn: Connection, xid: int) -> None:
    """Everything below this is followed."""
    conn.execute(update(cursor).values(xid=xid))


def lot(conn: Connection, start: int, end: int, most: int) -> int | None:
    """Where a lot of about `most` entries from `start` ends, at most at `end`; None: there is nothing in between."""
    e = log_entries.c
    found: Sequence[int] = conn.scalars(
        select(e.xid).where(e.xid >= start, e.xid < end).order_by(e.xid).limit(most + 1)
    ).all()
    if not found:
        a = audit_records.c
        return end if conn.scalar(select(exists().where(a.xid >= start, a.xid < end))) else None
    if len(found) <= most:
        return end
    return found[-1] if found[-1] > found[0] else found[0] + 1


def touched(conn: Connection, start: int, end: int) -> dict[str, int]:
    """Incidents with events in this lot, each with the last place in its own order that the lot knows."""
    e = log_entries.c
    where = (e.xid >= start, e.xid < end, e.incident_id.is_not(None), e.type.in_(list(LINES)))
    found = conn.execute(select(e.incident_id, func.max(e.seq).label("last")).where(*where).group_by(e.incident_id))
    return {row.incident_id: row.last for row in found}


_HISTORIES = text(
    """
    SELECT e.* FROM json_to_recordset(CAST(:lasts AS json)) AS r(id text, last int)
    JOIN log_entries e ON e.incident_id = r.id
    WHERE e.type = ANY(:telling) OR (e.xid >= :start AND e.seq <= r.last)
    ORDER BY e.incident_id, e.seq
    """
).columns(*log_entries.c)


def histories(conn: Connection, lasts: Mapping[str, int], start: int) -> dict[str, list[Entry]]:
    """What these incidents' entries say of how they stand, and all that is to be told, in their own order."""
    rows = [{"id": id, "last": last} for id, last in lasts.items()]
    given = {"lasts": to_json(rows), "telling": list(TELLING), "start": start}
    found: dict[str, list[Entry]] = {}
    for row in conn.execute(_HISTORIES, given):
        found.setdefault(row.incident_id, []).append(_entry(row))
    return found


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        row.id, row.incident_id, row.seq, row.xid, row.at, row.type, row.actor_kind, row.actor_id, row.actor_name,
        row.service_id, row.alert_id, row.user_id, tuple(row.assignees), row.before, row.after, row.details,
    )  # fmt: skip


def in_lot(history: Iterable[Entry], start: int, last: int) -> list[Entry]:
    """Those of an incident's entries that the lot is about (rule 2)."""
    return [entry for entry in history if entry.xid >= start and entry.seq <= last]


def records(conn: Connection, start: int, end: int) -> Sequence[Row[Any]]:
    """Records of services changed in this lot, oldest first."""
    a = audit_records.c
    kinds = {type for type, _ in RECORDS}
    query = select(audit_records).where(a.xid >= start, a.xid < end, a.resource_type.in_(kinds))
    return conn.execute(query.order_by(a.xid, a.id)).all()


def rows_of(conn: Connection, table: Any, ids: Iterable[str]) -> Mapping[str, Row[Any]]:
    """Rows by id."""
    return {row.id: row for row in conn.execute(select(table).where(table.c.id.in_(list(ids))))}


def behind(conn: Connection) -> tuple[int, datetime | None]:
    """How many entries have not been followed (10,001: or more), and the time of the first."""
    at = conn.scalar(select(cursor.c.xid))
    if at is None:
        return 0, None
    e = log_entries.c
    some = select(e.at).where(e.xid >= at).order_by(e.xid).limit(10_001).subquery()
    count, oldest = conn.execute(select(func.count(), func.min(some.c.at))).one()
    return count, oldest
