"""Changing schedules and overrides, each change with its audit record (core:S6, S41-S45, S30).

1. Every command locks the schedule's row first: edits and overrides of one schedule happen one after the other.
2. Who is named must be a person of the account; an override needs no place in a layer (core:S43).
3. What is asked for is checked whole before anything is written.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tocsin.accounts.store.people import live_named
from tocsin.accounts.store.responders import living
from tocsin.accounts.store.tables import teams
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, by_id, create, live, note
from tocsin.schedules.logic import (
    edited,
    layer_errors,
    override_cut,
    override_errors,
    override_start,
    schedule_errors,
    stood_in,
    unknown_layer_errors,
)
from tocsin.schedules.model import Cut, Layer, Override
from tocsin.schedules.store import finding, saving
from tocsin.schedules.store.loading import load
from tocsin.schedules.store.tables import overrides, schedules

Uses = Callable[[Connection, str], Sequence[str]]
BAD_LAYER = 3001  # core:S5, core:G-62


@dataclass(frozen=True, slots=True)
class Asked:
    """A schedule as it is asked for. `layers` come in the order of the request; None leaves them as they are.

    `known` are the ids among them that the request itself gave.
    """

    name: str
    time_zone: str
    description: str | None
    layers: tuple[Layer, ...] | None
    known: tuple[str, ...]
    team_ids: tuple[str, ...]


def subject(row: Any) -> Subject:
    """What an audit record says of a schedule."""
    return Subject("schedule", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live schedule's row, or `NotFound`."""
    row = live(conn, schedules, id, lock)
    if row is None:
        raise NotFound()
    return row


def check(conn: Connection, asked: Asked, before: Sequence[Layer] = ()) -> None:
    """`Invalid` with everything that is wrong with what is asked for."""
    layers = asked.layers or before
    bad = schedule_errors(asked.name, asked.time_zone, asked.description, layers)
    bad += unknown_layer_errors(before, asked.known)
    bad += _unknown_people(conn, asked.layers or (), before)
    bad += _unknown_teams(conn, asked.team_ids)
    if bad:
        of_layers = any(layer_errors(layer) for layer in layers)
        raise Invalid(bad, code=BAD_LAYER if of_layers else Invalid.code)


def _name_is_free(conn: Connection, name: str, own: str | None = None) -> None:
    if live_named(conn, schedules, name, own):
        raise Invalid("Name has already been taken")


def _unknown_people(conn: Connection, asked: Iterable[Layer], before: Iterable[Layer]) -> list[str]:
    """People in the request that are not in the account; who was on the layer already may stay on it."""
    had = {(layer.id, user) for layer in before for user in layer.users}
    new = {user for layer in asked for user in layer.users if (layer.id, user) not in had}
    return [f"User {id} Not Found" for id in sorted(new - living(conn, new))] if new else []


def _unknown_teams(conn: Connection, team_ids: Collection[str]) -> list[str]:
    found = by_id(conn, teams, team_ids) if team_ids else {}
    return [f"Team {id} Not Found" for id in team_ids if id not in found or found[id].deleted_at]


def add(tx: Tx, actor: Actor, asked: Asked) -> str:
    """Create a schedule; its id."""
    check(tx.conn, asked)
    _name_is_free(tx.conn, asked.name)
    id = ids.thing()
    row = {
        "id": id, "name": asked.name, "description": asked.description, "time_zone": asked.time_zone,
        "version": ids.thing(), "created_at": tx.now,
    }  # fmt: skip
    layers = edited((), asked.layers or (), tx.now, asked.time_zone)
    create(tx, actor, schedules, row, Subject("schedule", id, asked.name))
    saving.save_layers(tx.conn, id, layers)
    saving.save_teams(tx.conn, id, dict.fromkeys(asked.team_ids))
    saving.look_at_handoffs(tx, [id])
    _note_layers(tx, actor, id, (), layers)
    return id


def edit(tx: Tx, actor: Actor, row: Row[Any], asked: Asked) -> None:
    """Change a schedule (its row locked before); history stands."""
    before = load(tx.conn, [row.id], tx.now)[row.id].layers
    asked = _ended(asked, before, tx.now)
    check(tx.conn, asked, before)
    _name_is_free(tx.conn, asked.name, row.id)
    layers = edited(before, asked.layers or (), tx.now, row.time_zone, asked.time_zone)
    told = {"name": asked.name, "description": asked.description, "time_zone": asked.time_zone}
    had = [team.id for team in finding.teams_of(tx.conn, [row.id]).get(row.id, ())]
    present, new = _differing({**row._mapping, "teams": sorted(had)}, told | {"teams": sorted({*asked.team_ids})})
    if not new and layers == before:
        return
    saving.touch(tx, row.id, **told)
    saving.save_layers(tx.conn, row.id, layers)
    saving.save_teams(tx.conn, row.id, dict.fromkeys(asked.team_ids))
    if new:
        note(tx, actor, "update", subject(row), present, new)
    _note_layers(tx, actor, row.id, before, layers)


def _ended(asked: Asked, before: Sequence[Layer], now: datetime) -> Asked:
    """A known layer that is ended in the past need not end after its start: one to come then never begins."""
    known = {layer.id for layer in before}

    def settle(layer: Layer) -> Layer:
        over = layer.id in known and layer.end is not None and layer.end <= min(now, layer.start)
        return replace(layer, start=layer.end - timedelta(seconds=1)) if over and layer.end else layer

    return replace(asked, layers=tuple(map(settle, asked.layers)) if asked.layers is not None else None)


