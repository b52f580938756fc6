"""How an incident stood when an event happened: the row of now, taken back by its ledger.

A receiver that was away for an hour hears `triggered` with the status triggered, though the incident is resolved by
now. What an incident is called, its priority and the like come from `before` of later entries; status and people from
the entries up to then. The entries of one transaction are one step: an incident is opened *with* its first people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.webhooks.logic.events import reopens
from tocsin.webhooks.model import Entry

FIELDS = ("title", "priority_id", "incident_type", "conference_bridge", "service_id", "urgency")
SETS_FIELDS = ("field_value_change", "urgency_change")
MOVES = ("trigger", "acknowledge", "unacknowledge", "resolve", "assign", "delegate", "escalate")
TELLING = (*MOVES, *SETS_FIELDS)
"""Types of entries that say how an incident stands."""


@dataclass(slots=True)
class _Stand:
    status: str = "triggered"
    people: dict[str, datetime] = field(default_factory=dict)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None


def as_of(history: Sequence[Entry], xid: int) -> Mapping[str, Any]:
    """What differs from the row of now at the end of this transaction; `history` is in order of seq."""
    seq = max(entry.seq for entry in history if entry.xid == xid)
    later = [entry for entry in history if entry.seq > seq and entry.type in TELLING]
    if not later:
        return {}
    fields: dict[str, Any] = {}
    for entry in reversed(later):
        if entry.type in SETS_FIELDS:
            fields |= {name: value for name, value in (entry.before or {}).items() if name in FIELDS}
    return fields | (_stood(history, seq) if any(entry.type != SETS_FIELDS[0] for entry in later) else {})


def _stood(history: Sequence[Entry], seq: int) -> dict[str, Any]:
    stand = _Stand()
    for entry in history:
        if entry.seq <= seq:
            _step(stand, entry)
    over = stand.status == "resolved"
    return {
        "status": stand.status, "resolved_at": stand.resolved_at, "reopened_at": stand.reopened_at,
        "assignments": [{"user_id": id, "at": at.isoformat()} for id, at in stand.people.items()],
        "acknowledgements": stand.acknowledged,
    } | ({} if over else {"resolve_reason": None})  # fmt: skip


def _step(stand: _Stand, entry: Entry) -> None:
    if entry.type == "trigger" and reopens(entry):
        stand.status, stand.resolved_at, stand.reopened_at = (
            (entry.after or {}).get("status", "triggered"),
            None,
            entry.at,
        )
    elif entry.type == "acknowledge":
        _acknowledged(stand, entry)
    elif entry.type == "resolve":
        stand.status, stand.people, stand.acknowledged, stand.resolved_at = "resolved", {}, [], entry.at
    elif entry.type in ("assign", "delegate", "escalate", "unacknowledge"):
        taken = stand.reopened_at == entry.at and stand.status == "acknowledged"  # by the one who reopened it
        stand.status = stand.status if taken else "triggered"
        stand.people = {id: stand.people.get(id, entry.at) for id in entry.assignees}
        stand.acknowledged = []
    elif entry.type == "urgency_change" and (entry.after or {}).get("urgency") == "high":
        stand.status, stand.acknowledged = "triggered", []


def _acknowledged(stand: _Stand, entry: Entry) -> None:
    user = entry.actor_id if entry.actor_kind == "user" else None
    if user is not None:
        stand.people = {user: stand.people.get(user, entry.at)}
    new = {"kind": entry.actor_kind, "id": entry.actor_id or "", "name": entry.actor_name, "at": entry.at.isoformat()}
    stand.acknowledged = [one for one in stand.acknowledged if one["id"] != new["id"]] + [new]
    stand.status = "acknowledged"
