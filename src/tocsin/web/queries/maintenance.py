"""Maintenance windows as the pages show them, and what services hold back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tocsin.incidents.store.tables import alerts
from tocsin.rest.permissions import Sight
from tocsin.services.store import windows
from tocsin.services.store.seeing import seen
from tocsin.services.store.tables import maintenance_windows, services
from tocsin.web.queries import names

MOST = 200
SHOWN_HELD = 20
ORDERS = {"open": maintenance_windows.c.start_time, "past": maintenance_windows.c.end_time.desc()}


@dataclass(frozen=True, slots=True)
class Shown:
    """A window, what it names as far as the viewer sees it, and how it stands: past, ongoing or future."""

    row: Row[Any]
    services: Sequence[Row[Any]]
    by: str
    state: str


def listed(conn: Connection, which: str, now: datetime, sight: Sight) -> list[Shown]:
    """Windows that are open, the next first, or past, the last first."""
    found = windows.find(windows.state(which, now), sight=sight)
    order = (ORDERS[which], maintenance_windows.c.sequence_number)
    return shown(conn, conn.execute(found.order_by(*order).limit(MOST)).all(), now, sight)


def shown(conn: Connection, rows: Sequence[Row[Any]], now: datetime, sight: Sight) -> list[Shown]:
    """These windows."""
    own = windows.services_of(conn, {id for row in rows for id in row.service_ids}, sight)
    by = names.people(conn, {row.created_by for row in rows})
    return [
        Shown(row, [own[id] for id in row.service_ids if id in own], by.get(row.created_by, ""), _state(row, now))
        for row in rows
    ]


def _state(row: Row[Any], now: datetime) -> str:
    if row.end_time <= now:
        return "past"
    return "ongoing" if row.start_time <= now else "future"


def of_service(conn: Connection, service_id: str, now: datetime) -> Sequence[Row[Any]]:
    """A service's windows that are not over, the next first."""
    found = windows.find(windows.state("open", now), service_ids=[service_id])
    return conn.execute(found.order_by(maintenance_windows.c.start_time).limit(10)).all()


def held(conn: Connection, service_id: str) -> tuple[Sequence[Any], int]:
    """The alerts that a service holds back, oldest first, and how many there are in all."""
    a = alerts.c
    mine = (a.service_id == service_id) & (a.status == "triggered") & a.held_by.is_not(None)
    query = select(a.id, a.summary, a.severity, a.created_at, a.held_until, a.held_why).where(mine)
    found = conn.execute(query.order_by(a.created_at, a.id).limit(SHOWN_HELD)).all()
    return found, conn.scalar(select(func.count()).select_from(alerts).where(mine)) or 0


def choosable(conn: Connection, sight: Sight) -> list[tuple[str, str]]:
    """(id, name) of the living services that are seen, by name."""
    s = services.c
    query = select(s.id, s.name).where(s.deleted_at.is_(None), seen(sight)).order_by(func.lower(s.name), s.id)
    return [(row.id, row.name) for row in conn.execute(query)]
