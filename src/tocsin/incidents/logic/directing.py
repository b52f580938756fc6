"""Steering an incident: timers that climb, re-pages, hand-made reassignment, urgency (core:P23-P30, core:I59-I63)."""

from dataclasses import replace
from datetime import datetime

from tocsin.escalation.logic import at_level, onward, people_of, start
from tocsin.escalation.model import Entered, Exhausted, Position
from tocsin.incidents.logic.climbing import (
    LOOK_AGAIN,
    assign_directly,
    climb,
    enter_level,
    next_step,
    page_again_later,
    pages,
    pass_ends_at,
    triggered,
)
from tocsin.incidents.model import (
    ClearTimer,
    Decision,
    Delegated,
    EscalationDue,
    Event,
    Facts,
    Incident,
    LevelChosen,
    Log,
    Reassigned,
    Refused,
    RepageDue,
    ReresolveDue,
    SetTimer,
    Status,
    SupportHoursBegan,
    TimerKind,
    Urgency,
    UrgencySet,
    Via,
)


def escalate(incident: Incident, event: EscalationDue, facts: Facts, now: datetime) -> Decision:
    """Nobody answered in time: the next level, or the end of the climb."""
    if incident.snapshot is None or incident.assigned_via is not Via.POLICY or incident.urgency is Urgency.LOW:
        return incident, ()  # core:P28, core:P29: it does not climb (any more)
    step = onward(incident.snapshot, incident.position, facts.oncall, facts.rings)
    if (at := pass_ends_at(incident, step)) is not None and at > now:
        return incident, (SetTimer(TimerKind.ESCALATE, at),)
    return climb(incident, step, event, facts, now)


def page_again(incident: Incident, event: RepageDue, facts: Facts, now: datetime) -> Decision:
    """Nobody has answered: page those who have it, the level's people of now, and the owner (SPINE 11)."""
    level: tuple[str, ...] = ()
    if incident.snapshot is not None and incident.assigned_via is Via.POLICY:
        level = people_of(incident.snapshot.levels[incident.level], facts.oncall)
    owner = (facts.owner,) if facts.owner else ()
    people = tuple(dict.fromkeys((*incident.assignees, *level, *owner)))
    log = Log("repeat_escalation_path", event.by, event.cause, "still nobody has answered; paging again")
    stays, timers = page_again_later(replace(incident, updated_at=now), facts, now)
    why = "Nobody has answered this, so you are paged again"
    return stays, (log, *pages(stays, people, why, "re-page", goes_on=True), *timers)


def look_again(incident: Incident, event: ReresolveDue, facts: Facts, now: datetime) -> Decision:
    """Nobody was on call before: if somebody is now, the incident goes to them (SPINE 11)."""
    if incident.snapshot is not None:
        step = start(incident.snapshot, facts.oncall, facts.rings)
        if isinstance(step, Entered):
            return enter_level(incident, step, event, facts, now, "escalate")
    return keep_looking(incident, event, facts, now)


def keep_looking(incident: Incident, event: ReresolveDue, facts: Facts, now: datetime) -> Decision:
    """Acknowledged meanwhile, or still nobody: look again later; an acknowledgement may yet run out."""
    return incident, (SetTimer(TimerKind.RERESOLVE, now + LOOK_AGAIN),)


def reassign(incident: Incident, event: Reassigned, facts: Facts, now: datetime) -> Decision | Refused:
    """It goes to exactly these people; an open acknowledgement of others ends (core:I61, core:P60)."""
    if not event.users:
        return Refused(1011, "Incident cannot be reassigned to nobody")
    reason = f"{event.by.name} reassigned it"
    given, effects = assign_directly(incident, event.users, event, facts, now, reason, reason + " to you")
    return given, (*effects, ClearTimer(TimerKind.UNACKNOWLEDGE))


