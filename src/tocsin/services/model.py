"""A service as events and incidents need it (core:C1, core:U1-U9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """A service's settings. Time-outs in seconds; None is off (core:P51, core:P53)."""

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
    maintenance_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """One way into a service; its key routes events (core:C11, core:C12)."""

    id: str
    service_id: str
    name: str
    key: str
    type: str
