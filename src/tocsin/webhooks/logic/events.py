"""Which events a log entry or a service's audit record means: one table (core:H5, core:H13, core:H14).

1. What a subscription may name is `EVENT_TYPES`; what has no cause here yet is accepted and never sent.
2. A line says the event, the kind of its `data`, and when the entry means it. `fresh` tells that the incident was
   opened or reopened in the same transaction: its first people are no reassignment.
3. Another package that writes a new type of entry adds a line here, and a maker of its data in `wire/v3.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.webhooks.model import Entry

When = Callable[[Entry, bool], bool]

_INCIDENT = (
    "acknowledged", "action_invocation.created", "action_invocation.terminated", "action_invocation.updated",
    "annotated", "conference_bridge.updated", "custom_field_values.updated", "delegated", "escalated",
    "incident_type.changed", "priority_updated", "reassigned", "reopened", "resolved", "responder.added",
    "responder.replied", "role.assigned", "service_updated", "status_update_published", "task.completed",
    "task.created", "task.updated", "triggered", "unacknowledged", "workflow.completed", "workflow.started",
)  # fmt: skip
_SERVICE = ("created", "custom_field_values.updated", "deleted", "updated")
EVENT_TYPES: tuple[str, ...] = (
    *(f"incident.{name}" for name in _INCIDENT), *(f"service.{name}" for name in _SERVICE), "pagey.ping",
)  # fmt: skip


def _always(entry: Entry, fresh: bool) -> bool:
    return True


def _later(entry: Entry, fresh: bool) -> bool:
    return not fresh


def _opens(entry: Entry, fresh: bool) -> bool:
    return entry.seq == 1


def reopens(entry: Entry, fresh: bool = False) -> bool:
    """Whether a trigger is no alert's, but somebody opening a resolved incident again."""
    return entry.seq > 1 and entry.alert_id is None


def _sets(name: str) -> When:
    return lambda entry, fresh: name in (entry.after or {})


@dataclass(frozen=True, slots=True)
class Line:
    """An event, the kind of its data, and when an entry means it."""

    event: str
    data: str = "incident"
    when: When = _always


LINES: Mapping[str, Sequence[Line]] = {
    "trigger": (Line("incident.triggered", when=_opens), Line("incident.reopened", when=reopens)),
    "acknowledge": (Line("incident.acknowledged"),),
    "unacknowledge": (Line("incident.unacknowledged"),),
    "resolve": (Line("incident.resolved"),),
    "assign": (Line("incident.reassigned", when=_later),),
    "delegate": (Line("incident.delegated", when=_later),),
    "escalate": (Line("incident.escalated", when=_later),),
    "annotate": (Line("incident.annotated", "incident_note"),),
    "field_value_change": (
        Line("incident.priority_updated", when=_sets("priority_id")),
        Line("incident.conference_bridge.updated", "incident_conference_bridge", _sets("conference_bridge")),
        Line("incident.service_updated", when=_sets("service_id")),
        Line("incident.incident_type.changed", when=_sets("incident_type")),
    ),
    "custom_field_value_change": (Line("incident.custom_field_values.updated", "incident_field_values"),),
    "status_update": (Line("incident.status_update_published", "incident_status_update"),),
    "responder_request": (Line("incident.responder.added", "incident_responder"),),
    "responder_reply": (Line("incident.responder.replied", "incident_responder"),),
}

#: (type of the audited thing, action) -> event, kind of its data
RECORDS: Mapping[tuple[str, str], Line] = {
    ("service", "create"): Line("service.created", "service"),
    ("service", "update"): Line("service.updated", "service"),
    ("service", "delete"): Line("service.deleted", "service"),
}
_VALUES = Line("service.custom_field_values.updated", "service_field_values")


def of_record(type: str, action: str, after: Mapping[str, Any] | None) -> Line | None:
    """The event that an audit record means; values of custom fields are an event of their own."""
    return _VALUES if type == "service" and set(after or ()) == {"custom_fields"} else RECORDS.get((type, action))


#: v3 event -> what version 2 calls it (core:H14)
V2: Mapping[str, str] = {
    "incident.triggered": "incident.trigger", "incident.reopened": "incident.trigger",
    "incident.acknowledged": "incident.acknowledge", "incident.unacknowledged": "incident.unacknowledge",
    "incident.resolved": "incident.resolve", "incident.reassigned": "incident.assign",
    "incident.escalated": "incident.escalate", "incident.delegated": "incident.delegate",
    "incident.annotated": "incident.annotate",
}  # fmt: skip


def meant(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Line]]:
    """The events of one incident's entries (in order of seq), in order."""
    opened: set[int] = set()
    for entry in entries:
        if entry.type == "trigger" and (_opens(entry, False) or reopens(entry)):
            opened.add(entry.xid)
        for line in LINES.get(entry.type, ()):
            if line.when(entry, entry.xid in opened):
                yield entry, line