def delegate(incident: Incident, event: Delegated, facts: Facts, now: datetime) -> Decision | Refused:
    """It starts over on a fresh snapshot of a policy (core:I60)."""
    if event.snapshot is None:
        return Refused(1014, "Escalation Policy not found")
    step = start(event.snapshot, facts.oncall, facts.rings)
    if isinstance(step, Exhausted):
        return Refused(1015, "Escalation Policy has no user on call")
    other = incident.snapshot is None or incident.snapshot.policy_id != event.snapshot.policy_id
    moved, effects = enter_level(
        replace(incident, snapshot=event.snapshot), step, event, facts, now, "delegate" if other else "assign"
    )
    return moved, (*effects, ClearTimer(TimerKind.UNACKNOWLEDGE))


def choose_level(incident: Incident, event: LevelChosen, facts: Facts, now: datetime) -> Decision | Refused:
    """A person sends it to a level by hand (core:I59, core:P30)."""
    if incident.urgency is Urgency.LOW:
        return Refused(1006, "Incident cannot be escalated: low-urgency incidents do not escalate")
    if incident.snapshot is None or not 0 <= event.level < len(incident.snapshot.levels):
        return Refused(1006, "Incident cannot be escalated: the escalation policy has no such level")
    entered = at_level(incident.snapshot, Position(event.level, incident.pass_no), facts.oncall, facts.rings)
    if entered is None:
        return Refused(1006, "Incident cannot be escalated: nobody is on call at that level")
    moved, effects = enter_level(incident, entered, event, facts, now, "escalate")
    return moved, (*effects, ClearTimer(TimerKind.UNACKNOWLEDGE))


def urgency_timer(event: Event) -> tuple[SetTimer, ...]:
    """When the service's scheduled action will raise what is low from now on, if it does (core:U6)."""
    at = getattr(event, "urgency_change_at", None)
    return (SetTimer(TimerKind.URGENCY, at),) if at is not None else ()


def set_urgency(incident: Incident, event: UrgencySet | SupportHoursBegan, facts: Facts, now: datetime) -> Decision:
    """Low becomes high: open again, page and climb. High becomes low: no further climb (core:I63, core:U6)."""
    urgency = event.urgency if isinstance(event, UrgencySet) else Urgency.HIGH
    if urgency is incident.urgency:
        return incident, ()
    log = Log(
        "urgency_change",
        event.by,
        event.cause,
        _why_urgency(event, urgency),
        user_id=event.by.user_id,
        before={"urgency": incident.urgency},
        after={"urgency": urgency},
    )
    changed = replace(incident, urgency=urgency, updated_at=now)
    if urgency is Urgency.LOW and incident.status is Status.ACKNOWLEDGED:
        return changed, (log, *urgency_timer(event))
    changed, timers = next_step(triggered(changed, event, now), facts, now)
    raised = (ClearTimer(TimerKind.URGENCY),) if urgency is Urgency.HIGH else urgency_timer(event)
    why = "Its urgency is " + urgency.value + " now"
    unacknowledged = (ClearTimer(TimerKind.UNACKNOWLEDGE),) if incident.status is Status.ACKNOWLEDGED else ()
    return changed, (log, *unacknowledged, *pages(changed, incident.assignees, why), *timers, *raised)


def _why_urgency(event: Event, urgency: Urgency) -> str:
    if isinstance(event, SupportHoursBegan):
        return "support hours began, and the service raises what is open then"
    return f"{event.by.name} set the urgency to {urgency.value}"


def support_hours_began(incident: Incident, event: SupportHoursBegan, facts: Facts, now: datetime) -> Decision:
    """Only what is open and unacknowledged is raised (core:U6, core:U7)."""
    return set_urgency(incident, event, facts, now)


def leave_low(incident: Incident, event: SupportHoursBegan, facts: Facts, now: datetime) -> Decision:
    """Acknowledged: it stays as it is (core:U7), until support hours begin another day."""
    if incident.urgency is Urgency.HIGH or event.next_at is None:
        return incident, ()
    return incident, (SetTimer(TimerKind.URGENCY, event.next_at),)
