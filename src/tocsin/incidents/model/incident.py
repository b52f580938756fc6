"""An incident as decisions see it, and what they may know of the world (core:I2-I9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tocsin.escalation.model import OnCall, Position, Rings, Snapshot
from tocsin.incidents.model.requests import Requests


class Status(StrEnum):
    """Where an incident is."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Urgency(StrEnum):
    """Which of a person's rules apply, and whether the incident climbs (core:U11)."""

    HIGH = "high"
    LOW = "low"


class Via(StrEnum):
    """How the incident got its assignees (core:I2)."""

    POLICY = "escalation_policy"
    DIRECT = "direct_assignment"


class TimerKind(StrEnum):
    """What can be scheduled for an incident."""

    ESCALATE = "incident.escalate"
    UNACKNOWLEDGE = "incident.unacknowledge"
    RESOLVE = "incident.resolve"
    URGENCY = "incident.urgency"
    REPAGE = "incident.re-page"
    RERESOLVE = "incident.re-resolve"
    REQUEST = "incident.request"


class Rest(StrEnum):
    """Why a triggered incident may stay without a next step (SPINE 9: the auditor accepts these alone)."""

    LOW_URGENCY = "low urgency never escalates (core:P28)"
    REPAGE_OFF = "re-paging is switched off in the settings"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One person who has the incident, since when."""

    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One who said so: a person, or a service's integration."""

    kind: str
    id: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """All that decisions need of an incident. `level` counts from 0; `seq` is its last log entry's."""

    id: str
    number: int
    service_id: str
    title: str
    status: Status
    urgency: Urgency
    created_at: datetime
    updated_at: datetime
    last_status_change_at: datetime
    last_logged_at: datetime
    snapshot: Snapshot | None = None
    level: int = 0
    pass_no: int = 0
    assigned_via: Via = Via.POLICY
    assignments: tuple[Assignment, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    acknowledgement_timeout: int | None = None
    auto_resolve_timeout: int | None = None
    snoozed_until: datetime | None = None
    ever_acknowledged: bool = False
    resting: Rest | None = None
    resolve_reason: Mapping[str, Any] | None = None
    last_status_change_by: Mapping[str, Any] | None = None
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None
    incident_key: str | None = None
    priority_id: str | None = None
    incident_type: str = "incident_default"
    body: Mapping[str, Any] | None = None
    conference_bridge: Mapping[str, Any] | None = None
    alerts_all: int = 0
    alerts_triggered: int = 0
    trigger_count: int = 0
    seq: int = 0
    first_trigger_log_entry_id: str | None = None
    requests: Requests = ()

    @property
    def position(self) -> Position:
        """Where it stands in its snapshot."""
        return Position(self.level, self.pass_no)

    @property
    def assignees(self) -> tuple[str, ...]:
        """Ids of those who have it now."""
        return tuple(assignment.user_id for assignment in self.assignments)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision may know of the world at `now`, looked up before it.

    `fallback`: whom to tell when nobody is on call at any level (the team's managers, else the owner; SPINE 11).
    `repage`: how often to page again when nobody answers; None is off.
    """

    oncall: OnCall = field(default_factory=dict)
    rings: Rings = field(default_factory=dict)
    fallback: tuple[str, ...] = ()
    owner: str | None = None
    repage: timedelta | None = timedelta(minutes=30)
    service_name: str = ""
