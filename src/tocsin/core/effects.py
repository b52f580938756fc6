"""Effects: what a command decided that the planner of pages has still to plan (SPINE 3).

Written in the command's transaction, read by one planner in order of id, deleted in the transaction that plans them.
There is no cursor: a lower id that commits later is still there to be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Identity, Table, delete, select
from sqlalchemy import text as text_sql

from tocsin.core.db import insert_rows
from tocsin.core.metadata import document, instant, metadata, text

WAKE = "tocsin_work"

effects = Table(
    "effects",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    text("kind"),
    text("subject"),
    document("body"),
    instant("created_at"),
)


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to plan: `kind` says which planner function, `subject` what it is about."""

    id: int
    kind: str
    subject: str
    body: Mapping[str, Any]
    created_at: datetime


def put(conn: Connection, rows: Iterable[tuple[str, str, Mapping[str, Any]]], now: datetime) -> None:
    """Store (kind, subject, body) for the planner and wake it (one NOTIFY a call: one a row costs 72 %)."""
    new = [{"kind": kind, "subject": subject, "body": body, "created_at": now} for kind, subject, body in rows]
    if new:
        insert_rows(conn, effects, new)
        conn.execute(text_sql(f"SELECT pg_notify('{WAKE}', '')"))


def take(conn: Connection, limit: int) -> list[Effect]:
    """The oldest effects, deleted here; the caller must hold the planner's lock."""
    oldest = select(effects.c.id).order_by(effects.c.id).limit(limit)
    rows: Sequence[Any] = conn.execute(delete(effects).where(effects.c.id.in_(oldest)).returning(*effects.c)).all()
    return sorted((Effect(r.id, r.kind, r.subject, r.body, r.created_at) for r in rows), key=lambda e: e.id)


def waiting(conn: Connection) -> bool:
    """Whether anything waits to be planned."""
    return conn.scalar(select(effects.c.id).limit(1)) is not None
