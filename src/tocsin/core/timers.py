"""Timers are rows, not tasks (HOUSE rule 4, SPINE 2).

1. A timer is `(subject, kind)`; setting one replaces it and gives it a new `version`.
2. A worker reads due rows **unlocked**, locks their subjects, then takes them with `DELETE … RETURNING`; a row that
   does not come back is stale and changes nothing. (Timer first, subject second deadlocks with an acknowledgement.)
3. The scan is bounded below by the last swept instant: a long-open snapshot keeps dead rows in the index, and an
   unbounded scan then walks all of them. A full sweep every `FULL_SWEEP` catches what the bound could hide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, Index, Table, func, select, text, update

from tocsin.core.db import insert_rows, to_json
from tocsin.core.effects import WAKE
from tocsin.core.metadata import instant, metadata
from tocsin.core.metadata import text as text_column

timers = Table(
    "timers",
    metadata,
    text_column("subject", primary_key=True),
    text_column("kind", primary_key=True),
    instant("due_at"),
    Column("version", BigInteger, nullable=False),
    Index("ix_timers_due_at", "due_at"),
    postgresql_with={"fillfactor": "70"},
)

MARGIN = timedelta(minutes=1)
FULL_SWEEP = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is to happen to `subject` at `due_at`, unless it is set anew or cleared before."""

    subject: str
    kind: str
    due_at: datetime
    version: int


def put(conn: Connection, due: Iterable[Timer]) -> None:
    """Set all these timers, replacing those with the same subject and kind; wakes the workers, who sleep till the next.

    One NOTIFY a transaction, whatever it sets.
    """
    rows = [{"subject": t.subject, "kind": t.kind, "due_at": t.due_at, "version": t.version} for t in due]
    insert_rows(
        conn,
        timers,
        rows,
        "(subject, kind) DO UPDATE SET due_at = excluded.due_at, version = excluded.version",
    )
    if rows:
        conn.execute(text(f"SELECT pg_notify('{WAKE}', '')"))


def clear(conn: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Remove the timers with these (subject, kind)."""
    rows = [{"subject": subject, "kind": kind} for subject, kind in keys]
    if rows:
        conn.execute(_CLEAR, {"rows": to_json(rows)})


_CLEAR = text(
    "DELETE FROM timers t USING json_to_recordset(CAST(:rows AS json)) AS r(subject text, kind text)"
    " WHERE t.subject = r.subject AND t.kind = r.kind"
)
_TAKE = text(
    "DELETE FROM timers t USING json_to_recordset(CAST(:rows AS json)) AS r(subject text, kind text, version bigint)"
    " WHERE t.subject = r.subject AND t.kind = r.kind AND t.version = r.version"
    " RETURNING t.subject, t.kind, t.due_at, t.version"
)


def due(conn: Connection, kinds: Sequence[str], now: datetime, above: datetime | None, limit: int) -> list[Timer]:
    """Up to `limit` timers of these kinds that are due at `now`, earliest first, read without a lock."""
    query = select(timers).where(timers.c.due_at <= now, timers.c.kind.in_(kinds))
    if above is not None:
        query = query.where(timers.c.due_at > above - MARGIN)
    rows = conn.execute(query.order_by(timers.c.due_at).limit(limit))
    return [Timer(row.subject, row.kind, row.due_at, row.version) for row in rows]


def take(conn: Connection, found: Sequence[Timer]) -> list[Timer]:
    """Of `found` (their subjects locked by the caller), those that still hold; they are deleted here."""
    if not found:
        return []
    rows = [{"subject": t.subject, "kind": t.kind, "version": t.version} for t in found]
    taken = conn.execute(_TAKE, {"rows": to_json(rows)})
    return sorted((Timer(r.subject, r.kind, r.due_at, r.version) for r in taken), key=lambda t: (t.due_at, t.kind))


def of(conn: Connection, subjects: Sequence[str]) -> list[Timer]:
    """All timers of these subjects."""
    rows = conn.execute(select(timers).where(timers.c.subject.in_(subjects)).order_by(timers.c.due_at))
    return [Timer(row.subject, row.kind, row.due_at, row.version) for row in rows]


def next_due(conn: Connection, above: datetime | None = None) -> datetime | None:
    """When the earliest timer of all is due; `above` bounds the scan as in `due`."""
    query = select(func.min(timers.c.due_at))
    if above is not None:
        query = query.where(timers.c.due_at > above - MARGIN)
    earliest: datetime | None = conn.scalar(query)
    return earliest


def put_off(conn: Connection, timer: Timer, now: datetime) -> None:
    """Try a timer that failed again in half a minute, unless it was set anew meanwhile."""
    where = (timers.c.subject == timer.subject) & (timers.c.kind == timer.kind) & (timers.c.version == timer.version)
    conn.execute(update(timers).where(where).values(due_at=now + timedelta(seconds=30)))
