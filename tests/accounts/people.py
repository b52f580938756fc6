"""People that several tests need."""

from typing import Any

from tests.rest_client import RestClient
from tocsin.accounts.commands import keys
from tocsin.core import actor
from tocsin.core.db import Database


def user_body(name: str, /, **more: Any) -> dict[str, Any]:
    """A request body that makes a user."""
    return {"user": {"type": "user", "name": name, "email": f"{name.split()[0].lower()}@example.com", **more}}


def add(client: RestClient, name: str, /, **more: Any) -> dict[str, Any]:
    """A user made over the API."""
    got = client.post("/users", user_body(name, **more))
    assert got.status == 201, got.body
    return dict(got.body["user"])


def key_of(database: Database, user_id: str) -> str:
    """A key of this user."""
    return database.run(lambda tx: keys.issue(tx, actor.system(), user_id, "for a test"))
