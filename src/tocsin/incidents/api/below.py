"""What lies below an incident: alerts and notes; and `/priorities` of the account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts import acting
from tocsin.accounts.store.tables import users
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import by_id
from tocsin.incidents.api import shown
from tocsin.incidents.commands import notes
from tocsin.incidents.commands.alerts import change_alerts
from tocsin.incidents.store import priorities, queries
from tocsin.incidents.store import tables as stored
from tocsin.incidents.wire import alerts as wire
from tocsin.incidents.wire import bodies
from tocsin.incidents.wire.incidents import priority
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission

ALERT_STATUSES = "Status must be a list of triggered or resolved."
ALERT_SORTS = {"created_at": stored.alerts.c.created_at, "resolved_at": stored.alerts.c.resolved_at}
ALERT_INCLUDES = {
    "services": "service", "first_trigger_log_entries": "first_trigger_log_entry", "incidents": "incident",
}  # fmt: skip


def list_alerts(call: Call) -> Page:
    """List an incident's alerts"""
    statuses = shown.among(call, "statuses", ("triggered", "resolved"), ALERT_STATUSES)
    order = shown.sorting(call, ALERT_SORTS, "created_at:asc", 1)
    found = queries.alerts_of(shown.incident_id(call), statuses, call.text("alert_key"))
    return offset_page(call, found.order_by(*order, stored.alerts.c.id), lambda rows: shown.alerts(call, rows))


def _alert(call: Call, incident_id: str) -> Row[Any]:
    row = queries.alert(call.conn, incident_id, call.path["alert_id"])
    if row is None:
        raise NotFound()
    return row


def get_alert(call: Call) -> Thing:
    """Get an alert of an incident"""
    return shown.alerts(call, [_alert(call, shown.incident_id(call))])[0]


def update_alert(call: Call) -> Thing:
    """Resolve an alert, or move it to another incident"""
    actor, id = acting.required(call), shown.incident_id(call)
    row = _alert(call, id)
    change_alerts(call.tx, actor, id, [(row.id, call.read(bodies.AlertChange))])
    return _shown_alerts(call, [row.id])[0]


def update_alerts(call: Call) -> Page:
    """Resolve or move many alerts of an incident, all or none"""
    actor, id = acting.required(call), shown.incident_id(call)
    changes = [(item.id, item) for item in shown.items(call, bodies.AlertChange) if item.id]
    if len({alert_id for alert_id, _ in changes}) < len(changes):
        raise Invalid("Each alert may be given once")
    change_alerts(call.tx, actor, id, changes)
    return shown.changed(_shown_alerts(call, [alert_id for alert_id, _ in changes]))


def _shown_alerts(call: Call, ids: Sequence[str]) -> list[Thing]:
    found = by_id(call.conn, stored.alerts, ids)
    return shown.alerts(call, [found[id] for id in ids])


def _notes(call: Call, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    people = by_id(call.conn, users, {row.user_id for row in rows if row.user_id})
    return [wire.note(row, queries.Around(users=people)) for row in rows]


def list_notes(call: Call) -> Page:
    """List an incident's notes"""
    return all_of(_notes(call, queries.notes_of(call.conn, shown.incident_id(call))))


def create_note(call: Call) -> dict[str, Any]:
    """Write a note on an incident, open or resolved"""
    actor, id = acting.required(call), shown.incident_id(call)
    return _notes(call, [notes.add(call.tx, actor, id, call.read(bodies.NoteBody).content)])[0]


def update_note(call: Call) -> dict[str, Any]:
    """Write a note anew"""
    acting.required(call)
    id, content = shown.incident_id(call), call.read(bodies.NoteBody).content
    return _notes(call, [notes.change(call.tx, id, call.path["note_id"], content)])[0]


def delete_note(call: Call) -> None:
    """Take a note back"""
    notes.remove(call.tx, shown.incident_id(call), call.path["note_id"])


def list_priorities(call: Call) -> Page:
    """List priorities, the most severe first"""
    return offset_page(call, priorities.in_order(), lambda rows: [priority(row) for row in rows])


def load_priorities(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Priorities for `include[]`."""
    return {id: priority(row) for id, row in by_id(call.conn, stored.priorities, ids).items()}


_READ: dict[str, Any] = {"scope": "incidents.read", "permission": Permission.READ}
_WRITE: dict[str, Any] = {"scope": "incidents.write", "permission": Permission.RESPOND}

TABLE = Table(
    (
        *resource(
            "/incidents/{id}/alerts", "alert", "alerts", key="alert_id", scope="incidents",
            permission=Permission.RESPOND, body=bodies.AlertChange, includes=ALERT_INCLUDES, audit="incident",
            list=list_alerts, get=get_alert, update=update_alert,
        ),
        Operation("PUT", "/incidents/{id}/alerts", update_alerts, 200, "alerts", takes="alerts", **_WRITE),
        *resource(
            "/incidents/{id}/notes", "note", "notes", key="note_id", scope="incidents", permission=Permission.RESPOND,
            body=bodies.NoteBody, audit="incident", list=list_notes, update=update_note, delete=delete_note,
        ),
        Operation(
            "POST", "/incidents/{id}/notes", create_note, 200, "note", takes="note", body=bodies.NoteBody, **_WRITE
        ),
        Operation(
            "GET", "/priorities", list_priorities, 200, "priorities", "priorities.read", Permission.READ, sees="all"
        ),
    ),
    {"priority": load_priorities},
)  # fmt: skip
