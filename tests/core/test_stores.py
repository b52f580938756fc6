"""The intake log, timers and effects in PostgreSQL (SPINE 1-3)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from tocsin.core import effects, intake_log, timers
from tocsin.core.db import Database
from tocsin.core.intake_log import Claim, Raw, Stored
from tocsin.core.timers import Timer

NOW = datetime(2024, 1, 1, tzinfo=UTC)
KEY = "a" * 32
LANE = intake_log.lane_of(KEY)


@pytest.fixture
def db(pg_url: str) -> Iterator[Database]:
    database = Database(pg_url, pool=3)
    yield database
    database.close()


def raw(n: int, key: str = KEY) -> Raw:
    return Raw("v2", NOW, key, f"k{n}", msgspec.Raw(b'{"n":%d}' % n))


async def connect(db: Database, autocommit: bool = True) -> AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(db.url.replace("+psycopg", "", 1), autocommit=autocommit)


async def stored(db: Database, *numbers: int) -> None:
    async with await connect(db) as conn:
        await intake_log.append(conn, [raw(n) for n in numbers])


def waiting(db: Database, limit: int = 100) -> list[Stored]:
    with db.begin() as tx:
        return intake_log.read(tx.conn, LANE, limit)


def finish(db: Database, done: Sequence[Stored]) -> None:
    with db.begin() as tx:
        intake_log.finish(tx.conn, done)


def claim(db: Database, owner: str = "one") -> Claim | None:
    with db.begin() as tx:
        return intake_log.claim(tx.conn, owner)


async def test_events_come_back_in_order_of_receipt_with_ids_of_their_own(db: Database) -> None:
    await stored(db, 1, 2)
    await stored(db, 3)
    found = waiting(db)
    assert [event.raw for event in found] == [raw(1), raw(2), raw(3)]
    assert [(event.ordinal, event.last) for event in found] == [(0, False), (1, True), (0, True)]
    assert len({event.id for event in found}) == 3


async def test_one_commit_of_several_keys_is_a_segment_a_lane(db: Database) -> None:
    keys = ["a" * 32, "b" * 32, "c" * 32]
    async with await connect(db) as conn:
        await intake_log.append(conn, [raw(n, key) for n, key in enumerate(keys)])
    with db.begin() as tx:
        assert intake_log.backlog(tx.conn) == len({intake_log.lane_of(key) for key in keys})


async def test_a_segment_may_be_finished_in_parts(db: Database) -> None:
    await stored(db, 1, 2, 3)
    await stored(db, 4)
    finish(db, waiting(db, limit=2))
    assert [event.raw for event in waiting(db)] == [raw(3), raw(4)]
    finish(db, waiting(db, limit=2))
    assert waiting(db) == []


async def test_a_segment_that_commits_later_with_a_lower_id_is_not_missed(db: Database) -> None:
    async with await connect(db, autocommit=False) as slow:
        await intake_log.append(slow, [raw(1)])
        await stored(db, 2)
        early = waiting(db)
        assert [event.raw for event in early] == [raw(2)]
        finish(db, early)
        await slow.commit()
    late = waiting(db)
    assert [event.raw for event in late] == [raw(1)]
    assert late[0].segment_id < early[0].segment_id


async def test_a_lane_has_one_owner_until_it_is_given_back(db: Database) -> None:
    assert claim(db) is None
    await stored(db, 1)
    held = claim(db)
    assert held is not None
    assert held.lane == LANE
    assert claim(db, "two") is None
    with db.begin() as tx:
        intake_log.release(tx.conn, held)
    assert claim(db, "two") is not None


async def test_an_owner_that_lost_its_lane_cannot_write(db: Database) -> None:
    await stored(db, 1)
    lost = claim(db)
    assert lost is not None
    with db.begin() as tx:
        intake_log.release_all(tx.conn, "one")
    taken = claim(db, "two")
    assert taken is not None
    with db.begin() as tx:
        assert not intake_log.hold(tx.conn, lost)
        assert intake_log.hold(tx.conn, taken)
        intake_log.release(tx.conn, lost)
    assert claim(db, "three") is None


async def test_a_parked_event_is_kept_once_with_its_error(db: Database) -> None:
    await stored(db, 1)
    event = waiting(db)[0]
    with db.begin() as tx:
        for _ in range(2):
            intake_log.park(tx.conn, event, "why", None, NOW)
        rows = tx.conn.exec_driver_sql("SELECT event_id, error, raw FROM intake_parked").all()
    assert [(row.event_id, row.error, bytes(row.raw)) for row in rows] == [(event.id, "why", b'{"n":1}')]


def test_setting_a_timer_replaces_it_and_the_old_one_is_stale(db: Database) -> None:
    old, new = Timer("Q", "kind", NOW, 1), Timer("Q", "kind", NOW + timedelta(minutes=5), 2)
    with db.begin() as tx:
        timers.put(tx.conn, [old])
        timers.put(tx.conn, [new])
        assert timers.take(tx.conn, [old]) == []
        assert timers.of(tx.conn, ["Q"]) == [new]
        assert timers.take(tx.conn, [new]) == [new]
        assert timers.take(tx.conn, [new]) == []


def test_timers_are_due_in_order_and_only_of_the_kinds_asked_for(db: Database) -> None:
    made = [Timer(f"Q{n}", "kind", NOW + timedelta(minutes=n), 1) for n in (3, 1, 2)]
    with db.begin() as tx:
        timers.put(tx.conn, [*made, Timer("Q9", "other", NOW, 1)])
        assert timers.due(tx.conn, ["kind"], NOW + timedelta(minutes=2), None, 10) == [made[1], made[2]]
        assert timers.due(tx.conn, ["kind"], NOW + timedelta(minutes=9), None, 1) == [made[1]]
        assert timers.next_due(tx.conn) == NOW
        timers.clear(tx.conn, [("Q9", "other"), ("Q9", "missing")])
        assert timers.next_due(tx.conn) == NOW + timedelta(minutes=1)


def test_a_timer_that_failed_is_put_off_unless_it_was_set_anew(db: Database) -> None:
    timer = Timer("Q", "kind", NOW, 1)
    with db.begin() as tx:
        timers.put(tx.conn, [timer])
        timers.put_off(tx.conn, Timer("Q", "kind", NOW, 7), NOW)
        assert timers.of(tx.conn, ["Q"]) == [timer]
        timers.put_off(tx.conn, timer, NOW)
        assert timers.of(tx.conn, ["Q"])[0].due_at == NOW + timedelta(seconds=30)


def test_an_effect_that_commits_later_with_a_lower_id_is_still_planned(db: Database) -> None:
    with db.engine.connect() as slow:
        effects.put(slow, [("page", "slow", {"n": 1})], NOW)
        with db.begin() as tx:
            effects.put(tx.conn, [("page", "fast", {})], NOW)
        with db.begin() as tx:
            assert [effect.subject for effect in effects.take(tx.conn, 10)] == ["fast"]
        slow.commit()
    with db.begin() as tx:
        assert [(effect.subject, effect.body) for effect in effects.take(tx.conn, 10)] == [("slow", {"n": 1})]
        assert not effects.waiting(tx.conn)
