"""What people and programs may do to incidents. Every verb takes a list; one incident is a list of one (SPINE 2).

All or nothing: if one event of a call is refused, nothing of the call happens (core:I52). Refusals become
`Invalid` with the codes of core:I132.
"""

from collections.abc import Sequence

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.escalation.model import Snapshot
from tocsin.escalation.store.snapshots import current
from tocsin.incidents.commands.table import lay
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import (
    Acknowledged,
    Edited,
    Event,
    Incident,
    LevelChosen,
    Reassigned,
    Refused,
    Reopened,
    Resolved,
    Snoozed,
    Status,
    Unacknowledged,
)
from tocsin.incidents.store import incidents as incident_store
from tocsin.incidents.store.outcome import save_fold
from tocsin.services.logic import urgency_change_at
from tocsin.services.store.routes import load_services

Step = tuple[str, Event]
"""(incident id, what happens to it)"""


def act(tx: Tx, steps: Sequence[Step], more: Sequence[Snapshot] = ()) -> dict[str, Incident]:
    """Let these things happen in order, all or none; the incidents as they are afterwards."""
    fold = lay(tx, dict.fromkeys(id for id, _ in steps), more)
    play(fold, steps)
    save_fold(tx.conn, fold)
    return fold.incidents


def play(fold: Fold, steps: Sequence[Step]) -> None:
    """Fold the steps; raises for unknown incidents and for refusals, with all of them listed."""
    if missing := [id for id, _ in steps if id not in fold.incidents]:
        raise NotFound([f"Incident {id} not found" for id in missing])
    refusals = [refused for id, event in steps if (refused := fold.apply(id, event)) is not None]
    raise_refusals(refusals)


def raise_refusals(refusals: Sequence[Refused]) -> None:
    """Turn refusals into the wire's error: the first one's code, everyone's text."""
    if refusals:
        raise Invalid([refused.error for refused in refusals], code=refusals[0].code)


def acknowledge(tx: Tx, actor: Actor, incident_ids: Sequence[str], cause: str = "request") -> dict[str, Incident]:
    """Take these incidents."""
    return act(tx, [(id, Acknowledged(actor, cause)) for id in incident_ids])


def unacknowledge(tx: Tx, actor: Actor, incident_ids: Sequence[str]) -> dict[str, Incident]:
    """Give these incidents back."""
    return act(tx, [(id, Unacknowledged(actor)) for id in incident_ids])


def resolve(
    tx: Tx, actor: Actor, incident_ids: Sequence[str], resolution: str | None = None, cause: str = "request"
) -> dict[str, Incident]:
    """End these incidents."""
    return act(tx, [(id, Resolved(actor, cause, resolution)) for id in incident_ids])


def snooze(tx: Tx, actor: Actor, incident_ids: Sequence[str], seconds: int) -> dict[str, Incident]:
    """Leave these acknowledged incidents for so long (1 ... 604800 seconds)."""
    return act(tx, [(id, Snoozed(actor, seconds=seconds)) for id in incident_ids])


def reassign(tx: Tx, actor: Actor, incident_ids: Sequence[str], users: Sequence[str]) -> dict[str, Incident]:
    """Give these incidents to exactly these people (their existence is the caller's to check)."""
    return act(tx, [(id, Reassigned(actor, users=tuple(users))) for id in incident_ids])


def escalate(tx: Tx, actor: Actor, incident_ids: Sequence[str], level: int) -> dict[str, Incident]:
    """Send these incidents to a level of their policy, counted from 1 as people do."""
    return act(tx, [(id, LevelChosen(actor, level=level - 1)) for id in incident_ids])


def edit(tx: Tx, actor: Actor, incident_id: str, **changes: object) -> Incident:
    """Change title, priority_id, incident_type or conference_bridge."""
    return act(tx, [(incident_id, Edited(actor, changes=changes))])[incident_id]


def reopen(tx: Tx, actor: Actor, incident_id: str, status: Status) -> Incident:
    """Open a resolved incident again on its service's policy of now (core:I58)."""
    found = incident_store.load(tx.conn, [incident_id]).get(incident_id)
    if found is None:
        raise NotFound(f"Incident {incident_id} not found")
    snapshot = snapshot_of_service(tx, found.service_id)
    service = load_services(tx.conn, [found.service_id]).get(found.service_id)
    raised_at = urgency_change_at(service, found.urgency, tx.now) if service else None
    steps = [(incident_id, Reopened(actor, status=status, snapshot=snapshot, urgency_change_at=raised_at))]
    return act(tx, steps, [snapshot] if snapshot else [])[incident_id]


def snapshot_of_service(tx: Tx, service_id: str) -> Snapshot | None:
    """The policy of a service as it is now."""
    service = load_services(tx.conn, [service_id]).get(service_id)
    return snapshot_of(tx, service.policy_id) if service else None


def snapshot_of(tx: Tx, policy_id: str) -> Snapshot | None:
    """A policy as it is now."""
    return current(tx.conn, [policy_id]).get(policy_id)
