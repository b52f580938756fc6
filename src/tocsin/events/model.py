"""An accepted event in the one form that decisions read, whichever API it came by (core:E40-E55, ei:N1, ei:N3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tocsin.escalation.model import Snapshot
from tocsin.services.model import Integration, Service


class Action(StrEnum):
    """What an event asks for."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event. `severity` None: the API carries none. `body` is the alert's body as the wire shows it (core:E55)."""

    id: str
    key: str
    action: Action
    dedup_key: str
    received_at: datetime
    summary: str = ""
    severity: str | None = None
    client: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a routing key leads, as it is now: the service with its policy's snapshot."""

    integration: Integration
    service: Service
    snapshot: Snapshot | None
