"""Two servers on one PostgreSQL share the work; losing one whole node loses no page (SPINE 1, 3, 9)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.e2e.install import SECRET, Install, eventually, installed
from tests.e2e.ports import free_port
from tests.e2e.served import Served, trigger

SENT = "SELECT incident_id, array_agg(send_id) AS sends FROM send_items WHERE state = 'sent' GROUP BY 1"


@pytest.fixture
def install(pg_url: str, tmp_path: Path) -> Iterator[Install]:
    """The first node."""
    (tmp_path / "one").mkdir()
    with installed(pg_url, tmp_path / "one", TOCSIN_LOG_LEVEL="info") as first:
        yield first


@pytest.fixture
def second(install: Install, pg_url: str, tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "two").mkdir()
    settings = {"TOCSIN_DATABASE_URL": pg_url, "TOCSIN_SMTP_URL": install.postbox.url, "TOCSIN_SECRET_KEY": SECRET}
    with Served(tmp_path / "two", free_port(), **settings) as served:
        yield served


def test_both_work_nobody_is_paged_twice_and_the_loss_of_one_loses_no_page(install: Install, second: Served) -> None:
    ways = [install.service(((60, (name,)),)) for name in ("alice", "bob", "carol", "dan", "eve")] * 8
    sent = _until_both_have_sent(install, second, [way.key for way in ways])
    _send(install.served, [trigger(way.key, f"b{n}", f"b{n}") for n, way in enumerate(ways)])
    _kill_tree(install.served)
    killed = time.monotonic()
    eventually(lambda: len(install.rows("SELECT 1 FROM incidents")) == sent + len(ways), seconds=25)
    second.advance(seconds=61)
    assert time.monotonic() - killed < 35
    paged = {row.incident_id: set(row.sends) for row in install.rows(SENT)}
    assert len(paged) == sent + len(ways)
    assert all(sends & set(install.postbox.keys()) for sends in paged.values())
    assert second.call("GET", "/readyz") == (200, {"ready": True, "degraded": []})


def _until_both_have_sent(install: Install, second: Served, keys: list[str]) -> int:
    """Nobody is paged twice, whoever pages; a round's few messages may all be one node's. How many events it took."""
    for number in range(1, 7):
        _send(second, [trigger(key, f"a{number}-{n}", f"a{number}-{n}") for n, key in enumerate(keys)])
        second.advance(seconds=61)
        _assert_each_paged_once(install, number * len(keys))
        if all("event=sent" in node.tail(2000) for node in (install.served, second)):
            return number * len(keys)
    raise AssertionError("one of the nodes never sent anything")


def _send(served: Served, events: list[dict[str, object]]) -> None:
    with ThreadPoolExecutor(4) as senders:
        statuses = list(senders.map(lambda event: served.call("POST", "/v2/enqueue", event)[0], events))
    assert set(statuses) == {202}


def _assert_each_paged_once(install: Install, incidents: int) -> None:
    """Every incident stands in exactly one message, and no message arrived twice."""
    arrived = install.postbox.keys()
    assert len(arrived) == len(set(arrived))
    told = install.rows(SENT)
    assert len(told) == incidents
    assert all(len(row.sends) == 1 and row.sends[0] in arrived for row in told)


def _kill_tree(served: Served) -> None:
    parent = psutil.Process(served.process.pid)
    for process in [parent, *parent.children(recursive=True)]:
        process.kill()
    served.process.wait(10)
