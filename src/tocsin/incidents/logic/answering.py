"""Answers to an incident: acknowledge, give back, snooze (core:I55-I56, core:I80-I82, core:P50-P56).

1. An acknowledgement stops the climb and every further page; it runs out after the service's time-out.
2. The one who acknowledges is the claimant: if several people had it, or others did, it is theirs alone (core:G-06).
3. When it runs out, those who had it and whoever is on call now are paged; the climb goes on from its level (core:P52).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.actor import Actor
from tocsin.escalation.logic import people_of
from tocsin.escalation.model import Strategy
from tocsin.incidents.logic.climbing import agent, next_step, pages, triggered
from tocsin.incidents.logic.opening import acknowledgement_timer
from tocsin.incidents.logic.requesting import joined_by
from tocsin.incidents.model import (
    Acknowledged,
    Acknowledgement,
    AcknowledgementEnded,
    Assignment,
    ClearTimer,
    Decision,
    Event,
    Facts,
    Incident,
    Log,
    Refused,
    SetTimer,
    Snoozed,
    Status,
    TimerKind,
    Unacknowledged,
    Via,
)

LONGEST_SNOOZE = 604_800
#: Looking for somebody on call goes on: when the acknowledgement runs out, nobody else would (SPINE 11).
STOPPED = (ClearTimer(TimerKind.ESCALATE), ClearTimer(TimerKind.REPAGE))


def acknowledge(incident: Incident, event: Acknowledged, facts: Facts, now: datetime) -> Decision:
    """Somebody has it (again): the climb stops, the time-out starts anew."""
    if incident.status is Status.ACKNOWLEDGED and event.by.user_id is None:
        return incident, ()  # core:G-28: an integration repeats itself
    taken = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        assignments=_claimed(incident, event.by, now),
        acknowledgements=_with(incident, event.by, now),
        ever_acknowledged=True,
        snoozed_until=None,
        resting=None,
        updated_at=now,
    )
    if incident.status is not Status.ACKNOWLEDGED:
        taken = replace(taken, last_status_change_at=now, last_status_change_by=agent(event))
    details = {"acknowledgement_timeout": incident.acknowledgement_timeout}
    reason = f"{event.by.name} answered through {event.by.channel}"
    log = Log("acknowledge", event.by, event.cause, reason, user_id=event.by.user_id, details=details)
    taken, joined = joined_by(taken, event.by, event.cause, now)
    return taken, (log, *joined, *STOPPED, *acknowledgement_timer(taken, now))


def _claimed(incident: Incident, by: Actor, now: datetime) -> tuple[Assignment, ...]:
    user = by.user_id
    if user is None:
        return incident.assignments
    kept = tuple(assignment for assignment in incident.assignments if assignment.user_id == user)
    return kept or (Assignment(user, now),)


def _with(incident: Incident, by: Actor, now: datetime) -> tuple[Acknowledgement, ...]:
    new = Acknowledgement(by.kind.value, by.id or "", by.name, now)
    others = tuple(ack for ack in incident.acknowledgements if ack.id != new.id)
    return (*others, new)


def unacknowledge(
    incident: Incident, event: Unacknowledged | AcknowledgementEnded, facts: Facts, now: datetime
) -> Decision:
    """It is open again: page those who had it and those on call now, and go on climbing."""
    people = tuple(dict.fromkeys((*incident.assignees, *_on_call_here(incident, facts))))
    since = {assignment.user_id: assignment for assignment in incident.assignments}
    back = replace(
        triggered(incident, event, now),
        assignments=tuple(since.get(user, Assignment(user, now)) for user in people),
    )
    back, timers = next_step(back, facts, now)
    reason = _why_open_again(incident, event)
    log = Log("unacknowledge", event.by, event.cause, reason, user_id=event.by.user_id, assignees=people)
    why = f"It is open again: {reason}"
    return back, (log, ClearTimer(TimerKind.UNACKNOWLEDGE), *pages(back, people, why), *timers)


def _on_call_here(incident: Incident, facts: Facts) -> tuple[str, ...]:
    """The people of its level now; a ring means one of them at a time, and that one has it already."""
    if incident.snapshot is None or incident.assigned_via is not Via.POLICY:
        return ()
    level = incident.snapshot.levels[incident.level]
    return () if level.strategy is Strategy.ROUND_ROBIN else people_of(level, facts.oncall)


def _why_open_again(incident: Incident, event: Event) -> str:
    if isinstance(event, Unacknowledged):
        return f"{event.by.name} gave it back"
    return "the snooze is over" if incident.snoozed_until else "the acknowledgement timed out"


def snooze(incident: Incident, event: Snoozed, facts: Facts, now: datetime) -> Decision | Refused:
    """Leave it acknowledged for so long; it never resolves by itself meanwhile (core:I26, core:G-37)."""
    if not 1 <= event.seconds <= LONGEST_SNOOZE:
        return Refused(1013, f"Snooze duration must be between 1 and {LONGEST_SNOOZE} seconds")
    until = now + timedelta(seconds=event.seconds)
    log = Log(
        "snooze",
        event.by,
        event.cause,
        f"{event.by.name} snoozed it until {until:%Y-%m-%d %H:%M} UTC",
        user_id=event.by.user_id,
        before={"snoozed_until": incident.snoozed_until},
        after={"snoozed_until": until},
        details={"duration": event.seconds},
    )
    left = replace(incident, snoozed_until=until, updated_at=now)
    return left, (log, SetTimer(TimerKind.UNACKNOWLEDGE, until), *_resolve_after(left, until, now))


def _resolve_after(incident: Incident, until: datetime, now: datetime) -> tuple[SetTimer, ...]:
    if not incident.auto_resolve_timeout:
        return ()
    timeout = timedelta(seconds=incident.auto_resolve_timeout)
    return (SetTimer(TimerKind.RESOLVE, now + timeout if now + timeout > until else until + timeout),)
