"""Changing incidents as the wire asks: any number of incidents, any number of members each, all or nothing
(core:I50-I65, core:G-32, core:G-33).

1. Every step of every item goes through one fold: one refusal, and nothing has happened (core:I52).
2. The steps of an item: reopen, plain members, urgency, policy, people, level, then the status (core:I64).
3. An incident reopened for certain people pages these alone: it is taken by the one who reopens it, then given on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.accounts.store.responders import living
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import live
from tocsin.escalation.model import Snapshot
from tocsin.escalation.store.snapshots import current
from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.commands import types
from tocsin.incidents.commands.table import lay
from tocsin.incidents.commands.verbs import raise_refusals
from tocsin.incidents.model import (
    Acknowledged,
    Delegated,
    Edited,
    Event,
    Incident,
    LevelChosen,
    Reassigned,
    Refused,
    Reopened,
    Resolved,
    Status,
    Unacknowledged,
    Urgency,
    UrgencySet,
)
from tocsin.incidents.store import queries
from tocsin.incidents.store.outcome import save_fold
from tocsin.incidents.store.priorities import named
from tocsin.incidents.wire.bodies import Assignment, Change
from tocsin.services.logic import urgency_change_at
from tocsin.services.model import Service
from tocsin.services.store.routes import load_services
from tocsin.services.store.tables import services

STATUSES = "Status must be one of triggered, acknowledged, or resolved."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the items of one call refer to, looked up once.

    By service id: `by_service`, its policy as it is now; `raised_at`, when it will raise what is of low urgency.
    """

    priorities: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, Snapshot] = field(default_factory=dict)
    by_service: Mapping[str, Snapshot] = field(default_factory=dict)
    raised_at: Mapping[str, datetime | None] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


def change(tx: Tx, actor: Actor, items: Sequence[tuple[str, Change]]) -> None:
    """Let all these changes happen in order, or refuse them all."""
    asked = _look_up(tx, items)
    fold = lay(tx, dict.fromkeys(id for id, _ in items), [*asked.policies.values(), *asked.by_service.values()])
    refusals: list[Refused] = []
    for id, item in items:
        for event in steps(fold.incidents[id], item, actor, asked):
            refused = fold.apply(id, event)
            if refused is not None:
                refusals.append(refused)
                break
    raise_refusals(refusals)
    save_fold(tx.conn, fold)


def steps(incident: Incident, item: Change, actor: Actor, asked: Asked) -> list[Event]:
    """What one item lets happen, in order."""
    over = incident.status is Status.RESOLVED
    reopening = over and item.status in (Status.TRIGGERED, Status.ACKNOWLEDGED)
    events: list[Event] = [_reopened(incident, item, actor, asked)] if reopening else []
    if changes := _changes(item, asked):
        events.append(Edited(actor, changes=changes))
    if item.urgency is not None:
        raised_at = asked.raised_at.get(incident.service_id)
        events.append(UrgencySet(actor, urgency=Urgency(item.urgency), urgency_change_at=raised_at))
    if item.escalation_policy is not None and not reopening:
        events.append(Delegated(actor, snapshot=asked.policies[item.escalation_policy.id]))
    if item.assignments is not None and not (reopening and item.status == Status.ACKNOWLEDGED):
        events.append(Reassigned(actor, users=people(item.assignments)))
    if item.escalation_level is not None:
        events.append(LevelChosen(actor, level=item.escalation_level - 1))
    if item.status is not None and not reopening:
        events.append(_status(item, actor))
    return events


def _reopened(incident: Incident, item: Change, actor: Actor, asked: Asked) -> Reopened:
    wanted = item.escalation_policy
    snapshot = asked.policies[wanted.id] if wanted else asked.by_service.get(incident.service_id)
    own = item.status == Status.ACKNOWLEDGED or item.assignments is not None
    status = Status.ACKNOWLEDGED if own else Status.TRIGGERED
    raised_at = asked.raised_at.get(incident.service_id)
    return Reopened(actor, status=status, snapshot=snapshot, urgency_change_at=raised_at)


def _status(item: Change, actor: Actor) -> Event:
    if item.status == Status.ACKNOWLEDGED:
        return Acknowledged(actor)
    if item.status == Status.RESOLVED:
        return Resolved(actor, resolution=item.resolution)
    return Unacknowledged(actor)


