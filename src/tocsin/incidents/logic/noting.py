"""What changes no status: repeats, notes, edits, pages handed over (core:E42, core:E51, core:I24, core:N53)."""

from dataclasses import replace
from datetime import datetime

from tocsin.core.values import changed
from tocsin.incidents.logic.directing import set_urgency
from tocsin.incidents.model import (
    Decision,
    Edited,
    Effect,
    Facts,
    FieldsSet,
    ImpactMarked,
    Incident,
    Log,
    Noted,
    Paged,
    Retriggered,
    StatusUpdated,
    Urgency,
    UrgencySet,
)

LOGGED_TRIGGERS = 100


def retrigger(incident: Incident, event: Retriggered, facts: Facts, now: datetime) -> Decision:
    """An alert repeats or joins: a line in the ledger, no page - unless it raises the urgency (core:G-30, core:I23)."""
    counted = changed(incident, trigger_count=incident.trigger_count + 1, updated_at=now)
    logs: tuple[Effect, ...] = ()
    if counted.trigger_count <= LOGGED_TRIGGERS:
        details = {"summary": event.summary, "event_id": event.event_id}
        log = Log("trigger", event.by, event.cause, "the alert repeats", alert_id=event.alert_id, details=details)
        logs = (log,)
    if counted.trigger_count == LOGGED_TRIGGERS:
        reason = f"{LOGGED_TRIGGERS} triggers are recorded; more are counted, not listed"
        logs = (
            *logs,
            Log("reach_trigger_limit", event.by, event.cause, reason),
        )
    if event.urgency is not Urgency.HIGH or incident.urgency is Urgency.HIGH:
        return counted, logs
    raised, effects = set_urgency(counted, UrgencySet(event.by, event.cause, Urgency.HIGH), facts, now)
    return raised, (*logs, *effects)


def note(incident: Incident, event: Noted, facts: Facts, now: datetime) -> Decision:
    """Somebody wrote something down (core:I90)."""
    details = {"note_id": event.note_id, "content": event.content}
    log = Log("annotate", event.by, event.cause, f"{event.by.name} noted", user_id=event.by.user_id, details=details)
    return replace(incident, updated_at=now), (log,)


def status_updated(incident: Incident, event: StatusUpdated, facts: Facts, now: datetime) -> Decision:
    """Those who want to hear are told how it stands (core:I91, core:3.8)."""
    details = {"status_update_id": event.update_id, "message": event.message}
    reason = f"{event.by.name} published a status update"
    log = Log("status_update", event.by, event.cause, reason, user_id=event.by.user_id, details=details)
    return replace(incident, updated_at=now), (log,)


def edit(incident: Incident, event: Edited, facts: Facts, now: datetime) -> Decision:
    """Title, priority, type or bridge: only what really changes is logged (core:U10: never the urgency)."""
    changes = {name: value for name, value in event.changes.items() if getattr(incident, name) != value}
    if not changes:
        return incident, ()
    before = {name: getattr(incident, name) for name in changes}
    reason = f"{event.by.name} changed " + ", ".join(changes)
    log = Log("field_value_change", event.by, event.cause, reason, before=before, after=changes)
    return replace(incident, updated_at=now, **changes), (log,)


def set_fields(incident: Incident, event: FieldsSet, facts: Facts, now: datetime) -> Decision:
    """Custom fields have other values, on a resolved incident too (core:I57)."""
    if not event.after:
        return incident, ()
    reason = f"{event.by.name} set " + ", ".join(event.after)
    log = Log("custom_field_value_change", event.by, event.cause, reason, before=event.before, after=event.after)
    return replace(incident, updated_at=now), (log,)


def mark_impact(incident: Incident, event: ImpactMarked, facts: Facts, now: datetime) -> Decision:
    """Somebody knows better what it impacts (ei:BS4)."""
    was, relation = (said and said.replace("_", " ") for said in (event.was, event.relation))
    reason = f"{event.by.name} marked {event.name} as {relation}"
    before = {"business_impact": f"{event.name}: {was}" if was else None}
    after = {"business_impact": f"{event.name}: {relation}"}
    log = Log("field_value_change", event.by, event.cause, reason, before=before, after=after)
    return replace(incident, updated_at=now), (log,)


def paged(incident: Incident, event: Paged, facts: Facts, now: datetime) -> Decision:
    """A page reached its channel."""
    log = Log(
        "notify", event.by, event.cause, event.why, level=event.level, user_id=event.user_id, details=event.details
    )
    return incident, (log,)
