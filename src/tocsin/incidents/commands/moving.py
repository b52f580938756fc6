"""Merging incidents, moving and resolving single alerts (core:I70-I73, core:G-39, core:G-40)."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select, update

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.incidents.commands.table import lay
from tocsin.incidents.commands.verbs import play
from tocsin.incidents.logic.fold import Entry, Fold
from tocsin.incidents.model import Cleared, Edited, Incident, Log, Noted, Resolved, Status, Urgency, UrgencySet
from tocsin.incidents.store.outcome import save_fold
from tocsin.incidents.store.priorities import most_severe
from tocsin.incidents.store.tables import alerts

MOST_ALERTS = 1000


def merge(tx: Tx, actor: Actor, target_id: str, source_ids: Sequence[str]) -> Incident:
    """The sources' alerts go to the target; the sources are resolved by the merge."""
    source_ids = list(dict.fromkeys(source_ids))
    fold = lay(tx, [target_id, *source_ids])
    target = fold.incidents.get(target_id)
    if target is None or any(id not in fold.incidents for id in source_ids):
        raise NotFound([f"Incident {id} not found" for id in (target_id, *source_ids) if id not in fold.incidents])
    _check_merge(fold, target, source_ids)
    _raise_urgency(fold, actor, target, source_ids)
    _lend_priority(tx, fold, actor, target, source_ids)
    play(fold, [(id, Resolved(actor, merged_into=target_id)) for id in source_ids if _is_open(fold, id)])
    for id in source_ids:
        fold.alerts_over.pop(id, None)
        fold.put(replace(fold.incidents[id], resolve_reason={"type": "merge", "incident_id": target_id}))
    tx.conn.execute(
        update(alerts).where(alerts.c.incident_id.in_(source_ids)).values(incident_id=target_id, updated_at=tx.now)
    )
    recount(tx.conn, fold, [target_id, *source_ids])
    save_fold(tx.conn, fold)
    return fold.incidents[target_id]


def _is_open(fold: Fold, id: str) -> bool:
    return fold.incidents[id].status is not Status.RESOLVED


def _check_merge(fold: Fold, target: Incident, source_ids: Sequence[str]) -> None:
    if target.id in source_ids:
        raise Invalid("An incident cannot be merged into itself")
    if target.status is Status.RESOLVED:
        raise Invalid("Incident Already Resolved", code=1001)
    merged = [id for id in source_ids if (fold.incidents[id].resolve_reason or {}).get("type") == "merge"]
    if merged:
        raise Invalid([f"Incident {id} is already merged" for id in merged], code=1019)
    if target.alerts_all + sum(fold.incidents[id].alerts_all for id in source_ids) > MOST_ALERTS:
        raise Invalid(f"An incident can hold at most {MOST_ALERTS} alerts")


def _raise_urgency(fold: Fold, actor: Actor, target: Incident, source_ids: Sequence[str]) -> None:
    if target.urgency is Urgency.LOW and any(fold.incidents[id].urgency is Urgency.HIGH for id in source_ids):
        fold.apply(target.id, UrgencySet(actor, urgency=Urgency.HIGH))


def _lend_priority(tx: Tx, fold: Fold, actor: Actor, target: Incident, source_ids: Sequence[str]) -> None:
    """A target without a priority takes the most severe of its sources (core:G-39)."""
    lent = [priority for id in source_ids if (priority := fold.incidents[id].priority_id)]
    if target.priority_id is None and lent:
        found = most_severe(tx.conn, lent)
        if found is not None:
            fold.apply(target.id, Edited(actor, changes={"priority_id": found.id}))


def move_alerts(tx: Tx, actor: Actor, from_id: str, alert_ids: Sequence[str], to_id: str) -> None:
    """These alerts of one incident go to another; an incident left without open alerts is over."""
    fold = lay(tx, [from_id, to_id])
    for id in (from_id, to_id):
        if id not in fold.incidents:
            raise NotFound(f"Incident {id} not found")
    if fold.incidents[to_id].status is Status.RESOLVED:
        raise Invalid("Incident Already Resolved", code=1001)
    if fold.incidents[to_id].alerts_all + len(alert_ids) > MOST_ALERTS:
        raise Invalid(f"An incident can hold at most {MOST_ALERTS} alerts")
    owned(tx.conn, from_id, alert_ids)
    _raise_urgency(fold, actor, fold.incidents[to_id], [from_id])
    tx.conn.execute(update(alerts).where(alerts.c.id.in_(alert_ids)).values(incident_id=to_id, updated_at=tx.now))
    recount(tx.conn, fold, [from_id, to_id])
    _close_empty(fold, actor, from_id, "its alerts were moved to another incident")
    save_fold(tx.conn, fold)


def resolve_alerts(tx: Tx, actor: Actor, incident_id: str, alert_ids: Sequence[str]) -> None:
    """These alerts are over; the last one takes its incident along (core:I20)."""
    fold = lay(tx, [incident_id])
    if incident_id not in fold.incidents:
        raise NotFound(f"Incident {incident_id} not found")
    owned(tx.conn, incident_id, alert_ids)
    ended = tx.conn.scalars(
        update(alerts)
        .where(alerts.c.id.in_(alert_ids), alerts.c.status == "triggered")
        .values(status="resolved", resolved_at=tx.now, updated_at=tx.now)
        .returning(alerts.c.id)
    ).all()
    recount(tx.conn, fold, [incident_id])
    if fold.incidents[incident_id].alerts_triggered > 0:
        _log_ended(fold, actor, fold.incidents[incident_id], ended)
    _close_empty(fold, actor, incident_id, "")
    save_fold(tx.conn, fold)


def _log_ended(fold: Fold, actor: Actor, incident: Incident, alert_ids: Sequence[str]) -> None:
    """Alerts that end while others are open: the ledger keeps them, the incident's own list does not (core:I25)."""
    for id in alert_ids:
        log = Log("resolve", actor, "request", f"{actor.name} resolved one of its alerts", alert_id=id)
        fold.entries.append(Entry(None, incident.service_id, 1, fold.now, log))


def owned(conn: Connection, incident_id: str, alert_ids: Sequence[str]) -> None:
    """Check that all these alerts are the incident's."""
    mine = select(alerts.c.id).where(alerts.c.id.in_(alert_ids), alerts.c.incident_id == incident_id)
    if missing := set(alert_ids) - set(conn.scalars(mine)):
        raise NotFound([f"Alert {id} not found on this incident" for id in sorted(missing)])


def _close_empty(fold: Fold, actor: Actor, incident_id: str, note: str) -> None:
    incident = fold.incidents[incident_id]
    if incident.alerts_triggered > 0 or incident.status is Status.RESOLVED:
        return
    if note:
        fold.apply(incident_id, Noted(actor, content=note))
    fold.apply(incident_id, Cleared(actor))


def recount(conn: Connection, fold: Fold, incident_ids: Sequence[str]) -> None:
    """Count the alerts of these incidents anew."""
    a = alerts.c
    query = (
        select(a.incident_id, func.count(), func.count().filter(a.status == "triggered"))
        .where(a.incident_id.in_(incident_ids))
        .group_by(a.incident_id)
    )
    counted = {id: (every, open_) for id, every, open_ in conn.execute(query)}
    for id in incident_ids:
        every, open_ = counted.get(id, (0, 0))
        fold.put(replace(fold.incidents[id], alerts_all=every, alerts_triggered=open_, updated_at=fold.now))
