"""Version 3: the envelope and the kinds of `data` (core:H4, core:G-81).

1. Incident data differs from the REST API's: `number`, `assignees`, no counts and no log entries.
2. What happened by itself has no agent; what an event or a service did has the service.
3. Every string that people may write at length is cut where the payload would get too big, and says so (`trimmed`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.incidents.wire import incidents as incident_wire
from tocsin.incidents.wire import refs
from tocsin.rest.objects import Ref, Thing
from tocsin.webhooks.model import PING
from tocsin.webhooks.wire.told import Told, instant

BRIEF = 10_000
HELLO = "Hello from Tocsin! If you can read this, webhooks arrive here."
Data = Callable[[Told, bool], Any]


def envelope(told: Told, brief: bool = False) -> dict[str, Any]:
    """The event as it is sent."""
    agent = _agent(told)
    return _event(
        told.event_id, told.line.event, instant(told.entry.at), agent, _client(told), DATA[told.line.data](told, brief)
    )


def _event(id: str, type: str, at: str, agent: Any, client: Any, data: Any) -> dict[str, Any]:
    return {
        "event": {
            "id": id, "event_type": type, "resource_type": type.partition(".")[0], "occurred_at": at, "agent": agent,
            "client": client, "data": data,
        }
    }  # fmt: skip


def ping(event_id: str, at: Any) -> dict[str, Any]:
    """The test event."""
    return _event(event_id, PING, instant(at), None, None, {"message": HELLO, "type": "ping"})


def _agent(told: Told) -> Ref | None:
    entry = told.entry
    if entry.actor_kind == "user" and entry.actor_id:
        return Ref("user", entry.actor_id, entry.actor_name)
    if entry.actor_kind in ("integration", "service"):
        return refs.service_ref(told.incident.service_id, told.around)
    return None


def _client(told: Told) -> dict[str, Any] | None:
    alert = told.alerts.get(told.entry.alert_id or "")
    cef = (alert.body.get("cef_details") or {}) if alert is not None else {}
    return {"name": cef["client"]} if cef.get("client") else None


def incident(told: Told, brief: bool = False) -> Thing:
    """The incident as it stood."""
    row, around = told.incident, told.around
    priority = around.priorities.get(row.priority_id or "")
    bridge = row.conference_bridge
    fields = {
        "number": row.number, "status": row.status, "incident_key": row.incident_key, "created_at": row.created_at,
        "title": row.title, "incident_type": {"name": row.incident_type},
        "service": refs.service_ref(row.service_id, around),
        "assignees": [refs.user_ref(one["user_id"], around) for one in row.assignments],
        "escalation_policy": refs.policy_ref(row.policy_id, around), "teams": refs.team_refs(row.policy_id, around),
        "priority": incident_wire.priority(priority).ref() if priority else None, "urgency": row.urgency,
        "conference_bridge": bridge and {name: bridge.get(name) for name in ("conference_number", "conference_url")},
        "resolve_reason": incident_wire.resolve_reason(row, around),
        "reopened_at": row.reopened_at,
    }  # fmt: skip
    return Thing("incident", row.id, refs.numbered(row.number, row.title), fields)


def _incident_ref(told: Told) -> Ref:
    row = told.incident
    return Ref("incident", row.id, refs.numbered(row.number, row.title))


def _cut(text: str, brief: bool) -> tuple[str, bool]:
    return (text[:BRIEF], True) if brief and len(text) > BRIEF else (text, False)


def _note(told: Told, brief: bool) -> dict[str, Any]:
    details = told.entry.details or {}
    content, trimmed = _cut(details.get("content") or "", brief)
    known = {"id": details.get("note_id") or None, "content": content, "trimmed": trimmed}
    return {"type": "incident_note", "incident": _incident_ref(told), **known}


def _status_update(told: Told, brief: bool) -> dict[str, Any]:
    details = told.entry.details or {}
    message, trimmed = _cut(details.get("message") or "", brief)
    known = {"id": details.get("status_update_id"), "message": message, "trimmed": trimmed}
    return {"type": "incident_status_update", "incident": _incident_ref(told), **known}


def _bridge(told: Told, brief: bool) -> dict[str, Any]:
    bridge = (told.entry.after or {}).get("conference_bridge") or {}
    number = bridge.get("conference_number")
    return {
        "type": "incident_conference_bridge", "incident": _incident_ref(told),
        "conference_numbers": [{"label": "", "number": number}] if number else [],
        "conference_url": bridge.get("conference_url"),
    }  # fmt: skip


def _responder(told: Told, brief: bool) -> dict[str, Any]:
    """Who was asked or has answered; where several were asked at once, the first of them (the others are paged too)."""
    details = told.entry.details or {}
    person = told.entry.user_id or next(iter(told.entry.assignees), None)
    policy = next((one for one in details.get("targets", ()) if one["type"] == "escalation_policy"), None)
    message, _ = _cut(details.get("message") or "", brief)
    return {
        "type": "incident_responder", "incident": _incident_ref(told),
        "user": refs.user_ref(person, told.around) if person else None,
        "escalation_policy": Ref("escalation_policy", policy["id"], policy["name"]) if policy else None,
        "message": message, "state": details.get("state", "pending"),
    }  # fmt: skip


def _field_values(told: Told, brief: bool) -> dict[str, Any]:
    return {
        "type": "incident_field_values", "incident": _incident_ref(told), **_changed(told.entry.after or {}, brief),
    }  # fmt: skip


def _changed(after: Mapping[str, Any], brief: bool) -> dict[str, Any]:
    values = [{"type": "field_value", "name": name, "value": value} for name, value in after.items()]
    return {"custom_fields": [] if brief else values, "changed_custom_fields": list(after)}


DATA: Mapping[str, Data] = {
    "incident": incident,
    "incident_note": _note,
    "incident_conference_bridge": _bridge,
    "incident_status_update": _status_update,
    "incident_responder": _responder,
    "incident_field_values": _field_values,
}


def service_event(event_id: str, type: str, record: Any, service: Any, teams: list[Ref]) -> dict[str, Any]:
    """What happened to a service; `record` is its audit record, `service` its row."""
    agent = Ref("user", record.actor_id, record.actor_name) if record.actor_kind == "user" else None
    own = Ref("service", service.id, service.name)
    if type == "service.custom_field_values.updated":
        values = _changed((record.after or {}).get("custom_fields", {}), brief=False)
        data: Any = {"type": "service_field_values", "service": own, **values}
    else:
        data = Thing("service", service.id, service.name, {"alert_creation": service.alert_creation, "teams": teams})
    return _event(event_id, type, instant(record.at), agent, None, data)


def invocation(event_id: str, type: str, at: Any, agent: Ref | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """A custom action on an incident: `about` is its `id`, `incident`, `action` and `state`."""
    page = about["incident"].page or f"/incidents/{about['incident'].id}"
    thing = Thing(
        "incident_action_invocation", about["id"], None,
        {name: about[name] for name in ("incident", "action", "state")}, f"/tocsin{page}/actions", page,
    )  # fmt: skip
    return _event(event_id, type, instant(at), agent, None, thing)
