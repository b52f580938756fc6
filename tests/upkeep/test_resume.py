"""A held install takes and decides events, no more; resuming lets go, and drops only what it is told to."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from psycopg import AsyncConnection
from sqlalchemy import text

from tests.e2e.served import trigger
from tests.seed import seed
from tocsin.core import intake_log
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.intake_log import Raw
from tocsin.incidents.store.audit import silent
from tocsin.notifications.commands import planning
from tocsin.notifications.store import sends
from tocsin.upkeep import resume
from tocsin.workers.loops import TimerWork, decide_events

LEASE = timedelta(minutes=1)


@pytest.fixture
def install(pg_url: str) -> Database:
    """An install with one open incident and its page still to be planned."""
    database = Database(pg_url)
    key = seed(database).key
    body = msgspec.json.encode(trigger(key, "disk full", "d"))
    asyncio.run(accept(pg_url, Raw("v2", real_now(), key, "d", msgspec.Raw(body))))
    while decide_events(database, "test"):
        pass
    return database


async def accept(url: str, event: Raw) -> None:
    async with await AsyncConnection.connect(url.replace("+psycopg", "", 1), autocommit=True) as conn:
        await intake_log.append(conn, [event])


def hold(database: Database) -> None:
    run(database, "UPDATE account SET held = true")


def run(database: Database, statement: str) -> list[Any]:
    with database.begin() as tx:
        done = tx.conn.execute(text(statement))
        return [tuple(row) for row in done] if done.returns_rows else []


def claimed(database: Database) -> int:
    later = real_now() + timedelta(hours=1)
    return database.run(lambda tx: len(sends.claim(tx.conn, "email", "test", later, LEASE, 10)))


def test_a_held_install_plans_nothing_sends_nothing_and_fires_no_timer(install: Database) -> None:
    planned = database_plans(install)
    hold(install)
    run(install, "UPDATE timers SET due_at = due_at - interval '1 day'")
    overdue = run(install, "SELECT * FROM timers")
    assert (planned, database_plans(install), claimed(install), TimerWork(install)()) == (1, 0, 0, False)
    assert run(install, "SELECT * FROM timers") == overdue


def database_plans(database: Database) -> int:
    return database.run(planning.plan)


def test_after_resuming_the_page_is_planned_and_sent(install: Database) -> None:
    hold(install)
    assert database_plans(install) == 0
    install.run(lambda tx: resume.resume(tx, None))
    assert (database_plans(install), claimed(install)) == (1, 1)


def test_a_timer_that_became_due_while_held_fires_at_once_afterwards(install: Database) -> None:
    hold(install)
    work = TimerWork(install)
    work()
    run(install, "UPDATE timers SET due_at = due_at - interval '1 day'")
    work()
    install.run(lambda tx: resume.resume(tx, None))
    assert work()


def test_looking_tells_how_much_waits_and_changes_nothing(install: Database) -> None:
    assert install.run(resume.look) is None
    hold(install)
    stale = install.run(resume.look)
    assert stale is not None
    counts = {name: count for name, count, _ in stale.lines}
    assert counts["open incidents, less than an hour old"] == 1
    assert counts["pages and notices to plan"] == 1
    assert counts["messages to send"] == 0


@pytest.mark.parametrize("planned", [True, False])
def test_pages_of_older_incidents_are_dropped_with_a_reason(install: Database, planned: bool) -> None:
    if planned:
        database_plans(install)
    hold(install)
    run(install, "UPDATE incidents SET created_at = created_at - interval '5 hours'")
    assert install.run(lambda tx: resume.resume(tx, 4)) == 1
    assert (database_plans(install), claimed(install)) == (0, 0)
    reasons = run(install, "SELECT reason FROM log_entries WHERE reason LIKE 'dropped %'")
    assert reasons == [("dropped at tocsin resume: the incident is older than 4 hours",)]


def test_an_incident_whose_page_was_dropped_is_still_open_and_goes_on(install: Database) -> None:
    hold(install)
    run(install, "UPDATE incidents SET created_at = created_at - interval '5 hours'")
    install.run(lambda tx: resume.resume(tx, 4))
    assert run(install, "SELECT status FROM incidents") == [("triggered",)]
    with install.begin() as tx:
        assert silent(tx.conn) == []


def test_pages_of_newer_incidents_are_kept(install: Database) -> None:
    hold(install)
    assert install.run(lambda tx: resume.resume(tx, 4)) == 0
    assert (database_plans(install), claimed(install)) == (1, 1)
