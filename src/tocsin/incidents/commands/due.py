"""What time does to incidents: timers that are due (SPINE 2)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.core import timers
from tocsin.core.actor import Actor, service, system
from tocsin.core.db import Tx
from tocsin.core.timers import Timer
from tocsin.incidents.commands.table import lay
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import (
    AcknowledgementEnded,
    AutoResolveDue,
    EscalationDue,
    Event,
    Incident,
    RepageDue,
    RequestDue,
    ReresolveDue,
    SupportHoursBegan,
    TimerKind,
)
from tocsin.incidents.store.outcome import save_fold
from tocsin.services.logic import urgency_change_at
from tocsin.services.store.routes import load_services

EVENTS: dict[str, type[Event]] = {
    TimerKind.ESCALATE: EscalationDue,
    TimerKind.UNACKNOWLEDGE: AcknowledgementEnded,
    TimerKind.RESOLVE: AutoResolveDue,
    TimerKind.URGENCY: SupportHoursBegan,
    TimerKind.REPAGE: RepageDue,
    TimerKind.RERESOLVE: ReresolveDue,
    TimerKind.REQUEST: RequestDue,
}
BY_SERVICE = {TimerKind.RESOLVE, TimerKind.URGENCY, TimerKind.UNACKNOWLEDGE}


def fire(tx: Tx, due: Sequence[Timer]) -> int:
    """Let the due timers of incidents happen, each at most once; how many were taken.

    Incidents that somebody else holds are left for the next look. Timers of incidents that are gone are dropped.
    """
    fold = lay(tx, dict.fromkeys(timer.subject for timer in due), skip_locked=True)
    taken = timers.take(tx.conn, [timer for timer in due if timer.subject in fold.incidents])
    for timer in taken:
        incident = fold.incidents[timer.subject]
        event = EVENTS[timer.kind](_actor(fold, incident, timer.kind), "timer")
        if isinstance(event, SupportHoursBegan):
            event = replace(event, next_at=_again(tx, incident))
        fold.fire(timer.subject, TimerKind(timer.kind), event)
    save_fold(tx.conn, fold)
    return len(taken)


def _actor(fold: Fold, incident: Incident, kind: str) -> Actor:
    if kind not in BY_SERVICE:
        return system("timeout")
    return service(incident.service_id, fold.known.service_names.get(incident.service_id, ""), "timeout")


def _again(tx: Tx, incident: Incident) -> datetime | None:
    """When support hours begin another day, for what is acknowledged now (core:U7)."""
    found = load_services(tx.conn, [incident.service_id]).get(incident.service_id)
    return urgency_change_at(found, incident.urgency, tx.now) if found else None
