"""Schedules into PostgreSQL: rows of layers' terms, overrides, teams.

Every change gives a fresh version token, and a timer that asks for a new look at its hand-offs (core:N31).
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from tocsin.core import ids, timers
from tocsin.core.db import Tx, insert_rows
from tocsin.core.timers import Timer
from tocsin.schedules.model import Layer, Override
from tocsin.schedules.store.tables import overrides, schedule_layers, schedule_teams, schedules

LOOK_AT_HANDOFFS = "handoff.look"


def touch(tx: Tx, schedule_id: str, **columns: Any) -> None:
    """Set columns of a schedule, and its version: readers must read it anew."""
    mine = schedules.c.id == schedule_id
    tx.conn.execute(update(schedules).where(mine).values(version=ids.thing(), **columns))
    look_at_handoffs(tx, [schedule_id])


def look_at_handoffs(tx: Tx, schedule_ids: Iterable[str]) -> None:
    """Have a worker look at once at who hands over to whom on these schedules."""
    version = int(tx.now.timestamp() * 1_000_000)
    timers.put(tx.conn, [Timer(id, LOOK_AT_HANDOFFS, tx.now, version) for id in sorted(schedule_ids)])


def save_layers(conn: Connection, schedule_id: str, layers: Iterable[Layer]) -> None:
    """These are the layers now, the lowest precedence first; what their terms were is replaced."""
    conn.execute(delete(schedule_layers).where(schedule_layers.c.schedule_id == schedule_id))
    rows = [
        _row(schedule_id, place, n, term) for place, layer in enumerate(layers) for n, term in enumerate(layer.terms)
    ]
    insert_rows(conn, schedule_layers, rows)


def _row(schedule_id: str, place: int, number: int, term: Layer) -> dict[str, Any]:
    return {"layer_id": term.id, "term": number, "schedule_id": schedule_id, "place": place, **as_json(term)}


def as_json(term: Layer) -> dict[str, Any]:
    """A layer's term as its row and the audit keep it."""
    return {
        "name": term.name, "start": term.start, "end": term.end,
        "rotation_virtual_start": term.rotation_virtual_start,
        "rotation_turn_length_seconds": term.rotation_turn_length_seconds, "users": term.users,
        "restrictions": term.restrictions, "phase": term.phase, "time_zone": term.time_zone,
    }  # fmt: skip


def save_teams(conn: Connection, schedule_id: str, team_ids: Collection[str]) -> None:
    """The schedule belongs to these teams."""
    conn.execute(delete(schedule_teams).where(schedule_teams.c.schedule_id == schedule_id))
    insert_rows(conn, schedule_teams, ({"schedule_id": schedule_id, "team_id": team} for team in team_ids))


def add_override(tx: Tx, schedule_id: str, new: Override, row: dict[str, Any]) -> None:
    """Store an override; its place in the order of creation is given here."""
    tx.conn.execute(insert(overrides).values(id=new.id, schedule_id=schedule_id, **row))
    touch(tx, schedule_id)
