"""What happens to an incident: the transition table, total over every (status, event) pair (core:2.6).

`decide(incident, event, facts, now)` gives the incident as it is afterwards and what is to be done, or a `Refused`.
A timer that no longer fits (`stale`) changes nothing; the shell has normally removed it already.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tocsin.incidents.logic import answering, closing, directing, leaving, noting, requesting
from tocsin.incidents.logic.opening import Opened, open_incident
from tocsin.incidents.model import (
    Acknowledged,
    AcknowledgementEnded,
    AutoResolveDue,
    Cleared,
    Decision,
    Delegated,
    Edited,
    EscalationDue,
    Event,
    Facts,
    FieldsSet,
    HandedOver,
    ImpactMarked,
    Incident,
    LevelChosen,
    Noted,
    Paged,
    Reassigned,
    Refused,
    Reopened,
    RepageDue,
    RequestDue,
    RequestsCancelled,
    ReresolveDue,
    Resolved,
    ResponderReplied,
    RespondersAsked,
    Retriggered,
    Snoozed,
    Status,
    StatusUpdated,
    SupportHoursBegan,
    Unacknowledged,
    UrgencySet,
)

__all__ = ["TRANSITIONS", "Opened", "decide", "open_incident"]

Transition = Callable[[Incident, Any, Facts, datetime], Decision | Refused]


def stale(incident: Incident, event: Event, facts: Facts, now: datetime) -> Decision:
    """Too late to mean anything: nothing changes."""
    return incident, ()


def refuse(code: int, error: str) -> Transition:
    """A transition that is not possible from here."""

    def refused(incident: Incident, event: Event, facts: Facts, now: datetime) -> Refused:
        return Refused(code, error)

    return refused


OVER = refuse(1001, "Incident Already Resolved")
OPEN = refuse(1003, "Incident is open already")
NOT_ACKNOWLEDGED = refuse(1012, "Incident is not acknowledged")

#: event -> (when triggered, when acknowledged, when resolved)
_ROWS: Mapping[type[Event], tuple[Transition, Transition, Transition]] = {
    Retriggered: (noting.retrigger, noting.retrigger, stale),
    Acknowledged: (answering.acknowledge, answering.acknowledge, OVER),
    Unacknowledged: (stale, answering.unacknowledge, OVER),
    AcknowledgementEnded: (stale, answering.unacknowledge, stale),
    Snoozed: (NOT_ACKNOWLEDGED, answering.snooze, OVER),
    Resolved: (closing.resolve, closing.resolve, OVER),
    Cleared: (closing.clear, closing.clear, stale),
    AutoResolveDue: (closing.auto_resolve, closing.auto_resolve, stale),
    EscalationDue: (directing.escalate, stale, stale),
    RepageDue: (directing.page_again, stale, stale),
    ReresolveDue: (directing.look_again, directing.keep_looking, stale),
    Reassigned: (directing.reassign, directing.reassign, OVER),
    Delegated: (directing.delegate, directing.delegate, OVER),
    LevelChosen: (directing.choose_level, directing.choose_level, OVER),
    HandedOver: (leaving.hand_over, leaving.hand_over, stale),
    UrgencySet: (directing.set_urgency, directing.set_urgency, OVER),
    SupportHoursBegan: (directing.support_hours_began, directing.leave_low, stale),
    Reopened: (OPEN, OPEN, closing.reopen),
    Edited: (noting.edit, noting.edit, noting.edit),
    FieldsSet: (noting.set_fields, noting.set_fields, noting.set_fields),
    Noted: (noting.note, noting.note, noting.note),
    StatusUpdated: (noting.status_updated, noting.status_updated, noting.status_updated),
    ImpactMarked: (noting.mark_impact, noting.mark_impact, noting.mark_impact),
    Paged: (noting.paged, noting.paged, noting.paged),
    RespondersAsked: (requesting.ask, requesting.ask, OVER),
    ResponderReplied: (requesting.reply, requesting.reply, OVER),
    RequestsCancelled: (requesting.cancel, requesting.cancel, requesting.cancel),
    RequestDue: (requesting.due, requesting.due, stale),
}

TRANSITIONS: Mapping[tuple[Status, type[Event]], Transition] = {
    (status, event): row[n] for event, row in _ROWS.items() for n, status in enumerate(Status)
}


def decide(incident: Incident, event: Event, facts: Facts, now: datetime) -> Decision | Refused:
    """What becomes of the incident, and what is to be done."""
    return TRANSITIONS[incident.status, type(event)](incident, event, facts, now)
