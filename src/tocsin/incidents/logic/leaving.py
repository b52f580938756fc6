"""Somebody leaves for good: another takes their place in what is open (core:P62).

1. In the snapshot, so that a climb to come finds the one who took over. Level, pass and timers stay as they are.
2. In the assignments: the one who took over is paged, and a level's time begins anew for them.
3. Where they were asked to help, whoever took over is asked.
4. An acknowledgement of the one who goes ends, and the incident is open again; that of somebody else stays.
"""

from dataclasses import replace
from datetime import datetime

from tocsin.escalation.logic import standing_in
from tocsin.incidents.logic.climbing import next_step, pages, triggered
from tocsin.incidents.logic.requesting import take_over
from tocsin.incidents.model import (
    Assignment,
    ClearTimer,
    Decision,
    Facts,
    HandedOver,
    Incident,
    Log,
    Status,
    TimerKind,
)


def hand_over(incident: Incident, event: HandedOver, facts: Facts, now: datetime) -> Decision:
    """The incident with `stand_in` in the place of `leaver`, wherever that is."""
    if incident.snapshot is not None:
        swapped = standing_in(incident.snapshot, event.leaver, event.stand_in)
        incident = incident if swapped is incident.snapshot else replace(incident, snapshot=swapped)
    incident, asked = take_over(incident, event.leaver, event.stand_in, event.stand_in_name, now)
    left = tuple(ack for ack in incident.acknowledgements if ack.id != event.leaver)
    if event.leaver not in incident.assignees and left == incident.acknowledgements:
        return incident, asked
    given = replace(incident, assignments=_assignments(incident, event, now), acknowledgements=left, updated_at=now)
    reason = f"{event.leaver_name} leaves; {event.stand_in_name} took over"
    log = Log("assign", event.by, event.cause, reason, assignees=given.assignees)
    if incident.status is Status.ACKNOWLEDGED and left:
        return given, (log, *asked)
    opened, timers = next_step(triggered(given, event, now), facts, now)
    why = f"You took over from {event.leaver_name}, who leaves"
    return opened, (log, *asked, *pages(opened, (event.stand_in,), why), *timers, ClearTimer(TimerKind.UNACKNOWLEDGE))


def _assignments(incident: Incident, event: HandedOver, now: datetime) -> tuple[Assignment, ...]:
    """Everybody who stays, and the one who took over, in the place of the one who goes."""
    found: dict[str, Assignment] = {}
    for assignment in incident.assignments:
        mine = assignment.user_id == event.leaver
        kept = Assignment(event.stand_in, now) if mine else assignment
        found.setdefault(kept.user_id, kept)
    return tuple(found.values()) or (Assignment(event.stand_in, now),)
