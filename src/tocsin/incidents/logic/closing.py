"""Ends and new beginnings of an incident: resolve, time out, reopen (core:I20, core:I26, core:I57-I58)."""

from dataclasses import replace
from datetime import datetime

from tocsin.escalation.logic import start
from tocsin.escalation.model import Entered
from tocsin.incidents.logic.climbing import agent, enter_level, fall_back
from tocsin.incidents.logic.directing import urgency_timer
from tocsin.incidents.logic.opening import acknowledgement_timer, auto_resolve_timer
from tocsin.incidents.logic.requesting import ended
from tocsin.incidents.model import (
    Acknowledgement,
    Assignment,
    AutoResolveDue,
    Cleared,
    ClearTimer,
    Decision,
    Event,
    Facts,
    Incident,
    Log,
    Notice,
    Refused,
    Reopened,
    ResolveAlerts,
    Resolved,
    Status,
    TimerKind,
    Urgency,
    Via,
)

ALL_TIMERS = tuple(ClearTimer(kind) for kind in TimerKind)


def _closed(incident: Incident, event: Event, now: datetime) -> Incident:
    return replace(
        incident,
        status=Status.RESOLVED,
        assignments=(),
        acknowledgements=(),
        snoozed_until=None,
        resting=None,
        alerts_triggered=0,
        requests=ended(incident.requests),
        resolved_at=now,
        updated_at=now,
        last_status_change_at=now,
        last_status_change_by=agent(event),
    )


def resolve(incident: Incident, event: Resolved, facts: Facts, now: datetime) -> Decision:
    """A person ends it, or it goes into another (core:I71)."""
    closed = _closed(incident, event, now)
    reason = f"{event.by.name} resolved it"
    if event.merged_into:
        closed = replace(closed, resolve_reason={"type": "merge", "incident_id": event.merged_into})
        reason = f"{event.by.name} merged it into another incident"
    details = {"note": event.resolution} if event.resolution else None
    log = Log("resolve", event.by, event.cause, reason, user_id=event.by.user_id, details=details)
    return closed, (log, *ALL_TIMERS, ResolveAlerts())


def clear(incident: Incident, event: Cleared, facts: Facts, now: datetime) -> Decision:
    """Its last open alert is over, so it is over (core:I20)."""
    log = Log("resolve", event.by, event.cause, "its last open alert is resolved")
    return _closed(incident, event, now), (log, *ALL_TIMERS)


def auto_resolve(incident: Incident, event: AutoResolveDue, facts: Facts, now: datetime) -> Decision:
    """Its time is up. If nobody had ever acknowledged it, those who had it last are told (SPINE 11)."""
    log = Log("resolve", event.by, event.cause, "it was open for the service's auto-resolve time")
    notices = () if incident.ever_acknowledged else _untold(incident, facts)
    return _closed(incident, event, now), (log, *ALL_TIMERS, ResolveAlerts(), *notices)


def _untold(incident: Incident, facts: Facts) -> tuple[Notice, ...]:
    subject = f"Resolved by time-out, never acknowledged: {incident.title}"
    text = (
        f"Incident #{incident.number} on {facts.service_name} was open for the service's whole auto-resolve time and "
        "nobody acknowledged it. It has been resolved by that time-out, not because anything cleared."
    )
    return tuple(Notice(user, subject, text) for user in incident.assignees)


def reopen(incident: Incident, event: Reopened, facts: Facts, now: datetime) -> Decision | Refused:
    """Open again: to the policy's people, or acknowledged by the one who reopens (core:I58, core:G-09)."""
    if event.status is Status.ACKNOWLEDGED and event.by.user_id is None:
        return Refused(1008, "Requester User Not Found")
    opened = replace(
        incident, snapshot=event.snapshot or incident.snapshot, resolved_at=None, resolve_reason=None, reopened_at=now
    )
    reason = f"{event.by.name} reopened it"
    before, after = {"status": incident.status}, {"status": event.status}
    log = Log("trigger", event.by, event.cause, reason, user_id=event.by.user_id, before=before, after=after)
    if event.status is Status.ACKNOWLEDGED:
        given, effects = _keep(opened, event, now)
    else:
        given, effects = _to_policy(replace(opened, ever_acknowledged=False), event, facts, now)
    raised = urgency_timer(event) if given.urgency is Urgency.LOW else ()
    return given, (log, *effects, *auto_resolve_timer(given, now), *raised)


def _to_policy(incident: Incident, event: Reopened, facts: Facts, now: datetime) -> Decision:
    if incident.snapshot is not None:
        step = start(incident.snapshot, facts.oncall, facts.rings)
        if isinstance(step, Entered):
            return enter_level(incident, step, event, facts, now, "assign")
    return fall_back(incident, event, facts, now)


def _keep(incident: Incident, event: Reopened, now: datetime) -> Decision:
    user = event.by.user_id or ""
    mine = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        ever_acknowledged=True,
        assigned_via=Via.DIRECT,
        assignments=(Assignment(user, now),),
        acknowledgements=(Acknowledgement("user", user, event.by.name, now),),
        updated_at=now,
        last_status_change_at=now,
        last_status_change_by=agent(event),
    )
    log = Log("assign", event.by, event.cause, "taken by the one who reopened it", assignees=(user,))
    return mine, (log, *acknowledgement_timer(mine, now))
