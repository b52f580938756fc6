"""Opening an incident by hand or by program (core:I40-I47, core:G-07, core:G-08)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import live
from tocsin.escalation.logic import start
from tocsin.escalation.model import Exhausted, Snapshot
from tocsin.incidents.commands.table import fold_of
from tocsin.incidents.commands.verbs import snapshot_of
from tocsin.incidents.logic import Opened
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import Incident, Status, Urgency
from tocsin.incidents.store import incidents as incident_store
from tocsin.incidents.store.outcome import save_fold
from tocsin.incidents.store.tables import incidents
from tocsin.services.logic import hold_of, urgency_change_at, urgency_of
from tocsin.services.model import Hold, Service
from tocsin.services.store.routes import load_services
from tocsin.services.store.tables import services

FAILED = "Incident could not be created"
DEFAULT_TYPE = "incident_default"
TAKEN = "Open incident with matching dedup key already exists on this service"


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is asked for. `users`: assign to exactly these; `policy_id`: another policy than the service's."""

    title: str
    service_id: str
    urgency: str | None = None
    priority_id: str | None = None
    incident_key: str | None = None
    body: Mapping[str, Any] | None = None
    users: Sequence[str] = ()
    policy_id: str | None = None
    incident_type: str = DEFAULT_TYPE
    conference_bridge: Mapping[str, Any] | None = None


def create(tx: Tx, actor: Actor, new: NewIncident) -> Incident:
    """Open it, or refuse with the reason: nothing opens half."""
    service = load_services(tx.conn, [new.service_id], lock=True).get(new.service_id)
    if service is None or live(tx.conn, services, service.id) is None:
        raise Invalid("Service not found", message=FAILED)
    _check_service(tx, service, new)
    snapshot = snapshot_of(tx, new.policy_id or service.policy_id)
    if snapshot is None:
        raise Invalid("Escalation Policy not found", code=1014, message=FAILED)
    fold = fold_of(tx, {}, [snapshot])
    fold.known.service_names[service.id] = service.name
    if not new.users:
        _check_on_call(fold, snapshot)
    return _open(tx, actor, new, service, snapshot, fold)


def _check_service(tx: Tx, service: Service, new: NewIncident) -> None:
    hold = hold_of(service, tx.now)
    if hold is not None:
        raise Invalid(_refusal(service, hold), message=FAILED)
    if new.incident_key is None:
        return
    i = incidents.c
    same = (i.service_id == service.id) & (i.incident_key == new.incident_key) & (i.status != "resolved")
    if tx.conn.scalar(select(i.id).where(same).limit(1)):
        raise Invalid(TAKEN, code=2002, message="Arguments Caused Error")


def _refusal(service: Service, hold: Hold) -> str:
    if hold.until is None:
        return f"{service.name} is disabled"
    return f"{service.name} is in maintenance until {hold.until:%Y-%m-%dT%H:%M:%SZ}"


def _check_on_call(fold: Fold, snapshot: Snapshot) -> None:
    if isinstance(start(snapshot, fold.known.oncall, fold.known.rings), Exhausted):
        raise Invalid("Escalation Policy has no user on call", message=FAILED)


def _open(tx: Tx, actor: Actor, new: NewIncident, service: Service, snapshot: Snapshot, fold: Fold) -> Incident:
    by_rule, why = urgency_of(service, None, tx.now)
    urgency = new.urgency or by_rule
    incident = Incident(
        id=ids.incident(),
        number=incident_store.numbers(tx.conn, 1)[0],
        service_id=service.id,
        title=new.title,
        status=Status.TRIGGERED,
        urgency=Urgency(urgency),
        created_at=tx.now,
        updated_at=tx.now,
        last_status_change_at=tx.now,
        last_logged_at=tx.now,
        snapshot=snapshot,
        acknowledgement_timeout=service.acknowledgement_timeout,
        auto_resolve_timeout=service.auto_resolve_timeout,
        incident_key=new.incident_key,
        priority_id=new.priority_id,
        incident_type=new.incident_type,
        body=new.body,
        conference_bridge=new.conference_bridge,
    )
    reason = f"{actor.name} opened it; urgency {urgency}: {'as asked' if new.urgency else why}"
    opened = Opened(
        actor,
        reason=reason,
        summary=new.title,
        users=tuple(new.users),
        urgency_change_at=urgency_change_at(service, urgency, tx.now),
    )
    fold.open(incident, opened)
    save_fold(tx.conn, fold)
    return fold.incidents[incident.id]
