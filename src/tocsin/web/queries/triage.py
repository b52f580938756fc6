"""What stands beside an incident on its page: the same before, the same elsewhere, and what was changed lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tocsin.events.store import change_events, find_changes
from tocsin.incidents.store import triage
from tocsin.incidents.store.triage import Neighbours
from tocsin.rest.call import Facts
from tocsin.rest.permissions import Sight
from tocsin.web.queries import names

ENOUGH, LOOKED_AT = 60.0, 300
SHOWN = 4
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Beside:
    """`past`: (incident, score); `related`: (incident, its service's name); `changes`: change events."""

    past: tuple[tuple[Any, float], ...]
    related: tuple[tuple[Any, str], ...]
    changes: tuple[Any, ...]


def beside(conn: Connection, incident: Any, now: datetime, sight: Sight, facts: Mapping[str, Facts]) -> Beside:
    """The few of each that tell most."""
    near = _near(conn, incident.service_id, facts)
    likest = triage.past(conn, incident, now, sight, LOOKED_AT)
    related = triage.related(conn, incident, near, sight)[:SHOWN]
    called = names.of_services(conn, {one.row.service_id for one in related})
    return Beside(
        tuple(one for one in likest[:SHOWN] if one[1] >= ENOUGH),
        tuple((one.row, called.get(one.row.service_id, "")) for one in related),
        _changes(conn, incident, now),
    )


def _near(conn: Connection, service_id: str, facts: Mapping[str, Facts]) -> Neighbours:
    known = facts.get("service_dependencies")
    return triage.neighbours_of(known(conn, [service_id]).get(service_id, {})) if known else Neighbours()


def _changes(conn: Connection, incident: Any, now: datetime) -> tuple[Any, ...]:
    at = change_events.c.timestamp
    found = find_changes([incident.service_id]).where(
        at >= incident.created_at - DAY, at <= (incident.resolved_at or now)
    )
    return tuple(conn.execute(found.limit(SHOWN)))
