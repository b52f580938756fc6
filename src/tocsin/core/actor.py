"""Who acts, and over which way: what a log entry and an audit record say of the doer (core:L2, core:L4, core:A2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class ActorKind(StrEnum):
    """What stands behind an action."""

    USER = "user"
    ACCOUNT_KEY = "account_key"
    APP = "app"
    SERVICE = "service"
    INTEGRATION = "integration"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The doer of one command.

    `channel` is the wire's channel type (api, website, email, timeout, auto …). `role` and `read_only` are what
    permissions read; `scopes` is None for keys that carry none (account and user keys). `teams` are the person's own
    (id -> role on it), `closed` the private teams of others.
    """

    kind: ActorKind
    id: str | None = None
    name: str = ""
    channel: str = "api"
    role: str = "owner"
    read_only: bool = False
    scopes: frozenset[str] | None = None
    teams: Mapping[str, str] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    request_id: str | None = None
    address: str | None = None
    method: str = "other"
    key_tail: str | None = None

    def through(self, channel: str) -> "Actor":
        """The same actor on another channel."""
        return replace(self, channel=channel)

    @property
    def user_id(self) -> str | None:
        """The person who acts, if a person does."""
        return self.id if self.kind is ActorKind.USER else None


def system(channel: str = "auto") -> Actor:
    """Tocsin itself: timers, the auditor, set-up."""
    return Actor(ActorKind.SYSTEM, None, "Tocsin", channel)


def service(service_id: str, name: str, channel: str = "auto") -> Actor:
    """A service acting through a time-out or a rule of its own (core:I26)."""
    return Actor(ActorKind.SERVICE, service_id, name, channel)


def integration(integration_id: str, name: str, channel: str = "api") -> Actor:
    """An integration that sent an event (core:E52)."""
    return Actor(ActorKind.INTEGRATION, integration_id, name, channel)
