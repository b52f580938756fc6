"""A service as events and incidents need it, with the maintenance that is planned (core:C1, core:U1-U9, core:W1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LOOK = "service.look"
"""Kind of the timer by which a service is looked at: does anything still hold its alerts back? (SPINE 11)"""


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: from `start`, inclusive, to `end`, exclusive (core:W1)."""

    id: str
    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a service's alerts open nothing. `by`: "maintenance" until `until`, or "disabled" without an end."""

    by: str
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service's settings. Time-outs in seconds; None is off (core:P51, core:P53).

    `maintenance`: the next of its windows that are not over, earliest first.
    """

    id: str
    name: str
    status: str
    policy_id: str
    acknowledgement_timeout: int | None = None
    auto_resolve_timeout: int | None = None
    urgency_rule: Mapping[str, Any] = field(default_factory=lambda: {"type": "constant", "urgency": "high"})
    support_hours: Mapping[str, Any] | None = None
    scheduled_actions: Sequence[Mapping[str, Any]] = ()
    alert_creation: str = "create_alerts_and_incidents"
    maintenance: Sequence[Window] = ()


@dataclass(frozen=True, slots=True)
class Integration:
    """One way into a service; its key routes events (core:C11, core:C12)."""

    id: str
    service_id: str
    name: str
    key: str
    type: str
