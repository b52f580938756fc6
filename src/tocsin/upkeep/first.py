"""The first start: the owner, and the data that every fresh account has.

1. Everything is made in one transaction: an install has all of it or nothing.
2. What is secret is returned once; only hashes are stored.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tocsin.accounts import passwords
from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.accounts.store import people
from tocsin.core import actor
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict
from tocsin.escalation import commands as policies
from tocsin.escalation.wire import PolicyBody
from tocsin.incidents.store.priorities import first_priorities
from tocsin.rest.body import read
from tocsin.schedules import commands as schedules
from tocsin.schedules.wire import ScheduleBody
from tocsin.services import commands as services
from tocsin.services.store.tables import integrations
from tocsin.services.wire import IntegrationBody, ServiceBody

NOT_EMPTY = "this install has an account already; bootstrap is for an empty one (sign in, or use another database)"


@dataclass(frozen=True, slots=True)
class Owner:
    """What the first start made; password and keys are seen this once."""

    user_id: str
    email: str
    password: str
    api_key: str
    user_api_key: str


def found(tx: Tx, email: str, name: str | None) -> Owner:
    """The account with its owner and first data; `Conflict` on an install that has one."""
    if people.the_account(tx.conn):
        raise Conflict(NOT_EMPTY)
    password = secrets.token_urlsafe(15)
    made = bootstrap(tx, email, name or email.partition("@")[0], passwords.hashed(password))
    first_data(tx, made.user_id)
    return Owner(made.user_id, email, password, made.api_key, made.user_api_key)


def first_data(tx: Tx, owner_id: str) -> None:
    """What every fresh account has besides its owner."""
    for make in FIRST:
        make(tx, actor.system(), owner_id)


def default_policy(tx: Tx, who: Actor, owner_id: str) -> None:
    """The escalation policy `Default`: one level, the owner."""
    rule = {"escalation_delay_in_minutes": 30, "targets": [{"id": owner_id, "type": "user_reference"}]}
    policies.add(tx, who, read(PolicyBody, {"name": "Default", "escalation_rules": [rule]}), lambda _, __: ())


#: Later packages add theirs here.
FIRST: tuple[Callable[[Tx, Actor, str], None], ...] = (default_policy, lambda tx, _, __: first_priorities(tx.conn))


def starter_service(tx: Tx, owner_id: str) -> Mapping[str, str]:
    """A schedule, a policy on it and a service that takes Events v2: `service_id`, `integration_key`."""
    who = actor.system()
    policy_id = _starter_policy(tx, who, owner_id, _starter_schedule(tx, who, owner_id))
    pointer = {"id": policy_id, "type": "escalation_policy_reference"}
    service_id = services.add(tx, who, read(ServiceBody, {"name": "Starter service", "escalation_policy": pointer}))
    way_in = {"type": "events_api_v2_inbound_integration", "name": "Events API v2"}
    integration_id = services.add_integration(tx, who, service_id, read(IntegrationBody, way_in))
    row = services.get_integration(tx.conn, service_id, integration_id)
    return {"service_id": service_id, "integration_key": row._mapping[integrations.c.integration_key]}


def _starter_schedule(tx: Tx, who: Actor, owner_id: str) -> str:
    start = tx.now.replace(microsecond=0).isoformat()
    layer = {
        "name": "Weekly", "start": start, "rotation_virtual_start": start, "rotation_turn_length_seconds": 7 * 86_400,
        "users": [{"user": {"id": owner_id, "type": "user_reference"}}],
    }  # fmt: skip
    body = {"name": "Starter schedule", "time_zone": "UTC", "schedule_layers": [layer]}
    return schedules.add(tx, who, read(ScheduleBody, body).asked())


def _starter_policy(tx: Tx, who: Actor, owner_id: str, schedule_id: str) -> str:
    targets = [{"id": schedule_id, "type": "schedule_reference"}], [{"id": owner_id, "type": "user_reference"}]
    rules = [{"escalation_delay_in_minutes": 10, "targets": level} for level in targets]
    body = read(PolicyBody, {"name": "Starter policy", "escalation_rules": rules})
    return policies.add(tx, who, body, lambda _, ids: ids)