def _changes(item: Change, asked: Asked) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if item.title is not None:
        changes["title"] = item.title
    if item.gives("priority"):
        name = priority_name(item.priority)
        changes["priority_id"] = asked.priorities[name] if name else None
    if item.incident_type is not None:
        changes["incident_type"] = asked.types[item.incident_type.said]
    if item.gives("conference_bridge"):
        changes["conference_bridge"] = item.conference_bridge and item.conference_bridge.model_dump()
    if item.service is not None:
        changes["service_id"] = item.service.id
    return changes


def people(assignments: Iterable[Assignment]) -> tuple[str, ...]:
    """The people meant, once each."""
    return tuple(dict.fromkeys(one.assignee.id for one in assignments))


def _look_up(tx: Tx, items: Sequence[tuple[str, Change]]) -> Asked:
    given = [item for _, item in items]
    for item in given:
        _check(item)
    check_people(tx, [user for item in given for user in people(item.assignments or ())])
    check_services(tx, [item.service.id for item in given if item.service])
    found = _services_of(tx, items)
    return Asked(
        priorities_of(tx, [item.priority for item in given]),
        policies_of(tx, [item.escalation_policy.id for item in given if item.escalation_policy]),
        _by_service(tx, found),
        {id: urgency_change_at(service, Urgency.LOW, tx.now) for id, service in found.items()},
        types.chosen(tx.conn, [item.incident_type.said for item in given if item.incident_type]),
    )


def _check(item: Change) -> None:
    if item.status is not None and item.status not in list(Status):
        raise Invalid(STATUSES, code=1003)
    if item.assignments is not None and item.escalation_policy is not None:
        raise Invalid("assignments and escalation_policy cannot be given together")


def check_people(tx: Tx, users: Sequence[str]) -> None:
    """`Invalid` unless all of these are people of the account (core:I62)."""
    known = living(tx.conn, users)
    if missing := [user for user in dict.fromkeys(users) if user not in known]:
        raise Invalid([f"Assignee {user} not found" for user in missing], code=1007)


def check_services(tx: Tx, ids: Sequence[str]) -> None:
    """`Invalid` unless all of these are living services."""
    if missing := [id for id in ids if live(tx.conn, services, id) is None]:
        raise Invalid([f"Service {id} not found" for id in missing])


def priority_name(given: Any) -> str | None:
    """The id or name that a priority was given by; None for null."""
    if isinstance(given, Mapping):
        given = given.get("id") or given.get("name") or ""
    if given is not None and not (isinstance(given, str) and given.strip()):
        raise Invalid("Priority not found", code=1020)
    return given.strip() if given is not None else None


def priorities_of(tx: Tx, given: Iterable[Any]) -> Mapping[str, str]:
    """Priorities as given -> their ids; `Invalid` when one is unknown (core:I54)."""
    wanted = [name for one in given if (name := priority_name(one)) is not None]
    known = named(tx.conn, wanted)
    if missing := [name for name in dict.fromkeys(wanted) if name not in known]:
        raise Invalid([f"Priority {name} not found" for name in missing], code=1020)
    return known


def policies_of(tx: Tx, ids: Sequence[str]) -> dict[str, Snapshot]:
    """These policies as they are now; `Invalid` when one does not exist."""
    wanted = list(dict.fromkeys(ids))
    if missing := [id for id in wanted if live(tx.conn, escalation_policies, id) is None]:
        raise Invalid([f"Escalation Policy {id} not found" for id in missing], code=1014)
    return current(tx.conn, wanted)


def _services_of(tx: Tx, items: Sequence[tuple[str, Change]]) -> dict[str, Service]:
    """The services whose rules the items need: of those reopened, and of those made low."""
    wanted = [id for id, item in items if item.status in (Status.TRIGGERED, Status.ACKNOWLEDGED) or item.urgency]
    return load_services(tx.conn, {row.service_id for row in queries.by_ids(tx.conn, wanted)})


def _by_service(tx: Tx, found: Mapping[str, Service]) -> dict[str, Snapshot]:
    policies = current(tx.conn, {service.policy_id for service in found.values()})
    return {service.id: policies[service.policy_id] for service in found.values() if service.policy_id in policies}
