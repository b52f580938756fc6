"""What payloads are made from: an event of an incident with everything that it refers to, and how big they may be.

Up to `GUARANTEED` bytes go as they are; above that, details are left out; what is still over `MOST` is not sent
(core:H10).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.incidents.store.queries import Around
from tocsin.rest.objects import Links, render
from tocsin.webhooks.logic.events import Line
from tocsin.webhooks.model import Entry

GUARANTEED = 55 * 1024
MOST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its entry, the line that means it, the incident as it stood, and what is around it.

    `entry_row` is the log entry itself, `alerts` are rows by id.
    """

    event_id: str
    line: Line
    entry: Entry
    incident: Any
    around: Around
    alerts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def services(self) -> tuple[str, ...]:
        """The service that the incident is on, and the one that it came from."""
        before = (self.entry.before or {}).get("service_id")
        return (self.incident.service_id, before) if before else (self.incident.service_id,)

    @property
    def teams(self) -> tuple[str, ...]:
        """The team of its policy."""
        policy = self.around.policies.get(self.incident.policy_id or "")
        return (policy.team_id,) if policy is not None and policy.team_id else ()


def instant(at: datetime) -> str:
    """An instant to the millisecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def fitted(make: Callable[[bool], Any], links: Links) -> str | None:
    """The payload as text; `make(True)` makes it without details. None: too big all the same."""
    for brief, most in ((False, GUARANTEED), (True, MOST)):
        body = msgspec.json.encode(render(make(brief), links))
        if len(body) <= most:
            return body.decode()
    return None
