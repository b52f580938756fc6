"""Things that the resources under test need, made over the API."""

import uuid
from typing import Any

from tests.clients.terraform.api import Api


def unique(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}-{uuid.uuid4().hex[:10]}"


def _made(api: Api, path: str, one: str, body: dict[str, Any]) -> str:
    return str(api.call("POST", path, {one: body}, {one: {"id": str}})[one]["id"])


def user(api: Api) -> str:
    """A user's id."""
    name = unique("user")
    return _made(api, "/users", "user", {"name": name, "email": f"{name}@example.com"})


def team(api: Api) -> str:
    """A team's id."""
    return _made(api, "/teams", "team", {"name": unique("team")})


def policy(api: Api) -> str:
    """An escalation policy's id."""
    rule = {"escalation_delay_in_minutes": 30, "targets": [{"id": user(api), "type": "user_reference"}]}
    return _made(
        api, "/escalation_policies", "escalation_policy", {"name": unique("policy"), "escalation_rules": [rule]}
    )


def service(api: Api) -> str:
    """A service's id."""
    held = {"id": policy(api), "type": "escalation_policy_reference"}
    return _made(api, "/services", "service", {"name": unique("service"), "escalation_policy": held})
