"""An audit record in one sentence."""

from typing import Any

from tocsin.core.actor import ActorKind

VERBS = {"create": "created", "update": "changed", "delete": "deleted"}
MARKS = {"create": "circle-check", "update": "wrench", "delete": "circle-alert"}
TONES = {"create": "good", "update": "calm", "delete": "bad"}
PAGES = {
    "user": "users", "service": "services", "schedule": "schedules", "escalation_policy": "escalation-policies",
    "app": "apps", "business_service": "business-services", "tag": "tags", "team": "teams",
    "incident_type": "settings/incident-types",
}  # fmt: skip
WAYS = {"browser": "in the browser", "oauth": "by an app's token", "identity_provider": "by single sign-on"}


def thing(type: str) -> str:
    """A type as people say it."""
    words = type.removesuffix("_inbound_integration") + (" integration" if type.endswith("_integration") else "")
    return words.replace("_", " ").replace("api key", "API key").replace("oauth", "OAuth")


def verb(row: Any) -> str:
    """What was done: `changed the service`."""
    special = {
        ("session", "create"): "signed in", ("session", "delete"): "ended a session",
        ("sign_in_failure", "create"): f"failed to sign in as{'' if row.resource_name else ' nobody known here'}",
        ("refused_key", "create"): "used a key that had ended:",
    }  # fmt: skip
    return (
        special.get((row.resource_type, row.action))
        or f"{VERBS.get(row.action, row.action)} the {thing(row.resource_type)}"
    )


def named(row: Any) -> bool:
    """Whether the thing's name belongs into the sentence."""
    return row.resource_type != "session" and bool(row.resource_name)


def below(row: Any) -> bool:
    """Whether it belongs to another thing, which the sentence then names."""
    own = (row.root_type, row.root_id) == (row.resource_type, row.resource_id)
    return not own and row.root_type != "account" and row.resource_type != "sign_in_failure"


def way(row: Any) -> str:
    """How it came in."""
    if row.method == "api_token":
        return f"with the key …{row.key_tail}" if row.key_tail else "with a key"
    said = WAYS.get(row.method, "")
    return f"{said} …{row.key_tail}" if said and row.key_tail else said


def page(type: str, id: str) -> str | None:
    """The thing's own page."""
    return f"/app/{PAGES[type]}/{id}" if type in PAGES else None


def actor(row: Any) -> str:
    """Who it was."""
    if row.actor_kind == ActorKind.ACCOUNT_KEY:
        return row.actor_name or "An account key"
    return row.actor_name or "Somebody"
