"""What is saved is what is loaded; the pager reads it at the price of one small query."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import event, update

from tests.schedules import wired
from tests.schedules.cast import at, daily, layer
from tocsin.accounts.store.tables import users
from tocsin.core import actor, audit, ids
from tocsin.core.db import Database, Tx
from tocsin.escalation.model import OnCall, Target, TargetKind
from tocsin.escalation.store.oncall import on_call
from tocsin.escalation.store.snapshots import current
from tocsin.schedules import commands
from tocsin.schedules.commands import Asked
from tocsin.schedules.model import Layer, Schedule
from tocsin.schedules.store.loading import load

NOW = at("2026-02-02 12:00")
BY = actor.system()


def _asked(*layers: Layer, zone: str = "UTC", known: bool = False) -> Asked:
    return Asked("Primary", zone, None, layers, tuple(one.id for one in layers) if known else (), ())


def _make(database: Database, *layers: Layer) -> str:
    with database.begin() as tx:
        return commands.add(replace(tx, now=NOW), BY, _asked(*layers))


def _edit(database: Database, id: str, asked: Asked, hours: int) -> None:
    with database.begin() as tx:
        commands.edit(replace(tx, now=NOW + timedelta(hours=hours)), BY, commands.get(tx.conn, id, lock=True), asked)


def _loaded(database: Database, id: str) -> Schedule:
    with database.begin() as tx:
        return load(tx.conn, [id])[id]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    said: list[str] = []

    def note(conn: object, cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def test_the_terms_of_an_edited_layer_come_back_as_they_were_saved(database: Database) -> None:
    people = wired.cast(database)
    first = layer(f"{people['alice']} {people['bob']}", daily("08:00", 9), id=ids.thing())
    id = _make(database, first)
    _edit(database, id, _asked(replace(first, users=(people["bob"],)), zone="Asia/Tokyo", known=True), hours=30)
    [kept] = _loaded(database, id).layers
    assert [term.users for term in kept.terms] == [first.users, (people["bob"],)]
    assert [term.time_zone for term in kept.terms] == ["UTC", None]
    assert kept.past[0].end == kept.start == NOW + timedelta(hours=30)
    assert (kept.restrictions, kept.rotation_virtual_start) == (first.restrictions, first.rotation_virtual_start)


def test_the_zone_is_kept_as_it_was_sent(database: Database) -> None:
    people = wired.cast(database)
    with database.begin() as tx:
        id = commands.add(tx, BY, _asked(layer(people["alice"]), zone="Eastern Time (US & Canada)"))
    assert _loaded(database, id).time_zone == "Eastern Time (US & Canada)"


def test_overrides_keep_the_order_of_their_creation(database: Database) -> None:
    people = wired.cast(database)
    id = _make(database, layer(people["alice"]))
    for name in ("bob", "carol", "dan"):
        with database.begin() as tx:
            row = commands.get(tx.conn, id, lock=True)
            commands.add_override(tx, BY, row, people[name], tx.now, tx.now + timedelta(hours=1))
    kept = sorted(_loaded(database, id).overrides, key=lambda override: override.created)
    assert [override.user for override in kept] == [people[name] for name in ("bob", "carol", "dan")]


def _resolve(database: Database, policy: str, hours: float = 1) -> OnCall:
    with database.begin() as tx:
        return on_call(tx.conn, current(tx.conn, [policy]).values(), NOW + timedelta(hours=hours))


def test_the_pager_resolves_a_schedule_to_whoever_has_the_turn(database: Database) -> None:
    people = wired.cast(database)
    id = _make(database, layer(f"{people['alice']} {people['bob']}", start="2026-02-02 12:00"))
    policy = wired.policy(database, [("schedule", id), ("user", people["carol"])])
    target = Target(TargetKind.SCHEDULE, id)
    assert [_resolve(database, policy, hours)[target] for hours in (1, 25)] == [(people["alice"],), (people["bob"],)]
    assert _resolve(database, policy)[Target(TargetKind.USER, people["carol"])] == (people["carol"],)


def test_a_gap_and_a_deleted_schedule_mean_nobody(database: Database) -> None:
    people = wired.cast(database)
    id = _make(database, layer(people["alice"], start="2026-02-03 12:00"))
    policy = wired.policy(database, [("schedule", id), ("schedule", "PNONE")])
    assert _resolve(database, policy) == {}


def test_a_second_look_costs_one_query_for_all_schedules_and_sees_every_edit(database: Database) -> None:
    people = wired.cast(database)
    first = layer(people["alice"], id=ids.thing())
    id = _make(database, first)
    with database.begin() as tx:
        snapshots = list(current(tx.conn, [wired.policy(database, [("schedule", id)])]).values())
        on_call(tx.conn, snapshots, NOW)
        with counted(database) as said:
            on_call(tx.conn, snapshots, NOW)
    assert ["FROM schedules" in statement for statement in said] == [True, False]
    _edit(database, id, _asked(replace(first, users=(people["bob"],)), known=True), hours=1)
    assert _resolve(database, "PPOLICY", 2) == {Target(TargetKind.SCHEDULE, id): (people["bob"],)}


def test_an_edit_that_is_rolled_back_is_not_remembered(database: Database) -> None:
    people = wired.cast(database)
    first = layer(people["alice"], id=ids.thing())
    id = _make(database, first)
    policy = wired.policy(database, [("schedule", id)])
    with database.engine.connect() as conn, conn.begin() as transaction:
        tx = Tx(conn, NOW + timedelta(hours=1))
        commands.edit(tx, BY, commands.get(conn, id), _asked(replace(first, users=(people["bob"],)), known=True))
        meant = on_call(conn, current(conn, [policy]).values(), NOW + timedelta(hours=2))
        assert list(meant.values()) == [(people["bob"],)]
        transaction.rollback()
    assert _resolve(database, policy, 2).popitem()[1] == (people["alice"],)


def test_a_deleted_persons_turn_shows_the_layer_below(database: Database) -> None:
    people = wired.cast(database)
    id = _make(database, layer(people["bob"], id=ids.thing()), layer(people["alice"], id=ids.thing()))
    policy = wired.policy(database, [("schedule", id)])
    assert _resolve(database, policy).popitem()[1] == (people["alice"],)
    with database.begin() as tx:
        tx.conn.execute(update(users).where(users.c.id == people["alice"]).values(deleted_at=tx.now))
        audit.record(tx, BY, "delete", ("user", people["alice"], None))
    assert _resolve(database, policy).popitem()[1] == (people["bob"],)
