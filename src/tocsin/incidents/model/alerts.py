"""Alerts (core:I1, core:E40)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SEVERITIES = ("info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class Alert:
    """One problem as its source names it: `(integration, dedup_key)` while it is triggered (core:E40, core:I1).

    `held_why` says why it has no incident; `held_by` what holds it (`services.model.Hold`), until `held_until`.
    """

    id: str
    service_id: str
    integration_id: str | None
    dedup_key: str
    summary: str
    severity: str
    status: str
    body: Mapping[str, Any]
    first_event_id: str
    last_event_id: str
    created_at: datetime
    updated_at: datetime
    incident_id: str | None = None
    suppressed: bool = False
    held_by: str | None = None
    held_until: datetime | None = None
    held_why: str | None = None
    event_count: int = 1
    resolved_at: datetime | None = None
    first_trigger_log_entry_id: str | None = None


def worse(one: str, other: str) -> str:
    """The worse of two severities; what is unknown counts as worst (core:E42, core:E53)."""
    rank = {name: n for n, name in enumerate(SEVERITIES)}
    return one if rank.get(one, len(rank)) > rank.get(other, len(rank)) else other
