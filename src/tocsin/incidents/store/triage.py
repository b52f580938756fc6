"""Incidents that may tell something about another one. Each query reads a bounded number of rows by an index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select, union

from tocsin.incidents.logic.likeness import ALIKE, likeness, mask
from tocsin.incidents.store.queries import seen
from tocsin.incidents.store.tables import incidents
from tocsin.rest.permissions import Sight

PAST, NEAR, MONTH = timedelta(days=183), timedelta(hours=1), timedelta(days=30)
MOST_PAST, MOST_NEAR, MOST_COUNTED, MOST_RELATED = 2000, 1000, 5000, 20
Service = tuple[str, str]
"""(service or business_service, id)."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a service depends on, and what depends on it, one step away."""

    supporting: tuple[Service, ...] = ()
    dependent: tuple[Service, ...] = ()

    @property
    def technical(self) -> tuple[str, ...]:
        """Those of them that have incidents."""
        return tuple(dict.fromkeys(id for kind, id in (*self.supporting, *self.dependent) if kind == "service"))


def neighbours_of(fact: Mapping[str, Any]) -> Neighbours:
    """From what the port `service_dependencies` tells of a service: {"supporting": [(type, id)], "dependent": […]}."""
    return Neighbours(tuple(map(tuple, fact.get("supporting", ()))), tuple(map(tuple, fact.get("dependent", ()))))


@dataclass(frozen=True, slots=True)
class Related:
    """An incident on another service, and why it is thought to be related."""

    row: Row[Any]
    alike: bool
    dependency: str | None  # supporting | dependent


def _brief(*conditions: Any) -> Select[Any]:
    i = incidents.c
    return select(i.id, i.number, i.service_id, i.title, i.status, i.created_at).where(*conditions)


def past(
    conn: Connection, incident: Any, now: datetime, sight: Sight, most: int = MOST_PAST
) -> list[tuple[Row[Any], float]]:
    """The service's other incidents of half a year with their scores, the likest first and of those the newest.

    Of more than `most`, the newest are looked at.
    """
    i = incidents.c
    mine = (i.service_id == incident.service_id, i.created_at > now - PAST, i.id != incident.id, seen(sight))
    rows = conn.execute(_brief(*mine).order_by(i.created_at.desc()).limit(most)).all()
    masked = mask(incident.title)
    scored = [(row, likeness(masked, mask(row.title))) for row in rows]
    return sorted(scored, key=lambda one: (-one[1], -one[0].created_at.timestamp(), one[0].id))


def related(conn: Connection, incident: Any, near: Neighbours, sight: Sight) -> list[Related]:
    """The newest incidents on other services within an hour whose titles are alike, or whose services are connected."""
    rows = conn.execute(_nearby(incident, near, sight)).all()
    masked = mask(incident.title)
    found = [
        Related(row, likeness(masked, mask(row.title)) >= ALIKE, _dependency(row.service_id, near)) for row in rows
    ]
    return [one for one in found if one.alike or one.dependency][:MOST_RELATED]


def _nearby(incident: Any, near: Neighbours, sight: Sight) -> Select[Any]:
    i, at = incidents.c, incident.created_at
    other = (i.service_id != incident.service_id, i.created_at >= at - NEAR, i.created_at <= at + NEAR, seen(sight))
    within = _brief(*other).order_by(i.created_at.desc()).limit(MOST_NEAR)
    connected = _brief(i.service_id.in_(near.technical), or_(*_meanwhile(incident)), seen(sight))
    both = union(
        within.subquery().select(), connected.order_by(i.created_at.desc()).limit(MOST_NEAR).subquery().select()
    )
    rows = (both if near.technical else within).subquery()
    return select(rows).order_by(rows.c.created_at.desc(), rows.c.id)


def _meanwhile(incident: Any) -> Iterable[Any]:
    i, at = incidents.c, incident.created_at
    yield (i.created_at >= at - NEAR) & (i.created_at <= at + NEAR)
    if incident.status != "resolved":
        yield i.status != "resolved"


def _dependency(service_id: str, near: Neighbours) -> str | None:
    if ("service", service_id) in near.supporting:
        return "supporting"
    return "dependent" if ("service", service_id) in near.dependent else None


def titles(conn: Connection, incident: Any, since: datetime, until: datetime) -> Sequence[str]:
    """Titles of the service's other incidents in a window, the newest first."""
    i = incidents.c
    mine = (i.service_id == incident.service_id, i.created_at >= since, i.created_at <= until, i.id != incident.id)
    return conn.scalars(select(i.title).where(*mine).order_by(i.created_at.desc()).limit(MOST_COUNTED)).all()
