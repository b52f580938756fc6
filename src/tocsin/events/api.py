"""`/change_events` and those of one service (core:E63)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select

from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import live
from tocsin.events.store import change_events, find_changes, of_teams, seen
from tocsin.events.wire import change_event
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services.store.tables import services


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
    row = call.conn.execute(find_changes().where(change_events.c.id == call.id)).one_or_none()
    if row is None:
        raise NotFound()
    return change_event(row)


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
        Operation("GET", "/change_events/{id}", get_change, 200, "change_event", **_READ),
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
)
