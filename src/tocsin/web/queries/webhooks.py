"""Webhooks and extensions as their pages list them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tocsin.accounts.store.standing import seen_by_team
from tocsin.accounts.store.tables import teams
from tocsin.rest.permissions import Sight
from tocsin.services.store import seeing
from tocsin.services.store.tables import services
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.store import queues, receivers
from tocsin.webhooks.store.tables import deliveries, extensions, subscriptions
from tocsin.webhooks.wire.shown import is_off

MOST = 500
LOGGED = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscription or an extension in a list. `about` says whose events; `state` is on, off, failing or paused."""

    id: str
    name: str
    url: str
    about: str
    kind: str
    state: str
    waiting: int


def subscribed(conn: Connection, sight: Sight, now: datetime, service_id: str | None = None) -> list[Listed]:
    """Subscriptions that are seen, or those of one service."""
    found = receivers.find("service" if service_id else None, service_id, sight)
    rows = conn.execute(found.order_by(subscriptions.c.created_at, subscriptions.c.id).limit(MOST)).all()
    named, state, waiting = receivers.named(conn, rows), _states(conn, rows, now), _waiting(conn, rows)
    return [
        Listed(
            row.id, row.description or row.url, row.url, whose(row, named), f"{len(row.events)} event types",
            state[row.id] if row.active else "off", waiting.get(row.id, 0),
        )
        for row in rows
    ]  # fmt: skip


def extended(conn: Connection, sight: Sight, now: datetime, service_id: str | None = None) -> list[Listed]:
    """Extensions that are seen, or those of one service."""
    found = receivers.find_extensions(None, service_id, None, sight)
    rows = conn.execute(found.order_by(func.lower(extensions.c.name), extensions.c.id).limit(MOST)).all()
    state, waiting = _states(conn, rows, now), _waiting(conn, rows)
    return [
        Listed(
            row.id, row.name, row.endpoint_url or "", f"{len(row.service_ids)} services" if len(row.service_ids) > 1
            else "1 service", SCHEMAS[row.schema_id].label, state[row.id], waiting.get(row.id, 0),
        )
        for row in rows
    ]  # fmt: skip


def whose(row: Any, named: Mapping[str, str]) -> str:
    """Whose events a subscription brings, in words."""
    if row.scope == "account":
        return "the whole account"
    return f"{row.scope} {named.get(row.scope_id, 'that is gone')}"


def _states(conn: Connection, rows: Sequence[Any], now: datetime) -> dict[str, str]:
    known = queues.of(conn, [row.id for row in rows])

    def state(id: str) -> str:
        one = known.get(id)
        if is_off(one, now):
            return "paused"
        return "failing" if one is not None and one.failing else "on"

    return {row.id: state(row.id) for row in rows}


def _waiting(conn: Connection, rows: Sequence[Any]) -> dict[str, int]:
    d = deliveries.c
    query = select(d.endpoint_id, func.count()).where(d.endpoint_id.in_([row.id for row in rows]), d.state == "waiting")
    return {row[0]: row[1] for row in conn.execute(query.group_by(d.endpoint_id))}


def log(conn: Connection, endpoint_id: str, before: str = "") -> Sequence[Any]:
    """The newest deliveries, one more than a page; `before` is a position."""
    found = receivers.log_of(endpoint_id)
    if before.isascii() and before.isdigit() and len(before) < 18:
        found = found.where(deliveries.c.position < int(before))
    return conn.execute(found.limit(LOGGED + 1)).all()


def choices(conn: Connection, sight: Sight) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(id, name) of the services and teams that are seen."""
    s, t = services.c, teams.c
    found = select(s.id, s.name).where(s.deleted_at.is_(None), seeing.seen(sight)).order_by(func.lower(s.name))
    teamed = select(t.id, t.name).where(t.deleted_at.is_(None), seen_by_team(sight, t.id)).order_by(func.lower(t.name))
    return [(r.id, r.name) for r in conn.execute(found.limit(1000))], [(r.id, r.name) for r in conn.execute(teamed)]
