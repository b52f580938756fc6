"""What breaks while it runs: the database, processes, single events; nothing that got its 202 is lost (SPINE 1, 3, 9).

One install of these tests' own, whose road to the database can be closed; it has two workers.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import msgspec
import psutil
import psycopg
import pytest
from psycopg import AsyncConnection

from tests.databases import TestServer
from tests.e2e.install import SECRET, Install, Way, eventually
from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.e2e.road import Road
from tests.e2e.served import Served, trigger
from tests.seed import seed
from tocsin.core import intake_log
from tocsin.core.clock import Clock, real_now
from tocsin.core.db import Database
from tocsin.core.intake_log import Raw


class Shaky(Install):
    """An install whose server can be lost and started again, and whose database can be cut off."""

    road: Road

    def start(self) -> None:
        """Start the server (again)."""
        place, port = self.served.place, int(self.served.base.rpartition(":")[2])
        self.served = Served(place, port, 2, **self.settings()).ready()

    def settings(self) -> dict[str, str]:
        """What the server is started with."""
        return settings(self.road, self.postbox)


def settings(road: Road, postbox: Postbox) -> dict[str, str]:
    """TOCSIN_ settings: the road, not the database itself."""
    return {
        "TOCSIN_DATABASE_URL": road.url, "TOCSIN_SMTP_URL": postbox.url, "TOCSIN_SECRET_KEY": SECRET,
        "TOCSIN_LOG_LEVEL": "warning",
    }  # fmt: skip


@pytest.fixture(scope="module")
def shaky_house(pg_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shaky]:
    name = pg_server.new()
    url = pg_server.database(name)
    database, road = Database(url, Clock(test=True), pool=4), Road(url)
    seeded = seed(database)
    road.open()
    with Postbox() as postbox:
        served = Served(tmp_path_factory.mktemp("shaky"), free_port(), 2, **settings(road, postbox)).ready()
        shaky = Shaky(served, database, postbox, seeded)
        shaky.road = road
        yield shaky
        shaky.served.stop()
    road.close()
    database.close()
    pg_server.drop(name)


@pytest.fixture
def shaky(shaky_house: Shaky) -> Iterator[Shaky]:
    yield shaky_house
    shaky_house.served.ready()
    shaky_house.forget()


class Storm:
    """Sends events until told to stop, as stubborn as a monitoring system; remembers what got its 202."""

    def __init__(self, install: Install, way: Way):
        self._install, self._way = install, way
        self.accepted: list[str] = []
        self.answers: set[int] = set()
        self._over = threading.Event()

    def send(self, number: int) -> None:
        """One sender; a refusal or a broken connection is tried again with the same key."""
        count = 0
        while not self._over.is_set():
            dedup, status = f"{number}-{count}", 0
            with suppress(OSError):
                status = self._install.served.call("POST", "/v2/enqueue", trigger(self._way.key, dedup, dedup))[0]
            self.answers.add(status)
            if status == 202:
                self.accepted.append(dedup)
                count += 1
            else:
                time.sleep(0.05)

    @contextmanager
    def blowing(self, senders: int = 6) -> Iterator["Storm"]:
        """While the block runs."""
        with ThreadPoolExecutor(senders) as pool:
            running = [pool.submit(self.send, number) for number in range(senders)]
            try:
                yield self
            finally:
                self._over.set()
                for one in running:
                    one.result()


def assert_nothing_lost(install: Install, storm: Storm) -> None:
    """Every 202 became its alert, every incident was paged by a mail that arrived, nothing waits or is parked."""
    install.served.advance(seconds=61)
    install.served.advance(seconds=61)
    assert storm.accepted
    found = {row.dedup_key for row in install.rows("SELECT dedup_key FROM alerts")}
    assert [dedup for dedup in storm.accepted if dedup not in found] == []
    arrived = set(install.postbox.keys())
    told = install.rows("SELECT i.id, array_agg(t.send_id) AS sends FROM incidents i LEFT JOIN send_items t"
                        " ON t.incident_id = i.id AND t.state = 'sent' GROUP BY i.id")  # fmt: skip
    assert [row.id for row in told if not set(row.sends) & arrived] == []
    for table in ("intake_pending", "intake_parked", "effects"):
        assert install.rows(f"SELECT 1 FROM {table}") == []


def test_a_database_that_goes_away_turns_everything_red_and_comes_back_by_itself(shaky: Shaky) -> None:
    way = shaky.service()
    children = {child.pid for child in shaky.served.children()}
    with Storm(shaky, way).blowing(3) as storm:
        eventually(lambda: len(storm.accepted) > 20)
        shaky.road.close()
        eventually(lambda: 503 in storm.answers)
        status, ready = shaky.served.call("GET", "/readyz")
        assert (status, ready["ready"]) == (503, False)
        assert shaky.served.call("GET", "/healthz")[0] == 200
        assert "tocsin_database_up 0.0" in shaky.served.text("/metrics")
        before = len(storm.accepted)
        shaky.road.open()
        eventually(lambda: len(storm.accepted) > before + 20, seconds=20)
    shaky.served.ready()
    assert storm.answers <= {0, 202, 503}
    assert {child.pid for child in shaky.served.children()} == children
    assert_nothing_lost(shaky, storm)


def test_a_503_says_when_to_send_it_again(shaky: Shaky) -> None:
    way = shaky.service()
    shaky.road.close()
    try:
        status, answer = shaky.served.call("POST", "/v2/enqueue", trigger(way.key, "x", "k"))
    finally:
        shaky.road.open()
    assert (status, set(answer)) == (503, {"status", "message", "errors"})


def test_a_database_that_ends_every_session_is_survived(shaky: Shaky) -> None:
    with Storm(shaky, shaky.service()).blowing(4) as storm:
        for _ in range(3):
            time.sleep(0.2)
            shaky.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND pid <> pg_backend_pid() AND application_name LIKE 'tocsin%'")  # fmt: skip
    shaky.served.ready()
    assert storm.answers <= {0, 202, 503}
    assert_nothing_lost(shaky, storm)


def test_a_child_that_is_killed_is_back_within_a_second(shaky: Shaky) -> None:
    for kind in ("http", "worker"):
        before = {child.pid for child in shaky.served.children(kind)}
        victim = shaky.served.children(kind)[0]
        victim.kill()
        killed = time.monotonic()
        eventually(lambda kind=kind, before=before: {c.pid for c in shaky.served.children(kind)} - before, seconds=5)
        assert time.monotonic() - killed < 3  # one second, and what a busy machine adds


def test_kill_9_a_moment_after_the_202_loses_nothing(shaky: Shaky) -> None:
    way = shaky.service()
    for turn in range(4):
        victims = eventually(lambda: shaky.served.children("http"), seconds=30)
        for number in range(turn * 5, turn * 5 + 5):
            _patiently(shaky, trigger(way.key, f"problem {number}", f"k{number}"))
        for victim in victims:
            with suppress(psutil.NoSuchProcess):  # killed in the turn before, and only now gone
                victim.kill()
    shaky.served.ready()
    shaky.served.advance(seconds=61)
    found = {row.dedup_key for row in shaky.rows("SELECT dedup_key FROM alerts")}
    assert found == {f"k{number}" for number in range(20)}


def test_sigterm_in_the_middle_of_a_storm_loses_nothing(shaky: Shaky) -> None:
    with Storm(shaky, shaky.service()).blowing() as storm:
        eventually(lambda: len(storm.accepted) > 50)
        shaky.served.process.send_signal(signal.SIGTERM)
        assert shaky.served.process.wait(30) == 0
    shaky.start()
    assert_nothing_lost(shaky, storm)


def test_kill_9_of_the_parent_ends_its_children_and_the_next_start_takes_over(shaky: Shaky) -> None:
    with Storm(shaky, shaky.service()).blowing() as storm:
        eventually(lambda: len(storm.accepted) > 50)
        children = shaky.served.children()
        os.kill(shaky.served.process.pid, signal.SIGKILL)
        shaky.served.process.wait(10)
        _, alive = psutil.wait_procs(children, timeout=25)
        assert alive == []
    shaky.start()
    assert_nothing_lost(shaky, storm)


@pytest.mark.parametrize("body", [b'{"event_action":"explode"}', b"[]", b'{"event_action":"trigger"}'])
def test_an_event_that_cannot_be_decided_is_parked_pages_and_blocks_nobody(install: Install, body: bytes) -> None:
    way = install.service()
    good = [trigger(way.key, f"good {n}", f"k{n}") for n in range(3)]
    events = [good[0], body, good[1], good[2]]
    _append(install, way, events)
    install.settle()
    (parked,) = install.rows("SELECT * FROM intake_parked")
    assert (bytes(parked.raw), parked.service_id) == (body, way.service)
    install.served.advance(seconds=61)
    titles = sorted(row.title for row in install.rows("SELECT title FROM incidents"))
    assert [title[:30] for title in titles] == ["An event could not be processed"[:30], "good 0", "good 1", "good 2"]
    assert sum(int(mail["X-Tocsin-Total"]) for mail in install.mails("alice")) == 4
    assert install.rows("SELECT 1 FROM intake_pending") == []


def test_a_poisoned_event_of_a_key_that_is_gone_blocks_nobody(install: Install) -> None:
    way = install.service()
    _append(install, Way("", "f" * 32), [b"[]", trigger("f" * 32, "x", "k")])
    _append(install, way, [trigger(way.key, "good", "k")])
    install.settle()
    assert [row.title for row in install.rows("SELECT title FROM incidents")] == ["good"]
    assert install.rows("SELECT 1 FROM intake_pending") == []


def _append(install: Install, way: Way, events: list[dict[str, object] | bytes]) -> None:
    """Straight into the log, past the door's checks."""
    bodies = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
    raws = [Raw("v2", real_now(), way.key, f"k{n}", msgspec.Raw(body)) for n, body in enumerate(bodies)]

    async def append() -> None:
        url = install.database.url.replace("+psycopg", "", 1)
        async with await AsyncConnection.connect(url, autocommit=True) as conn:
            await intake_log.append(conn, raws)

    with suppress(psycopg.Warning):
        asyncio.run(append())


def _patiently(install: Install, event: dict[str, object]) -> None:
    def sent() -> bool:
        with suppress(OSError):
            return install.served.call("POST", "/v2/enqueue", event)[0] == 202
        return False

    eventually(sent, seconds=30)
