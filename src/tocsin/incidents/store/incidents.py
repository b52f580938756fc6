"""Incidents: rows <-> model, locked reads, set-wise writes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Connection, Text, any_, cast, func, select

from tocsin.core.db import insert_rows, update_mixed
from tocsin.core.values import differences, made
from tocsin.escalation.model import Snapshot
from tocsin.escalation.store.snapshots import load_snapshots, snapshot_id
from tocsin.incidents.model import Acknowledgement, Assignment, Incident, Request, Requests, Rest, Status, Urgency, Via
from tocsin.incidents.store.tables import incident_numbers, incidents

_PLAIN = (
    "id", "number", "service_id", "title", "created_at", "updated_at", "last_status_change_at", "last_logged_at",
    "level", "pass_no", "acknowledgement_timeout", "auto_resolve_timeout", "snoozed_until", "ever_acknowledged",
    "resolve_reason", "last_status_change_by", "resolved_at", "reopened_at", "incident_key", "priority_id",
    "incident_type", "body", "conference_bridge", "alerts_all", "alerts_triggered", "trigger_count", "seq",
    "first_trigger_log_entry_id", "requests",
)  # fmt: skip


def to_row(incident: Incident) -> dict[str, Any]:
    """The incident as its table keeps it."""
    row: dict[str, Any] = {name: getattr(incident, name) for name in _PLAIN}
    row |= {
        "status": incident.status,
        "urgency": incident.urgency,
        "assigned_via": incident.assigned_via,
        "resting": incident.resting,
        "assignments": incident.assignments,
        "acknowledgements": incident.acknowledgements,
        "snapshot_id": snapshot_id(incident.snapshot) if incident.snapshot else None,
        "policy_id": incident.snapshot.policy_id if incident.snapshot else None,
    }
    return row


def difference_row(before: Incident, after: Incident) -> dict[str, Any]:
    """What of the incident must be written: its id and what is no longer the same."""
    names = differences(before, after)
    row: dict[str, Any] = {"id": after.id}
    for name in names:
        if name == "snapshot":
            whole = to_row(after)
            row |= {"snapshot_id": whole["snapshot_id"], "policy_id": whole["policy_id"]}
        else:
            row[name] = getattr(after, name)
    return row


def requests_of(stored: Any) -> Requests:
    """Requests as their column keeps them."""
    return msgspec.convert(stored, tuple[Request, ...])


#: How a column's value becomes a field's; fields that are not here are kept as they are.
_READ: dict[str, Callable[[Any], Any]] = {
    "status": Status,
    "urgency": Urgency,
    "assigned_via": Via,
    "resting": lambda value: Rest(value) if value else None,
    "assignments": lambda value: msgspec.convert(value, tuple[Assignment, ...]),
    "acknowledgements": lambda value: msgspec.convert(value, tuple[Acknowledgement, ...]) if value else (),
    "requests": lambda value: requests_of(value) if value else (),
}
COLUMNS = [incidents.c["snapshot_id" if name == "snapshot" else name] for name in Incident.__slots__]
_CONVERT = [(n, _READ[name]) for n, name in enumerate(Incident.__slots__) if name in _READ]
_SNAPSHOT = Incident.__slots__.index("snapshot")


def from_row(row: Any, snapshots: Mapping[str, Snapshot]) -> Incident:
    """The incident that a row of `COLUMNS` keeps (by position: a storm reads a thousand at once)."""
    values = list(row)
    for n, convert in _CONVERT:
        values[n] = convert(values[n])
    values[_SNAPSHOT] = snapshots[values[_SNAPSHOT]] if values[_SNAPSHOT] else None
    return made(Incident, values)


def load(conn: Connection, ids: Iterable[str], lock: bool = False, skip_locked: bool = False) -> dict[str, Incident]:
    """Incidents by id; with `lock`, locked in the order of their ids (`skip_locked` leaves out those that are held)."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = select(*COLUMNS).where(incidents.c.id == any_(cast(wanted, ARRAY(Text)))).order_by(incidents.c.id)
    if lock:
        query = query.with_for_update(skip_locked=skip_locked)
    rows = conn.execute(query).all()
    return from_rows(conn, rows)


def from_rows(conn: Connection, rows: Sequence[Any]) -> dict[str, Incident]:
    """Incidents of rows of `COLUMNS` at hand, their snapshots loaded once each."""
    snapshots = load_snapshots(conn, {row.snapshot_id for row in rows if row.snapshot_id})
    return {row.id: from_row(row, snapshots) for row in rows}


def save(conn: Connection, opened: Iterable[Incident], touched: Iterable[tuple[Incident, Incident]]) -> None:
    """Write new incidents, and of touched ones (before, after) only what changed: a statement for each set of columns.

    Changes go first: a key may be given up and taken in one batch.
    """
    update_mixed(conn, incidents, (difference_row(before, after) for before, after in touched))
    insert_rows(conn, incidents, map(to_row, opened))


def numbers(conn: Connection, count: int) -> list[int]:
    """The next incident numbers (gaps are allowed, core:I4)."""
    series = select(func.nextval(incident_numbers.name)).select_from(func.generate_series(1, count).alias())
    return list(conn.scalars(series))
