"""What webhooks are about: entries of the ledger, events, receivers, attempts and how they end.

1. A delivery is one event for one receiver; all deliveries of one event have the same event id.
2. An attempt ends in one of three ways: `Delivered`, `Retry` (worth another try, core:H7) or `Dropped` (for good).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CUSTOM = "incident.custom"
PING = "pagey.ping"

SUBSCRIPTION, EXTENSION = "webhook_subscription", "extension"
"""The two kinds of receivers: v3 and v2."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry as events are made from it. `xid` is that of its transaction."""

    id: str
    incident_id: str
    seq: int
    xid: int
    at: datetime
    type: str
    actor_kind: str = "system"
    actor_id: str | None = None
    actor_name: str = ""
    service_id: str = ""
    alert_id: str | None = None
    user_id: str | None = None
    assignees: Sequence[str] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told what. A subscription has `events` and a filter; an extension has `services`.

    `scope` is account, service or team; `scope_id` its thing.
    """

    id: str
    type: str
    events: frozenset[str] = frozenset()
    scope: str = "account"
    scope_id: str | None = None
    services: frozenset[str] = frozenset()
    schema: str = ""

    def wants(self, event: str, services: Sequence[str], teams: Sequence[str]) -> bool:
        """Whether a subscription is to hear of this event on these services and teams."""
        if event not in self.events:
            return False
        if self.scope == "account":
            return True
        return self.scope_id in (services if self.scope == "service" else teams)


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery as claimed: everything that an attempt needs, and the fence that settling it asks for.

    `secrets` sign it, newest first; `fault`: why it cannot even be tried (a stored secret that does not open).
    """

    endpoint_id: str
    subject: str
    fence: int
    delivery_id: str
    webhook_id: str
    event_type: str
    type: str
    url: str
    body: str
    attempt: int
    first_tried_at: datetime
    headers: Sequence[tuple[str, str]] = ()
    secrets: Sequence[str] = ()
    oauth: "Credentials | None" = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """An OAuth client of the receiver's: what gets a token, and the token that is kept (None: none that counts)."""

    id: str
    client_id: str
    client_secret: str = field(repr=False)
    token_url: str = ""
    scope: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how many seconds it lives."""

    value: str = field(repr=False)
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of an attempt: the status (None: there was none), milliseconds, the beginning of the answer."""

    status: int | None = None
    took: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Retry:
    """It may be taken later. `after`: seconds that the receiver asked for."""

    why: str
    answer: Answer = Answer()
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """Trying again changes nothing."""

    why: str
    answer: Answer = Answer()


Outcome = Delivered | Retry | Dropped
