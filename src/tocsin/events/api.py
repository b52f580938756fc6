"""`/change_events`, those of one service, and those that an incident may come from (core:E63, ei:CE2-CE4, ei:T5).

1. Times in a query must be in UTC; what else stands there and is not known is passed over; newest first.
2. A change event that is posted has the form of the Events API, and its routing key says which service it is about.
3. An incident's changes reach from a day before it opened to its end: the latest on its own service is the most recent,
   the others there, and those on services one step away, are related.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select

from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import live
from tocsin.events.commands import changes
from tocsin.events.logic.checking import change_problems
from tocsin.events.store import change_events, find_changes, of_teams, seen
from tocsin.events.wire import ChangeBody, change_event
from tocsin.incidents.api import shown
from tocsin.incidents.api.triage import neighbours
from tocsin.incidents.store import queries
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, limit_of, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services.store.routes import integrations_by_key, live_keys
from tocsin.services.store.tables import services

BEFORE = timedelta(hours=24)


def list_changes(call: Call) -> Page:
    """List change events, newest first"""
    return offset_page(call, _narrowed(call, []), _show)


def list_changes_of_service(call: Call) -> Page:
    """List a service's change events, newest first"""
    if live(call.conn, services, call.id) is None:
        raise NotFound()
    return offset_page(call, _narrowed(call, [call.id]), _show)


def get_change(call: Call) -> Thing:
    """Get a change event"""
    return change_event(_one(call))


def _one(call: Call) -> Row[Any]:
    row = call.conn.execute(find_changes().where(change_events.c.id == call.id)).one_or_none()
    if row is None:
        raise NotFound()
    return row


def create_change(call: Call) -> dict[str, str]:
    """Send a change event, in the form of the Events API with the key of an integration"""
    given = call.body.get("change_event", call.body) if isinstance(call.body, Mapping) else call.body
    if not isinstance(given, Mapping):
        raise Invalid("the body must be an object with routing_key and payload")
    event = dict(given)
    if problems := change_problems(event):
        raise Invalid(problems)
    key = event["routing_key"]
    route = integrations_by_key(call.conn, [key]).get(key)
    if route is None or key not in live_keys(call.conn):
        raise Invalid("Invalid routing key")
    call.demand(Permission.RESPOND, "service", [route.service_id])
    changes.add(call.tx, event, route)
    return {"status": "success", "message": "Change event processed"}


def update_change(call: Call) -> Thing:
    """Change the summary or the details of a change event"""
    row = _one(call)
    changes.edit(call.tx, row, call.read(ChangeBody, over=dict(row._mapping)).model_dump())
    return get_change(call)


def related_changes(call: Call) -> Page:
    """List the change events that an incident may come from, the newest first, each with its reason"""
    incident = queries.by_ids(call.conn, [shown.incident_id(call)])[0]
    limit, near, at = limit_of(call), neighbours(call, incident.service_id), change_events.c.timestamp
    found = find_changes([incident.service_id, *near.technical]).where(
        at >= incident.created_at - BEFORE, at <= (incident.resolved_at or call.now)
    )
    if not call.sight.everything:
        found = found.where(seen(call.sight))
    rows = call.conn.execute(found.limit(limit + 1)).all()
    around = {"limit": limit, "offset": 0, "more": len(rows) > limit, "total": None}
    return Page(reasoned(rows[:limit], incident.service_id), around)


def reasoned(rows: Any, service_id: str) -> list[Thing]:
    """Change events with the reason why they are shown beside an incident of this service."""
    latest = next((row.id for row in rows if row.service_id == service_id), None)
    things = _show(rows)
    for thing in things:
        thing.fields["correlation_reason"] = {"reason": "most_recent" if thing.id == latest else "related_service"}
    return things


def _show(rows: Any) -> list[Thing]:
    return [change_event(row) for row in rows]


def _narrowed(call: Call, service_ids: list[str]) -> Select[Any]:
    since, until, at = _utc(call, "since"), _utc(call, "until"), change_events.c.timestamp
    found = find_changes(service_ids, call.many("integration_ids"))
    if not call.sight.everything and not service_ids:
        found = found.where(seen(call.sight))
    if since is not None:
        found = found.where(at >= since)
    if until is not None:
        found = found.where(at < until)
    team_ids = call.many("team_ids")
    return found.where(of_teams(team_ids)) if team_ids else found


def _utc(call: Call, name: str) -> datetime | None:
    given = call.text(name)
    if given is not None and not given.upper().endswith("Z"):
        raise Invalid(f"{name} must be a time in UTC that ends in Z", code=2004)
    return call.instant(name)


_READ: dict[str, Any] = {"scope": "change_events.read", "permission": Permission.READ}

TABLE = Table(
    (
        Operation("GET", "/change_events", list_changes, 200, "change_events", sees="filtered", **_READ),
        Operation(
            "POST", "/change_events", create_change, 202, None, "change_events.write", Permission.RESPOND, in_body=True
        ),
        Operation("GET", "/change_events/{id}", get_change, 200, "change_event", **_READ),
        Operation(
            "PUT", "/change_events/{id}", update_change, 200, "change_event", "change_events.write",
            Permission.RESPOND, takes="change_event", body=ChangeBody,
        ),
        Operation(
            "GET", "/incidents/{id}/related_change_events", related_changes, 200, "change_events", "incidents.read",
            Permission.READ,
        ),
        Operation(
            "GET",
            "/services/{id}/change_events",
            list_changes_of_service,
            200,
            "change_events",
            "services.read",
            Permission.READ,
        ),
    )
)  # fmt: skip