def _differing(present: Any, asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    new = {name: value for name, value in asked.items() if present[name] != value}
    return {name: present[name] for name in new}, new


def _note_layers(tx: Tx, actor: Actor, schedule_id: str, before: Sequence[Layer], after: Sequence[Layer]) -> None:
    was = {layer.id: layer for layer in before}
    for layer in after:
        old = was.get(layer.id)
        if old == layer:
            continue
        about = Subject("schedule_layer", layer.id, layer.name, ("schedule", schedule_id))
        told = saving.as_json(old) if old else None
        note(tx, actor, "update" if old else "create", about, told, saving.as_json(layer))


def drop(tx: Tx, actor: Actor, row: Row[Any], uses: Uses) -> None:
    """Remove a schedule that nobody uses (core:S30)."""
    if reasons := uses(tx.conn, row.id):
        raise Invalid(reasons[0])  # one alone: the Terraform provider compares the whole list with it
    saving.touch(tx, row.id, deleted_at=tx.now)
    note(tx, actor, "delete", subject(row), {"name": row.name, "time_zone": row.time_zone}, None)


def add_override(tx: Tx, actor: Actor, row: Row[Any], user: str, start: datetime, end: datetime) -> Override:
    """Let somebody take over for a while; `Invalid` changes nothing. The schedule's row is locked."""
    if errors := override_errors(start, end, tx.now):
        raise Invalid(errors)
    if user not in living(tx.conn, [user]):
        raise Invalid(f"User {user} Not Found")
    new = Override(ids.thing(), override_start(start, tx.now), end, user, 0)
    values = {"user_id": user, "start": new.start, "end": new.end}
    saving.add_override(tx, row.id, new, values | {"created_at": tx.now})
    note(tx, actor, "create", _override(row, new.id), None, values)
    return new


def drop_override(tx: Tx, actor: Actor, row: Row[Any], override_id: str) -> Cut:
    """Remove an override that is to come, end one that is running; a past one stays (core:S44)."""
    found = live(tx.conn, overrides, override_id)
    if found is None or found.schedule_id != row.id:
        raise NotFound()
    old = Override(found.id, found.start, found.end, found.user_id, found.created)
    cut, left = override_cut(old, tx.now)
    mine = overrides.c.id == override_id
    before = {"user_id": old.user, "start": old.start, "end": old.end}
    if cut is Cut.PAST:
        raise Invalid("Override is over and cannot be removed")
    if cut is Cut.REMOVED or left is None:
        tx.conn.execute(delete(overrides).where(mine))
        note(tx, actor, "delete", _override(row, old.id), before, None)
    else:
        tx.conn.execute(update(overrides).where(mine).values(end=left.end))
        note(tx, actor, "update", _override(row, old.id), {"end": old.end}, {"end": left.end})
    saving.touch(tx, row.id)
    return cut


def _override(row: Row[Any], id: str) -> Subject:
    return Subject("override", id, None, ("schedule", row.id))


def stand_in(tx: Tx, actor: Actor, leaver: str, other: str) -> None:
    """Put another person in the place of one who leaves, on every schedule that counts on them (core:P62)."""
    for found in finding.counting_on(tx.conn, leaver, tx.now):
        row = get(tx.conn, found.id, lock=True)
        before = load(tx.conn, [row.id], tx.now)[row.id].layers
        after = stood_in(before, leaver, other, tx.now, row.time_zone)
        if after != before:
            saving.save_layers(tx.conn, row.id, after)
            _note_layers(tx, actor, row.id, before, after)
        mine = (overrides.c.schedule_id == row.id) & (overrides.c.user_id == leaver) & (overrides.c.end > tx.now)
        for kept in tx.conn.execute(select(overrides).where(mine)).all():
            _override_stands_in(tx, actor, row, kept, other)
        saving.touch(tx, row.id)


def _override_stands_in(tx: Tx, actor: Actor, row: Row[Any], old: Row[Any], other: str) -> None:
    """One to come changes hands; a running one ends now and goes on in other hands, at its place in the order."""
    mine = overrides.c.id == old.id
    about, before = _override(row, old.id), {"user_id": old.user_id, "start": old.start, "end": old.end}
    if old.start >= tx.now:
        tx.conn.execute(update(overrides).where(mine).values(user_id=other))
        note(tx, actor, "update", about, {"user_id": old.user_id}, {"user_id": other})
        return
    tx.conn.execute(update(overrides).where(mine).values(end=tx.now))
    note(tx, actor, "update", about, {"end": old.end}, {"end": tx.now})
    new = before | {"user_id": other, "start": tx.now}
    row_of = new | {"id": ids.thing(), "schedule_id": row.id, "created": old.created, "created_at": tx.now}
    tx.conn.execute(insert(overrides).values(row_of))
    note(tx, actor, "create", _override(row, row_of["id"]), None, new)


def move_to_team(tx: Tx, actor: Actor, from_id: str, to_id: str) -> None:
    """What belongs to one team belongs to another (core:T4)."""
    for row in finding.of_team(tx.conn, from_id):
        had = [team.id for team in finding.teams_of(tx.conn, [row.id])[row.id]]
        now = [to_id if id == from_id else id for id in had]
        saving.save_teams(tx.conn, row.id, dict.fromkeys(now))
        note(tx, actor, "update", subject(row), {"teams": had}, {"teams": now})
