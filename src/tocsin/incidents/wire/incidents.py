"""An incident on the wire (core:I2-I9)."""

from typing import Any

from tocsin.incidents.model import TimerKind
from tocsin.incidents.store.incidents import requests_of
from tocsin.incidents.store.queries import SHOWN_TIMERS, Around
from tocsin.incidents.wire import entries, refs, requests
from tocsin.rest import times
from tocsin.rest.objects import Ref, Thing


def incident(row: Any, around: Around, bridge: bool = True, body: bool = False) -> Thing:
    """An incident in full; its bridge and its body only where asked for (core:I33)."""
    fields = _plain(row) | _referred(row, around)
    if bridge:
        fields["conference_bridge"] = row.conference_bridge
    if body:
        fields["body"] = row.body and {"type": "incident_body", "details": row.body.get("details")}
    return Thing("incident", row.id, refs.numbered(row.number, row.title), fields)


def _plain(row: Any) -> dict[str, Any]:
    open_alerts = row.alerts_triggered
    return {
        "incident_number": row.number,
        "title": row.title,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "status": row.status,
        "incident_key": row.incident_key,
        "assigned_via": row.assigned_via,
        "last_status_change_at": row.last_status_change_at,
        "resolved_at": row.resolved_at,
        "alert_counts": {"all": row.alerts_all, "triggered": open_alerts, "resolved": row.alerts_all - open_alerts},
        "is_mergeable": (row.resolve_reason or {}).get("type") != "merge",
        "incident_type": {"name": row.incident_type},
        "alert_grouping": None,
        "conference_bridge": None,
        "urgency": row.urgency,
    }


def _referred(row: Any, around: Around) -> dict[str, Any]:
    first = around.entries.get(row.first_trigger_log_entry_id or "")
    return {
        "service": refs.service_ref(row.service_id, around),
        "assignments": [
            {"at": _at(one["at"]), "assignee": refs.user_ref(one["user_id"], around)} for one in row.assignments
        ],
        "last_status_change_by": _changed_by(row, around),
        "first_trigger_log_entry": refs.entry_ref(first, entries.summary(first)) if first else None,
        "escalation_policy": refs.policy_ref(row.policy_id, around),
        "teams": refs.team_refs(row.policy_id, around),
        "pending_actions": _pending(row, around),
        "acknowledgements": [
            {"at": _at(one["at"]), "acknowledger": _acknowledger(row, one, around)} for one in row.acknowledgements
        ],
        "priority": _priority(row, around),
        "resolve_reason": resolve_reason(row, around),
        **_requests(row, around),
    }


def _requests(row: Any, around: Around) -> dict[str, Any]:
    asked = requests_of(row.requests) if row.requests else ()
    me = refs.of_incident(row.id, row.number, row.title)
    return {
        "incidents_responders": requests.responders(asked, me, around),
        "responder_requests": [requests.request(one, me, around) for one in asked],
    }


def _at(text: str) -> Any:
    return times.parse(text)


def _changed_by(row: Any, around: Around) -> Ref | None:
    by = row.last_status_change_by
    if by is None:
        return refs.service_ref(row.service_id, around)
    return refs.agent_ref(by["kind"], by["id"], by["name"], row.service_id, around)


def _acknowledger(row: Any, given: Any, around: Around) -> Ref:
    if given["kind"] == "user":
        return refs.user_ref(given["id"], around)
    return refs.service_ref(row.service_id, around)


def _pending(row: Any, around: Around) -> list[dict[str, Any]]:
    due = [timer for timer in around.timers.get(row.id, ()) if timer.kind in SHOWN_TIMERS]
    to = {TimerKind.URGENCY: {"to": "high"}}
    return [
        {"type": SHOWN_TIMERS[TimerKind(timer.kind)], "at": timer.due_at, **to.get(TimerKind(timer.kind), {})}
        for timer in due
    ]


def _priority(row: Any, around: Around) -> Ref | None:
    found = around.priorities.get(row.priority_id or "")
    return priority(found).ref() if found else None


def resolve_reason(row: Any, around: Around) -> dict[str, Any] | None:
    """Why it was resolved, where a merge did it."""
    reason = row.resolve_reason
    if not reason or reason.get("type") != "merge":
        return None
    return {"type": "merge_resolve_reason", "incident": refs.incident_ref(reason["incident_id"], around)}


def priority(row: Any) -> Thing:
    """A priority in full (core:X4)."""
    fields = {"name": row.name, "description": row.description, "color": row.color, "order": row.position}
    return Thing("priority", row.id, row.name, fields, f"/priorities/{row.id}")
