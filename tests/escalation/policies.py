"""Policies that several tests need."""

from typing import Any

from tests.rest_client import RestClient


def rule(*user_ids: str, delay: int = 30, **more: Any) -> dict[str, Any]:
    """A level with these people."""
    targets = [{"id": id, "type": "user_reference"} for id in user_ids]
    return {"escalation_delay_in_minutes": delay, "targets": targets, **more}


def body(name: str, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request body that makes a policy."""
    return {"escalation_policy": {"type": "escalation_policy", "name": name, "escalation_rules": list(rules), **more}}


def add(client: RestClient, name: str, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A policy made over the API."""
    got = client.post("/escalation_policies", body(name, *rules, **more))
    assert got.status == 201, got.body
    return dict(got.body["escalation_policy"])
