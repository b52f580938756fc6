"""How long sessions may last, by kind: the wire's session configurations. Setting them ends sessions of the kind."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, Row, delete, select

from tocsin.accounts.store import tables
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.core.recorded import Subject, note
from tocsin.rest.body import Body

KINDS = ("mobile", "web")
_limit = tables.session_limits.c


class LimitsBody(Body):
    """Idle and absolute limits in seconds, in the published bounds."""

    absolute_session_ttl: int = Field(ge=600, le=18_144_000)
    idle_session_ttl: int = Field(ge=60, le=15_552_000)


def listed(conn: Connection, kinds: Sequence[str]) -> Sequence[Row[Any]]:
    """Those that are set, or `NotFound` when none of these kinds is."""
    rows = conn.execute(select(tables.session_limits).where(_limit.type.in_(kinds)).order_by(_limit.type)).all()
    if not rows:
        raise NotFound("No session configuration is set: sessions end after 7 days without use, and after 30 days")
    return rows


def put(tx: Tx, actor: Actor, kinds: Sequence[str], body: LimitsBody) -> None:
    """Set the limits of these kinds; every session of theirs ends now."""
    for kind in kinds:
        values = {"idle_seconds": body.idle_session_ttl, "absolute_seconds": body.absolute_session_ttl}
        old = tx.conn.execute(select(tables.session_limits).where(_limit.type == kind).with_for_update()).one_or_none()
        tx.conn.execute(delete(tables.session_limits).where(_limit.type == kind))
        tx.conn.execute(tables.session_limits.insert().values(type=kind, **values))
        before = {name: old._mapping[name] for name in values} if old else None
        note(tx, actor, "update" if old else "create", _subject(kind), before, values)
    tx.conn.execute(delete(tables.sessions).where(tables.sessions.c.kind.in_(kinds)))


def drop(tx: Tx, actor: Actor, kinds: Sequence[str]) -> None:
    """Back to our own limits, for sessions begun from now on."""
    for row in listed(tx.conn, kinds):
        tx.conn.execute(delete(tables.session_limits).where(_limit.type == row.type))
        before = {"idle_seconds": row.idle_seconds, "absolute_seconds": row.absolute_seconds}
        note(tx, actor, "delete", _subject(row.type), before)


def _subject(kind: str) -> Subject:
    return Subject("session_configuration", kind, kind)
