"""What a page tells: the incidents of a message, with the alert that says most about each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tocsin.accounts.store.tables import users
from tocsin.incidents.model import Request
from tocsin.incidents.store.incidents import requests_of
from tocsin.incidents.store.tables import alerts, incidents
from tocsin.services.store.tables import services


@dataclass(frozen=True, slots=True)
class Told:
    """One incident as a page tells it."""

    id: str
    number: int
    title: str
    service: str
    urgency: str
    status: str
    created_at: datetime
    severity: str | None
    body: Any
    conference_bridge: Mapping[str, Any] | None
    requests: Mapping[str, Request]


def told(conn: Connection, incident_ids: Iterable[str]) -> dict[str, Told]:
    """These incidents by id."""
    wanted = list(incident_ids)
    i = incidents.c
    query = (
        select(
            i.id,
            i.number,
            i.title,
            services.c.name,
            i.urgency,
            i.status,
            i.created_at,
            i.body,
            i.conference_bridge,
            i.requests,
        )
        .join(services, services.c.id == i.service_id)
        .where(i.id.in_(wanted))
    )
    alert_of = _alerts(conn, wanted)
    found = {}
    for r in conn.execute(query):
        severity, body = alert_of.get(r.id, (None, r.body))
        asked = {request.id: request for request in requests_of(r.requests)} if r.requests else {}
        found[r.id] = Told(
            r.id, r.number, r.title, r.name, r.urgency, r.status, r.created_at, severity, body, r.conference_bridge,
            asked,
        )  # fmt: skip
    return found


def _alerts(conn: Connection, incident_ids: list[str]) -> dict[str, tuple[str, Any]]:
    a = alerts.c
    query = (
        select(a.incident_id, a.severity, a.body)
        .where(a.incident_id.in_(incident_ids))
        .distinct(a.incident_id)
        .order_by(a.incident_id, a.created_at)
    )
    return {r.incident_id: (r.severity, r.body) for r in conn.execute(query)}


def person(conn: Connection, user_id: str | None) -> tuple[str, str]:
    """(name, time zone) of the one who is told."""
    row = conn.execute(select(users.c.name, users.c.time_zone).where(users.c.id == user_id)).one_or_none()
    return (row.name, row.time_zone) if row else ("", "UTC")
