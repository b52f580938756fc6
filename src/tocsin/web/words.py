"""The ledger's lines in words: what happened, with which mark, in which tone."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tocsin.web import moments
from tocsin.web.queries.timeline import Entry

CHANNELS = {
    "website": "on this page", "email": "from a mail", "api": "through the API", "auto": "by itself",
    "timeout": "by a timer", "mobile": "on the phone", "sms": "by SMS", "phone": "by phone", "slack": "in Slack",
}  # fmt: skip
METHODS = {"email": "e-mail", "sms": "SMS", "phone": "phone", "push_notification": "push"}
FIELDS = {
    "title": "title",
    "priority_id": "priority",
    "incident_type": "type",
    "conference_bridge": "conference bridge",
    "business_impact": "business impact",
}
STATES = {"success": "Handed over", "delayed": "Delayed", "failed": "Failed"}

ICONS = {
    "trigger": "siren", "assign": "user", "delegate": "user", "escalate": "arrow-up-right", "acknowledge": "check",
    "unacknowledge": "bell-ring", "resolve": "check-check", "snooze": "alarm-clock", "annotate": "message-square",
    "notify": "mail", "repeat_escalation_path": "bell-ring", "exhaust_escalation_path": "triangle-alert",
    "urgency_change": "activity", "field_value_change": "wrench", "custom_field_value_change": "wrench",
    "reach_trigger_limit": "layers",
    "reach_ack_limit": "layers",
    "responder_request": "users", "responder_reply": "user", "status_update": "mail",
}  # fmt: skip
TONES = {
    "trigger": "bad", "unacknowledge": "bad", "exhaust_escalation_path": "bad", "escalate": "warm",
    "repeat_escalation_path": "warm", "acknowledge": "calm", "snooze": "calm", "resolve": "good",
}  # fmt: skip


def names(people: Sequence[str], most: int = 4) -> str:
    """`Alice, Bob and 3 more`."""
    if len(people) > most:
        return f"{', '.join(people[: most - 1])} and {len(people) - most + 1} more"
    return " and ".join(filter(None, (", ".join(people[:-1]), *people[-1:]))) or "nobody"


def icon(entry: Entry) -> str:
    """The mark of a line."""
    return ICONS.get(entry.type, "circle-alert")


def tone(entry: Entry) -> str:
    """Its colour's name; the words say the same without colour."""
    if entry.type == "notify":
        return {"failed": "bad", "delayed": "warm"}.get(str(entry.details.get("status")), "")
    return TONES.get(entry.type, "")


def title(entry: Entry) -> str:
    """What happened, in a few words."""
    return _TITLES.get(entry.type, _other)(entry)


def _by(entry: Entry, verb: str) -> str:
    return f"{entry.actor} {verb}" if entry.actor_kind == "user" else verb.capitalize()


def _escalate(entry: Entry) -> str:
    return f"Escalated to level {entry.level}: {names(entry.people)}"


def _assign(entry: Entry) -> str:
    return f"Assigned to {names(entry.people)}" + (f" at level {entry.level}" if entry.level else "")


def _notify(entry: Entry) -> str:
    way = METHODS.get(str(entry.details.get("type")), str(entry.details.get("type") or ""))
    return f"Paged {entry.user or 'somebody'}" + (f" by {way}" if way else "")


def _trigger(entry: Entry) -> str:
    if entry.reason == "the alert repeats":
        return "The alert came again"
    return _by(entry, "opened the incident") if entry.actor_kind == "user" else "Triggered"


def _resolve(entry: Entry) -> str:
    return _by(entry, "resolved it") if entry.actor_kind == "user" else "Resolved"


def _urgency(entry: Entry) -> str:
    return f"Urgency is {entry.after.get('urgency', 'another')} now"


def _reply(entry: Entry) -> str:
    said = {"joined": "joined", "declined": "declined", "user_cancelled": "took the request back"}
    return _by(entry, said.get(str(entry.details.get("state")), "answered"))


def _fields(entry: Entry) -> str:
    return _by(entry, "changed the " + names([FIELDS.get(name, name) for name in entry.after]))


def _other(entry: Entry) -> str:
    return entry.type.replace("_", " ").capitalize()


_TITLES: dict[str, Callable[[Entry], str]] = {
    "trigger": _trigger,
    "assign": _assign,
    "delegate": lambda entry: f"Handed to another policy: {names(entry.people)}",
    "escalate": _escalate,
    "acknowledge": lambda entry: _by(entry, "acknowledged"),
    "unacknowledge": lambda entry: "Open again",
    "resolve": _resolve,
    "snooze": lambda entry: _by(entry, "snoozed it"),
    "annotate": lambda entry: _by(entry, "noted"),
    "notify": _notify,
    "repeat_escalation_path": lambda entry: "Begun again" if "begins again" in entry.reason else "Paged again",
    "exhaust_escalation_path": lambda entry: "Nobody answered at any level",
    "urgency_change": _urgency,
    "field_value_change": _fields,
    "custom_field_value_change": lambda entry: _by(entry, "set " + names(list(entry.after))),
    "reach_trigger_limit": lambda entry: "Many repeats",
    "responder_request": lambda entry: f"Asked for help: {names(entry.people)}" if entry.people else "Asked for help",
    "responder_reply": _reply,
    "status_update": lambda entry: _by(entry, "published a status update"),
}


SHOWN_ELSEWHERE = ("annotate", "custom_field_value_change", "responder_reply", "status_update")


def reason(entry: Entry) -> str:
    """Why it happened; a note's words and new values stand elsewhere."""
    return "" if entry.type in SHOWN_ELSEWHERE else entry.reason


def way(entry: Entry) -> str:
    """Over which way it came, where that tells something."""
    return CHANNELS.get(entry.channel, f"through {entry.channel}")


def state(entry: Entry) -> str:
    """How a page went."""
    return STATES.get(str(entry.details.get("status")), "") if entry.type == "notify" else ""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 alert`, `2 alerts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def changes(entry: Entry) -> list[tuple[str, str]]:
    """(field, new value) of an edit."""
    if entry.type == "custom_field_value_change":
        return [(name, _said(value)) for name, value in entry.after.items()]
    if entry.type != "field_value_change":
        return []
    return [(FIELDS.get(name, name).capitalize(), str(value)) for name, value in entry.after.items()]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else "nothing" if value is None else str(value)


def json(text: str) -> str:
    """JSON text with line breaks, for reading."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def span(start: datetime, end: datetime) -> str:
    """How long something lasted."""
    return moments.span((end - start).total_seconds())


def before(minutes: int) -> str:
    """How long before something one is told."""
    if minutes == 0:
        return "at that moment"
    number, unit = next((minutes // size, name) for size, name in _SIZES if minutes % size == 0)
    return f"{counted(number, unit)} before"


_SIZES = ((1440, "day"), (60, "hour"), (1, "minute"))


def length(duration: timedelta) -> str:
    """A turn's length."""
    return moments.span(duration.total_seconds())
