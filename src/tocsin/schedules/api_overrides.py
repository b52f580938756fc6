"""`/schedules/{id}/overrides` (core:S40-S45, core:G-64).

1. POST takes one override, or a list that is no unit: each item is accepted or refused by itself (core:S41).
2. DELETE answers 204 where the override had not begun, 200 where it ends now, 400 where it is over (core:S44).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from tocsin.core.errors import Invalid
from tocsin.rest.body import read
from tocsin.rest.call import Call
from tocsin.rest.operations import Done, Operation, Table
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission
from tocsin.schedules import commands, wire
from tocsin.schedules.api import window_of
from tocsin.schedules.logic import override_shifts
from tocsin.schedules.model import Cut
from tocsin.schedules.store import finding
from tocsin.schedules.store.loading import load, people_of
from tocsin.schedules.wire import OverrideBody, Teller

MOST = 500


def _teller(call: Call, row: Row[Any], user_ids: Iterable[str]) -> Teller:
    return Teller(finding.names_of(call.conn, user_ids), call.zone or wire.zone_of(row.time_zone))


def list_overrides(call: Call) -> Page:
    """List the overrides in a window; with `editable`, only the ids of those still to come"""
    row = commands.get(call.conn, call.id)
    if not call.text("since") or not call.text("until"):
        raise Invalid("since and until are required", code=2003, message="Missing Arguments")
    window = window_of(call)
    assert window is not None
    schedule = load(call.conn, [row.id], window.since)[row.id]
    shifts = override_shifts(schedule, window.since, window.until, overflow=window.overflow)
    if any(name == "editable" for name, _ in call.pairs):
        to_come = {override.id for override in schedule.overrides if override.start > call.now}
        return all_of([{"id": shift.source} for shift in shifts if shift.source in to_come])
    teller = _teller(call, row, people_of([schedule]))
    return all_of([teller.override(shift.source, shift.user, shift.start, shift.end) for shift in shifts])


def create_overrides(call: Call) -> Any:
    """Let somebody take over for a while: one `override`, or a list of `overrides`"""
    row = commands.get(call.conn, call.id, lock=True)
    one, many = _given(call.body)
    if one is not None:
        return {"override": _add(call, row, one)}
    if not many or len(many) > MOST:
        raise Invalid(f"overrides must be a list of 1 to {MOST}")
    return [_tried(call, row, given) for given in many]


def _given(body: Any) -> tuple[Mapping[str, Any] | None, list[Any]]:
    """The one override, or the list, in any of the forms that clients send."""
    if isinstance(body, Mapping):
        if isinstance(body.get("override"), Mapping):
            return body["override"], []
        body = body.get("overrides")
    if not isinstance(body, list):
        raise Invalid("override or overrides is required")
    return None, body


def _add(call: Call, row: Row[Any], given: Any) -> dict[str, Any]:
    asked = read(OverrideBody, given)
    start, end = (_instant(text, row, name) for text, name in ((asked.start, "start"), (asked.end, "end")))
    new = commands.add_override(call.tx, call.actor, row, asked.user.id, start, end)
    return _teller(call, row, [new.user]).override(new.id, new.user, new.start, new.end)


def _instant(text: str, row: Row[Any], name: str) -> datetime:
    return wire.instant(text, wire.zone_of(row.time_zone), name)


def _tried(call: Call, row: Row[Any], given: Any) -> dict[str, Any]:
    try:
        return {"status": 201, "override": _add(call, row, given)}
    except Invalid as error:
        echoed = {name: value for name, value in given.items() if name != "id"} if isinstance(given, Mapping) else given
        return {"status": error.status, "errors": error.errors, "override": echoed}


def delete_override(call: Call) -> Done:
    """Remove an override that is still to come, or end one that is running"""
    row = commands.get(call.conn, call.id, lock=True)
    cut = commands.drop_override(call.tx, call.actor, row, call.path["override_id"])
    return Done(204 if cut is Cut.REMOVED else 200)


_AT = "/schedules/{id}/overrides"
_WRITES: dict[str, Any] = {"scope": "schedules.write", "permission": Permission.COVER, "audit": "schedule"}

TABLE = Table(
    (
        Operation("GET", _AT, list_overrides, 200, "overrides", "schedules.read", Permission.READ),
        Operation("POST", _AT, create_overrides, 201, None, **_WRITES),
        Operation("DELETE", _AT + "/{override_id}", delete_override, 204, None, **_WRITES),
    )
)
