"""What a decision wants done (SPINE 3, SPINE 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.core.actor import Actor
from tocsin.escalation.model import Queue
from tocsin.incidents.model.incident import Incident, TimerKind, Urgency


@dataclass(frozen=True, slots=True)
class Log:
    """A line of the ledger, to be given its id and seq when saved (SPINE 4)."""

    type: str
    by: Actor
    cause: str
    reason: str
    level: int | None = None
    user_id: str | None = None
    assignees: tuple[str, ...] = ()
    alert_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Have `kind` happen at `at`; replaces what was set."""

    kind: TimerKind
    at: datetime


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """`kind` shall not happen any more."""

    kind: TimerKind


@dataclass(frozen=True, slots=True)
class Page:
    """Start this person's notification rules (core:N21). `kind` is page, re-page or request (of `request_id`).

    `goes_on`: the climb came back to somebody or pages again, so rules that have not fired yet stay (core:P24);
    otherwise this is a new assignment that takes the place of an older one's rules (core:N22).
    """

    user_id: str
    level: int | None
    urgency: Urgency
    why: str
    kind: str = "page"
    goes_on: bool = False
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Tell this person something that needs no answer."""

    user_id: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class MoveRing:
    """The round robin went on."""

    ring: tuple[str, str]
    queue: Queue


@dataclass(frozen=True, slots=True)
class ResolveAlerts:
    """All its open alerts are over too (core:I20)."""


Effect = Log | SetTimer | ClearTimer | Page | Notice | MoveRing | ResolveAlerts
Decision = tuple[Incident, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """The event is not possible in this state; nothing has changed. `code` is core:I132's."""

    code: int
    error: str
