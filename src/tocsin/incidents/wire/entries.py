"""Log entries on the wire (core:L1-L7, core:N53, core:I81)."""

from typing import Any

from tocsin.incidents.store.queries import Around
from tocsin.incidents.wire import refs
from tocsin.rest import times
from tocsin.rest.objects import Thing

NOTIFICATIONS = {
    "email": "email_notification",
    "phone": "phone_notification",
    "sms": "sms_notification",
    "whatsapp": "sms_notification",
    "push_notification": "push_notification",
}
"""A channel of ours -> its name among notifications (core:N50)."""
_THROUGH = {
    "api": "the API", "email": "e-mail", "website": "the website", "timeout": "a time-out", "sms": "SMS",
    "phone": "a phone call", "mobile": "the mobile app",
}  # fmt: skip
_WORDS = {
    "acknowledge": "Acknowledged", "unacknowledge": "Unacknowledged", "resolve": "Resolved", "snooze": "Snoozed",
    "annotate": "Noted", "urgency_change": "Urgency changed", "field_value_change": "Changed",
    "custom_field_value_change": "Changed",
}  # fmt: skip
_TOLD = {"assign": "Assigned to", "escalate": "Escalated to", "delegate": "Delegated to"}
_OWN: dict[str, str] = {
    "repeat_escalation_path": "Paging begins again",
    "exhaust_escalation_path": "Everybody was tried",
    "reach_trigger_limit": "Further triggers are counted, not listed",
    "reach_ack_limit": "Further acknowledgements are counted, not listed",
}


def summary(row: Any, around: Around | None = None) -> str:
    """The entry in a few words."""
    if row.type == "trigger":
        return f"Triggered through {_THROUGH.get(row.channel, row.channel)}"
    if row.type in _TOLD:
        return f"{_TOLD[row.type]} {_names(row.assignees, around)}"
    if row.type == "notify":
        return f"Notified {_names([row.user_id], around)}"
    if row.type in _OWN:
        return _OWN[row.type]
    if row.type in refs.WIRE:
        return str(row.reason)
    by = f" by {row.actor_name}" if row.actor_kind in ("user", "integration") and row.actor_name else ""
    return f"{_WORDS.get(row.type, row.type)}{by or f' through {_THROUGH.get(row.channel, row.channel)}'}"


def _names(ids: Any, around: Around | None) -> str:
    known = around.users if around else {}
    return ", ".join(known[id].name for id in ids if id in known) or "somebody"


def entry(row: Any, around: Around) -> Thing:
    """A log entry in full."""
    incident = around.incidents.get(row.incident_id or "")
    alert = around.alerts.get(row.alert_id or "")
    fields: dict[str, Any] = {
        "created_at": row.at,
        "agent": refs.agent_ref(row.actor_kind, row.actor_id, row.actor_name, row.service_id, around),
        "channel": _channel(row, alert),
        "note": (row.details or {}).get("note") if row.type == "resolve" else None,
        "contexts": _contexts(alert),
        "service": refs.service_ref(row.service_id, around),
        "incident": refs.incident_ref(row.incident_id, around) if row.incident_id else None,
        "teams": refs.team_refs(incident.policy_id if incident else None, around),
        "event_details": {"description": _described(row)},
    }
    path, page = refs.entry_path(row), refs.entry_page(row)
    return Thing(refs.entry_type(row), row.id, summary(row, around), fields | _more(row, around), path, page)


def _described(row: Any) -> str:
    given = (row.details or {}).get("summary") if row.type == "trigger" else None
    return str(given or row.reason)


def _contexts(alert: Any) -> list[Any]:
    return list((alert.body.get("contexts") or ()) if alert else ())


def _more(row: Any, around: Around) -> dict[str, Any]:
    """Members that single types have beyond the common ones (core:L3)."""
    details = row.details or {}
    match row.type:
        case "acknowledge":
            return {"acknowledgement_timeout": details.get("acknowledgement_timeout")}
        case "assign" | "escalate" | "delegate":
            return {"assignees": [refs.user_ref(id, around) for id in row.assignees]}
        case "notify":
            return {"user": refs.user_ref(row.user_id, around)}
        case "snooze":
            return {"changed_actions": [{"type": "unacknowledge", "at": times.parse(row.after["snoozed_until"])}]}
        case "urgency_change" | "field_value_change" | "custom_field_value_change":
            return {"changeset": [f"Updated {name} to {_text(value)}" for name, value in (row.after or {}).items()]}
    return {}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def channel_type(row: Any) -> str:
    """By which way it came; what a person triggers by hand comes through `web_trigger` or `mobile` (core:L4)."""
    by_hand = row.type == "trigger" and row.actor_kind == "user" and row.alert_id is None
    return "web_trigger" if by_hand and row.channel != "mobile" else str(row.channel)


def _channel(row: Any, alert: Any) -> dict[str, Any]:
    """By which way it came, with what it carried (core:L4, core:L6)."""
    details = row.details or {}
    match row.type:
        case "trigger":
            written = {"details": details["channel_details"]} if "channel_details" in details else {}
            return {"type": channel_type(row), "summary": details.get("summary"), **_carried(alert), **written}
        case "notify":
            told = {name: details.get(name) for name in ("address", "status")}
            kind = NOTIFICATIONS.get(details.get("type") or "")
            return {"type": "auto", "notification": {"type": kind, **told, "conferenceAddress": None}}
        case "snooze":
            return {"type": row.channel, "duration": details.get("duration")}
        case "annotate":
            return {"type": "note", "summary": details.get("content")}
        case "responder_request" | "responder_reply" | "status_update":
            return {"type": "note", "summary": details.get("message") or row.reason}
    return {"type": row.channel}


def _carried(alert: Any) -> dict[str, Any]:
    if alert is None:
        return {}
    cef = alert.body.get("cef_details") or {}
    carried = {
        "incident_key": alert.dedup_key,
        "details": alert.body.get("details"),
        "client": cef.get("client"),
        "client_url": cef.get("client_url"),
        "cef_details": cef,
    }
    return {name: value for name, value in carried.items() if value is not None}
