"""Schedules made over the API, for several tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.rest_client import RestClient
from tocsin.accounts.commands import users
from tocsin.accounts.wire import UserBody
from tocsin.core import actor, audit
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx, insert_rows
from tocsin.escalation.store.tables import escalation_policies, escalation_rules

DAY = 86_400


def soon(**more: float) -> str:
    """An instant from now on, as clients send it."""
    return stamp(real_now() + timedelta(**more))


def stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def layer(users: Iterable[str], **more: Any) -> dict[str, Any]:
    """A layer of daily turns since yesterday; what is None is left out."""
    began = soon(days=-1)
    body = {"name": "Layer", "start": began, "rotation_virtual_start": began, "rotation_turn_length_seconds": DAY,
            "users": [{"user": {"id": id, "type": "user_reference"}} for id in users], **more}  # fmt: skip
    return {name: value for name, value in body.items() if value is not None}


def body(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request body that makes a schedule."""
    told = {"type": "schedule", "name": "Primary", "time_zone": "UTC", "schedule_layers": list(layers), **more}
    return {"schedule": told}


def add(client: RestClient, *layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A schedule made over the API."""
    got = client.post("/schedules", body(*layers, **more))
    assert got.status == 201, got.body
    return dict(got.body["schedule"])


def override(user: str, start: str, end: str) -> dict[str, Any]:
    return {"start": start, "end": end, "user": {"id": user, "type": "user_reference"}}


def cast(database: Database, *names: str) -> dict[str, str]:
    """People of the account: name -> id."""
    said = names or ("alice", "bob", "carol", "dan")

    def add_all(tx: Tx) -> dict[str, str]:
        return {
            name: users.insert(tx, actor.system(), UserBody(name=name.title(), email=f"{name}@example.com"))
            for name in said
        }

    return database.run(add_all)


def policy(database: Database, *levels: list[tuple[str, str]], name: str = "Policy", id: str = "PPOLICY") -> str:
    """A policy straight into the tables, with levels of (kind, id)."""
    at = real_now()
    row = {"id": id, "name": name, "num_loops": 0, "on_call_handoff_notifications": "always", "created_at": at}
    rules = [
        {"id": f"{id}R{n}", "policy_id": id, "position": n, "delay_minutes": 5, "strategy": "assign_to_everyone",
         "targets": [{"kind": kind, "id": target} for kind, target in level]}
        for n, level in enumerate(levels)
    ]  # fmt: skip
    with database.begin() as tx:
        insert_rows(tx.conn, escalation_policies, [row])
        insert_rows(tx.conn, escalation_rules, rules)
        note_made(tx, id)
    return id


def note_made(tx: Tx, id: str) -> None:
    """The record without which the suite's watch over audited tables objects."""
    audit.record(tx, actor.system(), "create", ("escalation_policy", id, None))
