"""A small account for tests against PostgreSQL: the cast and their service, straight into the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from tocsin.accounts.store.tables import account, contact_methods, notification_rules, users
from tocsin.core import ids
from tocsin.core.db import Database, insert_rows
from tocsin.escalation.store.tables import escalation_policies, escalation_rules
from tocsin.services.store.tables import integrations, services

CAST = ("alice", "bob", "carol", "dan", "eve")
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seeded:
    """Ids of what was made; `people` maps name -> user id."""

    people: dict[str, str]
    policy: str
    service: str
    integration: str
    key: str


def seed(
    database: Database, levels: Sequence[tuple[int, Sequence[str]]] = ((5, ("alice",)), (5, ("bob",))), loops: int = 0
) -> Seeded:
    """An account whose policy has these levels: (delay in minutes, names of people)."""
    with database.begin() as tx:
        people = {name: ids.thing() for name in CAST}
        _people(tx.conn, people)
        policy = add_policy(tx.conn, people, levels, loops)
        service, integration, key = add_service(tx.conn, policy)
    return Seeded(people, policy, service, integration, key)


def _people(conn: Connection, people: dict[str, str]) -> None:
    row = {
        "id": ids.thing(),
        "subdomain": "acme",
        "name": "Acme",
        "region": "us",
        "time_zone": "UTC",
        "created_at": BEGAN,
    }
    insert_rows(conn, account, [row])
    roles = {name: "owner" if name == "eve" else "user" for name in people}
    insert_rows(
        conn,
        users,
        [
            {"id": id, "name": name.title(), "email": f"{name}@example.com", "role": roles[name], "time_zone": "UTC",
             "color": "purple", "created_at": BEGAN}
            for name, id in people.items()
        ],
    )  # fmt: skip
    methods = [
        {"id": ids.thing(), "user_id": id, "type": "email", "address": f"{name}@example.com", "label": "Default",
         "created_at": BEGAN}
        for name, id in people.items()
    ]  # fmt: skip
    insert_rows(conn, contact_methods, methods)
    rules = [
        {"id": ids.thing(), "user_id": m["user_id"], "contact_method_id": m["id"], "urgency": urgency,
         "start_delay_in_minutes": 0, "created_at": BEGAN}
        for m in methods
        for urgency in ("high", "low")
    ]  # fmt: skip
    insert_rows(conn, notification_rules, rules)


def add_policy(
    conn: Connection, people: dict[str, str], levels: Sequence[tuple[int, Sequence[str]]], loops: int
) -> str:
    """A policy with these levels; its id."""
    policy = ids.thing()
    row = {"id": policy, "name": f"Policy {policy}", "num_loops": loops,
           "on_call_handoff_notifications": "if_has_services", "created_at": BEGAN}  # fmt: skip
    insert_rows(conn, escalation_policies, [row])
    insert_rows(
        conn,
        escalation_rules,
        [
            {"id": ids.thing(), "policy_id": policy, "position": n, "delay_minutes": delay,
             "strategy": "assign_to_everyone", "targets": [{"kind": "user", "id": people[name]} for name in names]}
            for n, (delay, names) in enumerate(levels)
        ],
    )  # fmt: skip
    return policy


def add_service(conn: Connection, policy: str, **more: object) -> tuple[str, str, str]:
    """A service on this policy: (its id, its integration's id, the routing key)."""
    service, integration, key = ids.thing(), ids.thing(), ids.integration_key()
    row = {"id": service, "name": f"Service {service}", "status": "active", "escalation_policy_id": policy,
           "incident_urgency_rule": {"type": "constant", "urgency": "high"}, "scheduled_actions": [],
           "alert_creation": "create_alerts_and_incidents", "created_at": BEGAN, **more}  # fmt: skip
    insert_rows(conn, services, [row])
    way_in = {"id": integration, "service_id": service, "name": "Events API v2",
              "type": "events_api_v2_inbound_integration", "integration_key": key, "config": {},
              "created_at": BEGAN}  # fmt: skip
    insert_rows(conn, integrations, [way_in])
    return service, integration, key
