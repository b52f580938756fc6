"""What the OAuth server knows: kinds of apps, the scopes there are, and how long things live.

1. A *classic* app has `read` and `write`; a *scoped* one has a scope for each resource (core:O3, core:Q1, core:Q2).
2. Nothing that lives is endless: a token, the chance to refresh it, and the delegation that both belong to (`window`).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """The two sorts of app."""

    CLASSIC = "classic"
    SCOPED = "scoped"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long an access token lives, a refresh token, and what was allowed at all."""

    access: timedelta
    refresh: timedelta
    window: timedelta


DAY = timedelta(days=1)
#: ei:F1 and the published example settle 864000 s for classic ones (SPINE 12), core:O3 the rest.
LIFETIMES = {
    Kind.CLASSIC: Lifetimes(10 * DAY, 210 * DAY, 3 * 365 * DAY),
    Kind.SCOPED: Lifetimes(DAY, 30 * DAY, 365 * DAY),
}
CODE_LIFE = timedelta(seconds=30)  # core:O2

OPENID = "openid"
CLASSIC_SCOPES = ("read", "write")
#: The document spells one scope in two ways; this is the odd one (core:Q1).
ALIASES = {"incident.read": "incidents.read"}

_BOTH = (
    "addons", "analytics", "change_events", "contextual_data", "custom_fields", "escalation_policies",
    "event_orchestrations", "event_rules", "extensions", "incident_types", "incident_workflows", "incidents",
    "ip_allow_lists", "oauth_delegations", "recommendations", "schedules", "services", "session_configurations",
    "standards", "status_pages", "subscribers", "tags", "teams", "templates", "users", "users:contact_methods",
    "users:sessions", "webhook_subscriptions", "workflow_integrations:connections",
)  # fmt: skip
_READ = (
    "abilities", "audit_records", "extension_schemas", "licenses", "oncalls", "priorities", "status_dashboards",
    "users:notifications", "vendors", "workflow_integrations",
)  # fmt: skip
_WRITE = ("incident_workflows:instances", "sre_agent")

#: Resource -> what one can be allowed to do with it.
RESOURCES: dict[str, tuple[str, ...]] = dict(
    sorted(
        {
            **dict.fromkeys(_BOTH, ("read", "write")),
            **dict.fromkeys(_READ, ("read",)),
            **dict.fromkeys(_WRITE, ("write",)),
        }.items()
    )
)
SCOPES = tuple(f"{name}.{what}" for name, allowed in RESOURCES.items() for what in allowed)


def resource_words(name: str) -> str:
    """`users:contact_methods` as people read it: "Users: contact methods"."""
    words = name.replace("_", " ").replace(":", ": ")
    return words[:1].upper() + words[1:]
