"""Maintenance on the clock against PostgreSQL: what a service holds back opens when its hold ends, and never twice."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from tests.seed import Seeded, add_service, seed
from tocsin.core import timers
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.commands import looking
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.incidents.store.audit import forgotten, silent
from tocsin.rest.body import read as read_body
from tocsin.services import commands_windows as windows
from tocsin.services.model import LOOK
from tocsin.services.wire_windows import WindowBody
from tocsin.workers.auditing import look_again

NOW = real_now().replace(microsecond=0)


@pytest.fixture
def db(pg_url: str) -> Iterator[Database]:
    database = Database(pg_url, pool=4)
    yield database
    database.close()


@pytest.fixture
def shop(db: Database) -> Seeded:
    return seed(db)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def body(services: list[str], start: float, end: float) -> WindowBody:
    given = {"start_time": at(start), "end_time": at(end), "services": [{"id": id} for id in services]}
    return read_body(WindowBody, given | {"description": "Deploy"})


def plan(db: Database, shop: Seeded, end: float, start: float = 0, services: list[str] | None = None) -> str:
    eve = Actor(ActorKind.USER, shop.people["eve"], "Eve", "website")
    with db.begin() as tx:
        return windows.add(Tx(tx.conn, NOW), eve, body(services or [shop.service], start, end))


def change(db: Database, id: str, minutes: float, asked: WindowBody | None) -> None:
    """Move a window at this minute, or end it."""
    eve = Actor(ActorKind.USER, "PEVE", "Eve", "website")
    with db.begin() as tx:
        then, row = Tx(tx.conn, at(minutes)), windows.get(tx.conn, id, lock=True)
        if asked is None:
            windows.drop(then, eve, row)
        else:
            windows.edit(then, eve, row, asked)


def happens(db: Database, key: str, minutes: float, *said: tuple[str, str]) -> None:
    with db.begin() as tx:
        then = Tx(tx.conn, at(minutes))
        take(then, [event(key, then.now, n, *one) for n, one in enumerate(said)])


def event(key: str, now: datetime, number: int, action: str, dedup: str) -> Any:
    payload = {"summary": f"{dedup} is broken", "source": "web-1", "severity": "critical"}
    sent = json.dumps({"event_action": action, "payload": payload}).encode()
    return read(Stored(f"{dedup}.{number}", 1, number, False, Raw("v2", now, key, dedup, msgspec.Raw(sent))))


def passes(db: Database, minutes: float) -> int:
    """What a worker does at this minute; how many looks it took."""
    looks = 0
    while True:
        with db.begin() as tx:
            found = timers.due(tx.conn, [LOOK], at(minutes), None, 500)
            if not found:
                return looks
            looks += looking.fire(Tx(tx.conn, at(minutes)), found)


def rows(db: Database, query: str) -> list[Any]:
    with db.begin() as tx:
        assert not silent(tx.conn)
        return [row[0] if len(row) == 1 else tuple(row) for row in tx.conn.execute(text(query))]


OPEN = "SELECT title FROM incidents WHERE status = 'triggered' ORDER BY number"
HELD = "SELECT dedup_key FROM alerts WHERE status = 'triggered' AND held_by IS NOT NULL ORDER BY dedup_key"


def test_held_then_opened_at_the_end_and_never_twice(db: Database, shop: Seeded) -> None:
    plan(db, shop, 60)
    happens(db, shop.key, 1, ("trigger", "disk"), ("trigger", "blip"), ("resolve", "blip"))
    happens(db, shop.key, 2, ("trigger", "cpu"))
    passes(db, 59)
    assert (rows(db, OPEN), rows(db, HELD)) == ([], ["cpu", "disk"])
    passes(db, 60)
    assert (rows(db, OPEN), rows(db, HELD)) == (["disk is broken", "cpu is broken"], [])
    assert len(rows(db, "SELECT id FROM effects WHERE kind = 'page'")) == 2
    assert passes(db, 300) == 0
    assert rows(db, "SELECT count(*) FROM incidents") == [2]


def test_moving_a_window_moves_what_it_holds_and_the_timer(db: Database, shop: Seeded) -> None:
    id = plan(db, shop, 60)
    happens(db, shop.key, 1, ("trigger", "disk"))
    change(db, id, 50, body([shop.service], 0, 90))
    passes(db, 50)
    assert rows(db, "SELECT held_until FROM alerts") == [at(90)]
    passes(db, 89)
    assert rows(db, OPEN) == []
    change(db, id, 89, None)
    passes(db, 89)
    assert rows(db, OPEN) == ["disk is broken"]


def test_a_service_taken_out_of_a_window_opens_and_the_others_stay(db: Database, shop: Seeded) -> None:
    with db.begin() as tx:
        other, _, key = add_service(tx.conn, shop.policy)
    id = plan(db, shop, 60, services=[shop.service, other])
    happens(db, shop.key, 1, ("trigger", "disk"))
    happens(db, key, 1, ("trigger", "mail"))
    change(db, id, 2, body([other], 0, 60))
    passes(db, 2)
    assert (rows(db, OPEN), rows(db, HELD)) == (["disk is broken"], ["mail"])


def test_windows_that_overlap_are_one_and_more_than_a_row_keeps_are_all_heard(db: Database, shop: Seeded) -> None:
    for n in range(30):
        plan(db, shop, 10 * n + 12, 10 * n)
    happens(db, shop.key, 1, ("trigger", "disk"))
    for minute in range(0, 302, 20):
        passes(db, minute)
        assert rows(db, OPEN) == []
    passes(db, 302)
    assert rows(db, OPEN) == ["disk is broken"]


def test_thousands_open_in_bounded_transactions(db: Database, shop: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST", 40)
    plan(db, shop, 60)
    happens(db, shop.key, 1, *(("trigger", f"k{n:03}") for n in range(90)))
    plan(db, shop, 120)
    assert passes(db, 2) >= 3
    assert rows(db, "SELECT DISTINCT held_until FROM alerts") == [at(120)]
    assert passes(db, 120) >= 3
    assert rows(db, "SELECT count(*), count(DISTINCT incident_id), min(title) FROM alerts, incidents") [0][1:] == (
        90, "k000 is broken")  # fmt: skip


def test_a_batch_whose_clock_is_behind_holds_nothing_until_an_instant_that_has_passed(
    db: Database, shop: Seeded
) -> None:
    """The end of the window waits for a batch that has the service; a batch that comes after sees it is over."""
    plan(db, shop, 60)
    looked = threading.Thread(target=passes, args=(db, 60))
    with db.begin() as tx:
        then = Tx(tx.conn, at(59.99))
        take(then, [event(shop.key, then.now, 0, "trigger", "disk")])
        looked.start()
        looked.join(0.3)
        assert looked.is_alive(), "the look did not wait for the service"
    looked.join(10)
    assert rows(db, OPEN) == ["disk is broken"]
    happens(db, shop.key, 59.99, ("trigger", "cpu"))
    assert (rows(db, OPEN), rows(db, HELD)) == (["disk is broken", "cpu is broken"], [])


def test_the_auditor_finds_what_was_forgotten_and_has_it_looked_at(db: Database, shop: Seeded) -> None:
    plan(db, shop, 60)
    happens(db, shop.key, 1, ("trigger", "disk"))
    for broken in ("DELETE FROM timers", "UPDATE timers SET due_at = due_at + interval '2 hours'"):
        passes(db, 2)
        with db.begin() as tx:
            assert forgotten(tx.conn) == {}
            tx.conn.execute(text(broken))
            assert set(forgotten(tx.conn).values()) == {shop.service}
            assert len(silent(tx.conn)) == 1
            look_again(Tx(tx.conn, at(2)))
    passes(db, 61)
    assert rows(db, OPEN) == ["disk is broken"]


def test_what_a_removed_service_holds_opens_all_the_same(db: Database, shop: Seeded) -> None:
    plan(db, shop, 60)
    happens(db, shop.key, 1, ("trigger", "disk"))
    with db.begin() as tx:
        tx.conn.execute(text("UPDATE services SET deleted_at = created_at"))
        tx.conn.execute(text("UPDATE integrations SET deleted_at = created_at"))
    passes(db, 60)
    assert rows(db, OPEN) == ["disk is broken"]
