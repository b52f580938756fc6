"""Maintenance windows: made, moved, ended (core:W1-W5, core:G-73).

1. A window that is over stays as it was. One under way keeps its beginning (core:W5).
2. Windows may overlap, and may name services that are gone (core:G-73).
3. Locks: the window, then its services in the order of their ids. Whoever changes a window copies what is left of all
   windows onto the services' rows and has the services looked at, in the same transaction; the look moves or ends what
   is held (`events.commands.looking`).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids, timers
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict, Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.services.model import LOOK
from tocsin.services.store import windows
from tocsin.services.store.routes import load_services
from tocsin.services.store.tables import maintenance_windows
from tocsin.services.wire_windows import WindowBody

PAST = 5003
OVER = "The maintenance window has already ended"


def _subject(id: str, description: str) -> Subject:
    return Subject("maintenance_window", id, description or None)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A window, or `NotFound`."""
    row = live(conn, maintenance_windows, id, lock)
    if row is None:
        raise NotFound("Maintenance Window Not Found")
    return row


def add(tx: Tx, actor: Actor, body: WindowBody) -> str:
    """Plan a window; the id. What begins in the past begins now (core:W2). `actor` is a person (core:I140)."""
    _check(tx, body)
    _lock(tx, body.service_ids)
    row = _columns(tx, body) | {
        "id": ids.thing(), "sequence_number": windows.next_number(tx.conn), "created_by": actor.user_id,
        "created_at": tx.now,
    }  # fmt: skip
    create(tx, actor, maintenance_windows, row, _subject(row["id"], body.description))
    look_at(tx, body.service_ids)
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: WindowBody) -> None:
    """Change a window (locked) that is not over."""
    if row.end_time <= tx.now:
        raise Invalid(f"{OVER} and cannot be changed", code=PAST)
    began = row.start_time <= tx.now
    body = body.changed(start_time=row.start_time) if began else body
    _check(tx, body)
    _lock(tx, [*row.service_ids, *body.service_ids])
    columns = _columns(tx, body) | ({"start_time": row.start_time} if began else {})
    if change(tx, actor, maintenance_windows, row, columns, _subject(row.id, row.description)):
        look_at(tx, {*row.service_ids, *body.service_ids})


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Call off a window (locked) that is to come, or end one that is under way now (core:W4)."""
    if row.end_time <= tx.now:
        raise Conflict(f"{OVER} and cannot be deleted", status=405, code=PAST, message="Method Not Allowed")
    _lock(tx, row.service_ids)
    subject = _subject(row.id, row.description)
    if row.start_time > tx.now:
        remove(tx, actor, maintenance_windows, row, subject)
    else:
        change(tx, actor, maintenance_windows, row, {"end_time": tx.now}, subject)
    look_at(tx, row.service_ids)


def look_at(tx: Tx, service_ids: Iterable[str]) -> None:
    """Something that may hold the alerts of these services (locked) has changed: have them looked at now."""
    wanted = sorted(service_ids)
    windows.project(tx.conn, wanted, tx.now)
    version = int(tx.now.timestamp() * 1_000_000)
    timers.put(tx.conn, [timers.Timer(id, LOOK, tx.now, version) for id in wanted])


def _columns(tx: Tx, body: WindowBody) -> dict[str, Any]:
    """Whole seconds, as the wire shows them: what begins now has begun."""
    now = tx.now.replace(microsecond=0)
    return {
        "start_time": max(body.start_time.replace(microsecond=0), now),
        "end_time": body.end_time.replace(microsecond=0),
        "description": body.description, "service_ids": body.service_ids,
    }  # fmt: skip


def _check(tx: Tx, body: WindowBody) -> None:
    errors = []
    if body.end_time <= tx.now:
        errors.append("End time must be in the future")
    if body.end_time <= body.start_time:
        errors.append("End time must be after the start time")
    if errors:
        raise Invalid(errors)


def _lock(tx: Tx, service_ids: Iterable[str]) -> None:
    """Lock these services; `Invalid` names those that never were."""
    found = load_services(tx.conn, set(service_ids), lock=True)
    if missing := [id for id in dict.fromkeys(service_ids) if id not in found]:
        raise Invalid([f"Service {id} Not Found" for id in missing])
