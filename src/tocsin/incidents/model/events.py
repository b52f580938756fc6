"""What can happen to an incident (core:2.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.core.actor import Actor
from tocsin.escalation.model import Snapshot
from tocsin.incidents.model.incident import Status, Urgency
from tocsin.incidents.model.requests import Asks, Request


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to an incident; `by` did it, `cause` is event | timer | request | reply."""

    by: Actor
    cause: str = "request"


@dataclass(frozen=True, slots=True)
class Retriggered(Event):
    """An event repeated an open alert of the incident, or added an alert to it."""

    summary: str = ""
    event_id: str = ""
    alert_id: str = ""
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """Somebody has it."""


@dataclass(frozen=True, slots=True)
class Unacknowledged(Event):
    """Somebody gives it back."""


@dataclass(frozen=True, slots=True)
class AcknowledgementEnded(Event):
    """The acknowledgement's time-out or the snooze is over."""


@dataclass(frozen=True, slots=True)
class Snoozed(Event):
    """Leave it for `seconds`."""

    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Resolved(Event):
    """It is over: by a person, or merged into another."""

    resolution: str | None = None
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class Cleared(Event):
    """Its last open alert was resolved or moved away."""


@dataclass(frozen=True, slots=True)
class AutoResolveDue(Event):
    """Its auto-resolve time is up."""


@dataclass(frozen=True, slots=True)
class EscalationDue(Event):
    """Nobody answered on this level in time."""


@dataclass(frozen=True, slots=True)
class RepageDue(Event):
    """Still nobody has answered: page again (SPINE 11)."""


@dataclass(frozen=True, slots=True)
class ReresolveDue(Event):
    """Look again whether anybody is on call (SPINE 11)."""


@dataclass(frozen=True, slots=True)
class Reassigned(Event):
    """Give it to these people."""

    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegated(Event):
    """Give it to a policy, from its first level on."""

    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class LevelChosen(Event):
    """Escalate to this level (from 0) by hand."""

    level: int = 0


@dataclass(frozen=True, slots=True)
class HandedOver(Event):
    """`leaver` goes for good, `stand_in` takes their place in it; the names are as people read them (core:P62)."""

    leaver: str = ""
    stand_in: str = ""
    leaver_name: str = ""
    stand_in_name: str = ""


@dataclass(frozen=True, slots=True)
class UrgencySet(Event):
    """Its urgency is changed, by a person or by a rule; `urgency_change_at`: when its service raises a low one."""

    urgency: Urgency = Urgency.HIGH
    urgency_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SupportHoursBegan(Event):
    """The service's scheduled action: low becomes high (core:U6). `next_at`: when it comes again."""

    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reopened(Event):
    """A resolved incident is opened again (core:I58); `urgency_change_at`: when a low one is raised."""

    status: Status = Status.TRIGGERED
    snapshot: Snapshot | None = None
    urgency_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edited(Event):
    """Title, priority, type or bridge changed: `changes` maps field -> new value."""

    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldsSet(Event):
    """Values of its custom fields changed: field name -> value, None where there is none."""

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """Somebody wrote a note."""

    note_id: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class StatusUpdated(Event):
    """Somebody told those who want to hear how it stands."""

    update_id: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ImpactMarked(Event):
    """Somebody said that it impacts a business service (or not), whatever is derived; `was`: what was said before."""

    name: str = ""
    relation: str = ""
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Paged(Event):
    """A page was handed to a channel (core:N53)."""

    user_id: str = ""
    level: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class RespondersAsked(Event):
    """Somebody asks for more people; the targets of `request` have asked nobody yet, policies carry their snapshot."""

    request: Request | None = None


@dataclass(frozen=True, slots=True)
class ResponderReplied(Event):
    """`user_id`, who was asked, comes or does not; a refusal may be of one request alone."""

    user_id: str = ""
    joins: bool = True
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestsCancelled(Event):
    """These targets are not needed any more."""

    targets: tuple[tuple[Asks, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RequestDue(Event):
    """Nobody of a policy that was asked has answered in time."""
