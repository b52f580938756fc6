"""Whom an incident goes to: entering levels, direct assignment, and what happens when a climb ends.

1. Entering a level assigns its people, drops the earlier ones, pages each by their own rules and sets the next step
   (core:P20-P23). Delay 0 means: this level's immediate pages are committed, then the next level is entered at once.
2. A policy whose delays are all 0 waits at least a minute a pass (SPINE 11), else it would spin.
3. Low urgency and direct assignment never climb (core:P28, core:P29).
4. Silence is never the end (SPINE 11): what stays unanswered at high urgency is paged again and again.
5. Nobody on call at any level: the incident opens all the same, with the fallback people, and looks again every
   five minutes (SPINE 11 over core:P14).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.escalation.model import Entered, Exhausted, Snapshot, Step
from tocsin.incidents.model import (
    Assignment,
    ClearTimer,
    Decision,
    Effect,
    EscalationDue,
    Event,
    Facts,
    Incident,
    Log,
    MoveRing,
    Page,
    Rest,
    SetTimer,
    Status,
    TimerKind,
    Urgency,
    Via,
)

SHORTEST_PASS = timedelta(minutes=1)
LOOK_AGAIN = timedelta(minutes=5)


def triggered(incident: Incident, event: Event, now: datetime) -> Incident:
    """The incident as a triggered one, noting who changed its status if that is a change."""
    plain = replace(incident, acknowledgements=(), snoozed_until=None, resting=None, updated_at=now)
    if incident.status is Status.TRIGGERED:
        return plain
    return replace(plain, status=Status.TRIGGERED, last_status_change_at=now, last_status_change_by=agent(event))


def agent(event: Event) -> dict[str, str | None]:
    """The doer as `last_status_change_by` keeps it."""
    return {"kind": event.by.kind.value, "id": event.by.id, "name": event.by.name}


def waiting_time(snapshot: Snapshot, level: int) -> timedelta:
    """How long a level has before the next is entered; an all-zero policy waits at its last level."""
    last = level == len(snapshot.levels) - 1
    if last and snapshot.pass_delay < SHORTEST_PASS:
        return max(snapshot.levels[level].delay, SHORTEST_PASS)
    return snapshot.levels[level].delay


def pass_ends_at(incident: Incident, step: Step) -> datetime | None:
    """When a pass may end that would end within the minute in which its last level was entered; None: now.

    A level of delay 0 whose successors are all empty would else spin through every loop in one instant (SPINE 11).
    """
    entered_at = max((assignment.at for assignment in incident.assignments), default=incident.created_at)
    ends = isinstance(step, Exhausted) or step.repeated
    at_once = incident.snapshot is not None and not incident.snapshot.levels[incident.level].delay
    return entered_at + SHORTEST_PASS if ends and at_once else None


def next_step(incident: Incident, facts: Facts, now: datetime) -> Decision:
    """The timer that keeps a triggered incident from falling silent, or the reason why it may rest."""
    if incident.urgency is Urgency.LOW:
        return replace(incident, resting=Rest.LOW_URGENCY), (
            ClearTimer(TimerKind.ESCALATE),
            ClearTimer(TimerKind.REPAGE),
        )
    if incident.assigned_via is Via.POLICY and incident.snapshot is not None:
        due = now + waiting_time(incident.snapshot, incident.level)
        return incident, (SetTimer(TimerKind.ESCALATE, due), ClearTimer(TimerKind.REPAGE))
    return page_again_later(incident, facts, now)


def page_again_later(incident: Incident, facts: Facts, now: datetime) -> Decision:
    """No level is left to climb: page again later, or rest because that is switched off."""
    if facts.repage is None:
        off = (ClearTimer(TimerKind.ESCALATE), ClearTimer(TimerKind.REPAGE))
        return replace(incident, resting=Rest.REPAGE_OFF), off
    return incident, (ClearTimer(TimerKind.ESCALATE), SetTimer(TimerKind.REPAGE, now + facts.repage))


def pages(
    incident: Incident, users: tuple[str, ...], why: str, kind: str = "page", goes_on: bool = False
) -> tuple[Page, ...]:
    """A page for each of these people; `level` counts from 1 as people read it."""
    level = incident.level + 1 if incident.assigned_via is Via.POLICY else None
    return tuple(Page(user, level, incident.urgency, why, kind, goes_on) for user in users)


def enter_level(incident: Incident, entered: Entered, event: Event, facts: Facts, now: datetime, log: str) -> Decision:
    """The incident is with the people of a level now (core:P20)."""
    assert incident.snapshot is not None
    name, number = incident.snapshot.name, entered.position.level + 1
    moved = replace(
        triggered(incident, event, now),
        level=entered.position.level,
        pass_no=entered.position.pass_no,
        assigned_via=Via.POLICY,
        assignments=tuple(Assignment(user, now) for user in entered.users),
    )
    moved, timers = next_step(moved, facts, now)
    reason = f"level {number} of {name}" + _passed(entered)
    entry = Log(log, event.by, event.cause, reason, level=number, assignees=entered.users)
    ring = (MoveRing(*entered.ring),) if entered.ring else ()
    why = f"You are on call at level {number} of {name}"
    return moved, (
        *_repeat(entered, event, name),
        entry,
        *ring,
        *pages(moved, entered.users, why, goes_on=isinstance(event, EscalationDue)),
        *timers,
        ClearTimer(TimerKind.RERESOLVE),
    )


def _passed(entered: Entered) -> str:
    if not entered.skipped:
        return ""
    levels = ", ".join(str(level + 1) for level in entered.skipped)
    return f"; nobody was on call at level {levels}, skipped"


def _repeat(entered: Entered, event: Event, name: str) -> tuple[Log, ...]:
    if not entered.repeated:
        return ()
    reason = f"nobody answered; {name} begins again (round {entered.position.pass_no + 1})"
    return (Log("repeat_escalation_path", event.by, event.cause, reason),)


def climb(incident: Incident, step: Step, event: Event, facts: Facts, now: datetime, log: str = "escalate") -> Decision:
    """Take the step that the policy gave: a level, or the end of the climb."""
    if isinstance(step, Entered):
        return enter_level(incident, step, event, facts, now, log)
    return exhaust(incident, step, event, facts, now)


def exhaust(incident: Incident, step: Exhausted, event: Event, facts: Facts, now: datetime) -> Decision:
    """All passes are over: it stays with its people, and they are paged again later (core:P26, SPINE 11)."""
    reason = "nobody is on call at any level" if step.nobody else "every level was tried and nobody answered"
    stays, timers = page_again_later(incident, facts, now)
    if facts.repage:
        reason += f"; paging again in {int(facts.repage.total_seconds() // 60)} min"
    log = Log("exhaust_escalation_path", event.by, event.cause, reason, assignees=incident.assignees)
    return replace(stays, updated_at=now), (log, *timers)


def assign_directly(
    incident: Incident, users: tuple[str, ...], event: Event, facts: Facts, now: datetime, reason: str, why: str
) -> Decision:
    """The incident is with exactly these people; it does not climb from here (core:I61, core:P29)."""
    given = replace(
        triggered(incident, event, now),
        assigned_via=Via.DIRECT,
        assignments=tuple(Assignment(user, now) for user in users),
    )
    given, timers = next_step(given, facts, now)
    log = Log("assign", event.by, event.cause, reason, assignees=users)
    return given, (log, *pages(given, users, why), *timers, ClearTimer(TimerKind.RERESOLVE))


def fall_back(incident: Incident, event: Event, facts: Facts, now: datetime) -> Decision:
    """Nobody is on call at any level: the managers or the owner get it, and we look again soon (SPINE 11)."""
    policy = incident.snapshot.name if incident.snapshot else "the escalation policy"
    reason = f"nobody is on call at any level of {policy}; assigned to those who answer for it"
    why = f"Nobody is on call at any level of {policy}, and you answer for it"
    given, effects = assign_directly(incident, facts.fallback, event, facts, now, reason, why)
    kept: tuple[Effect, ...] = tuple(effect for effect in effects if effect != ClearTimer(TimerKind.RERESOLVE))
    return given, (*kept, SetTimer(TimerKind.RERESOLVE, now + LOOK_AGAIN))
