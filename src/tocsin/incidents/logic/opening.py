"""How an incident opens (core:I40-I45, core:P10-P16)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.escalation.logic import start
from tocsin.escalation.model import Entered
from tocsin.incidents.logic.climbing import agent, assign_directly, enter_level, fall_back
from tocsin.incidents.model import (
    Acknowledgement,
    Assignment,
    ClearTimer,
    Decision,
    Effect,
    Event,
    Facts,
    Incident,
    Log,
    SetTimer,
    Status,
    TimerKind,
    Via,
)


@dataclass(frozen=True, slots=True)
class Opened(Event):
    """A new incident: from an alert (`event_id`), or by a person, perhaps for certain people (`users`)."""

    reason: str = ""
    summary: str = ""
    event_id: str | None = None
    alert_id: str | None = None
    users: tuple[str, ...] = ()
    urgency_change_at: datetime | None = None


def open_incident(incident: Incident, event: Opened, facts: Facts, now: datetime) -> Decision:
    """The first steps of an incident that exists as of `now`, triggered and with nobody yet."""
    details = {"summary": event.summary, "event_id": event.event_id}
    log = Log("trigger", event.by, event.cause, event.reason, alert_id=event.alert_id, details=details)
    given, effects = _first_people(incident, event, facts, now)
    timers = [effect for effect in effects if not isinstance(effect, ClearTimer)]
    return given, (log, *timers, *_own_timers(given, event, now))


def _first_people(incident: Incident, event: Opened, facts: Facts, now: datetime) -> Decision:
    if event.users:
        return _for_people(incident, event, facts, now)
    if incident.snapshot is None:
        return fall_back(incident, event, facts, now)
    step = start(incident.snapshot, facts.oncall, facts.rings)
    if isinstance(step, Entered):
        return enter_level(incident, step, event, facts, now, "assign")
    return fall_back(incident, event, facts, now)


def _for_people(incident: Incident, event: Opened, facts: Facts, now: datetime) -> Decision:
    """A person who opens an incident for themselves has it already: no page (core:I43)."""
    if event.users != (event.by.user_id,):
        why = f"{event.by.name} assigned this to you"
        return assign_directly(incident, event.users, event, facts, now, f"assigned by {event.by.name}", why)
    mine = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        assigned_via=Via.DIRECT,
        ever_acknowledged=True,
        assignments=(Assignment(event.users[0], now),),
        acknowledgements=(Acknowledgement("user", event.users[0], event.by.name, now),),
        last_status_change_by=agent(event),
    )
    logs = (
        Log("assign", event.by, event.cause, "opened for oneself", assignees=event.users),
        Log("acknowledge", event.by, event.cause, "opened for oneself, so it is acknowledged"),
    )
    return mine, (*logs, *acknowledgement_timer(mine, now))


def acknowledgement_timer(incident: Incident, now: datetime) -> tuple[Effect, ...]:
    """When the acknowledgement runs out, if it does (core:P51)."""
    if not incident.acknowledgement_timeout:
        return (ClearTimer(TimerKind.UNACKNOWLEDGE),)
    return (SetTimer(TimerKind.UNACKNOWLEDGE, now + timedelta(seconds=incident.acknowledgement_timeout)),)


def auto_resolve_timer(incident: Incident, now: datetime) -> tuple[Effect, ...]:
    """When the incident resolves by itself, if it does (core:P53)."""
    if not incident.auto_resolve_timeout:
        return ()
    return (SetTimer(TimerKind.RESOLVE, now + timedelta(seconds=incident.auto_resolve_timeout)),)


def _own_timers(incident: Incident, event: Opened, now: datetime) -> tuple[Effect, ...]:
    urgency = (SetTimer(TimerKind.URGENCY, event.urgency_change_at),) if event.urgency_change_at else ()
    return (*auto_resolve_timer(incident, now), *urgency)
