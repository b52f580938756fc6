"""Writing what a fold decided: incidents, ledger, timers, effects and rings together or not at all."""

from typing import Any

from sqlalchemy import Connection, text

from tocsin.core import effects, ids, timers
from tocsin.core.db import insert_rows, to_json
from tocsin.core.values import changed
from tocsin.escalation.store.rings import save_rings
from tocsin.escalation.store.snapshots import save_snapshots
from tocsin.incidents.logic.fold import Entry, Fold
from tocsin.incidents.store.fields import give_defaults
from tocsin.incidents.store.incidents import save
from tocsin.incidents.store.tables import log_entries


def save_fold(conn: Connection, fold: Fold) -> dict[str, str]:
    """Everything the fold holds, set-wise; one NOTIFY wakes planner and timers.

    Returns the first trigger entry of each alert in it: alert id -> log entry id.
    """
    rows = [entry_row(entry) for entry in fold.entries]
    _first_entries(fold, rows)
    touched = {id: fold.incidents[id] for id in fold.changed}
    save_snapshots(conn, (i.snapshot for i in touched.values() if i.snapshot is not None))
    save(
        conn,
        (incident for id, incident in touched.items() if id in fold.opened),
        ((fold.loaded[id], incident) for id, incident in touched.items() if id not in fold.opened),
    )
    give_defaults(conn, (fold.incidents[id] for id in fold.opened), fold.now)
    insert_rows(conn, log_entries, rows)
    _save_timers(conn, fold)
    _save_effects(conn, fold)
    save_rings(conn, fold.rings)
    if fold.alerts_over:
        conn.execute(_ALERTS_OVER, {"ids": to_json(list(fold.alerts_over)), "now": fold.now})
    return {row["alert_id"]: row["id"] for row in reversed(rows) if row["type"] == "trigger" and row["alert_id"]}


def entry_row(entry: Entry) -> dict[str, Any]:
    """A log entry as its table keeps it, with a new id."""
    log = entry.log
    return {
        "id": ids.log_entry(entry.at), "incident_id": entry.incident_id, "alert_id": log.alert_id,
        "service_id": entry.service_id, "seq": entry.seq, "at": entry.at, "type": log.type,
        "actor_kind": log.by.kind, "actor_id": log.by.id, "actor_name": log.by.name, "channel": log.by.channel,
        "cause": log.cause, "reason": log.reason, "level": log.level, "user_id": log.user_id,
        "assignees": log.assignees, "before": log.before, "after": log.after, "details": log.details,
    }  # fmt: skip


def _first_entries(fold: Fold, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["seq"] == 1 and (id := row["incident_id"]) in fold.opened:
            fold.incidents[id] = changed(fold.incidents[id], first_trigger_log_entry_id=row["id"])


def _save_timers(conn: Connection, fold: Fold) -> None:
    version = int(fold.now.timestamp() * 1_000_000)  # grows with every setting: subjects are locked
    due = [timers.Timer(id, kind.value, at, version) for (id, kind), at in fold.timers.items() if at is not None]
    timers.put(conn, due)
    timers.clear(conn, [(id, kind.value) for (id, kind), at in fold.timers.items() if at is None])


def _save_effects(conn: Connection, fold: Fold) -> None:
    planned = [("page", id, {"page": page, "at": fold.now}) for id, page in fold.pages]
    planned += [("notice", id, {"notice": notice}) for id, notice in fold.notices]
    effects.put(conn, planned, fold.now)


_ALERTS_OVER = text(
    """
    UPDATE alerts SET status = 'resolved', resolved_at = :now, updated_at = :now
    WHERE status = 'triggered'
      AND incident_id IN (SELECT json_array_elements_text(CAST(:ids AS json)))
    """
)
