"""Maintenance on a real server: held by its window, opened and paged when it ends, whoever is killed meanwhile."""

import threading
import time
from contextlib import suppress
from datetime import timedelta

import psutil

from tests.e2e.install import Install, Way, eventually
from tests.e2e.served import trigger
from tocsin.core.actor import Actor, ActorKind
from tocsin.incidents.store.audit import silent
from tocsin.rest.body import read
from tocsin.services import commands_windows as windows
from tocsin.services.wire_windows import WindowBody

HELD = "SELECT id FROM alerts WHERE service_id = :s AND status = 'triggered' AND held_by IS NOT NULL"
OPENED = "SELECT DISTINCT incident_id FROM alerts WHERE service_id = :s AND incident_id IS NOT NULL"


def plan(install: Install, way: Way, minutes: float) -> None:
    """Maintenance from now."""
    eve = Actor(ActorKind.USER, install.seeded.people["eve"], "Eve", "website")
    with install.database.begin() as tx:
        until = tx.now + timedelta(minutes=minutes, seconds=1)  # windows have whole seconds, cut off
        given = {"start_time": tx.now, "end_time": until, "services": [{"id": way.service}]}
        windows.add(tx, eve, read(WindowBody, given))


def test_what_still_fires_pages_when_the_window_ends(install: Install) -> None:
    way = install.service()
    plan(install, way, 60)
    for key in ("disk", "cpu"):
        install.send(trigger(way.key, f"{key} is broken", key))
    install.settle()
    install.tell(way, "resolve", "cpu")
    install.served.advance(minutes=59)
    assert (len(install.rows(HELD, s=way.service)), install.rows(OPENED, s=way.service)) == (1, [])
    install.served.advance(minutes=2)
    (opened,) = install.rows(OPENED, s=way.service)
    assert install.pages(opened.incident_id) == [(60, "alice")]


def killing(install: Install, over: threading.Event) -> None:
    """Kill every worker again and again."""
    while not over.is_set():
        for child in install.served.children("worker"):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        time.sleep(0.3)


def test_workers_killed_at_the_end_of_a_window_lose_and_double_nothing(install: Install) -> None:
    way = install.service()
    plan(install, way, 60)
    for n in range(40):
        install.send(trigger(way.key, f"problem {n}", f"k{n}"))
    install.settle()
    over = threading.Event()
    killer = threading.Thread(target=killing, args=(install, over))
    killer.start()
    ending = threading.Thread(target=install.served.advance, kwargs={"minutes": 60})
    ending.start()
    time.sleep(1.5)
    over.set()
    killer.join()
    ending.join()
    eventually(lambda: install.rows(HELD, s=way.service) == [])
    assert len(install.rows(OPENED, s=way.service)) == 40
    assert len(install.rows("SELECT id FROM incidents WHERE service_id = :s", s=way.service)) == 40
    with install.database.begin() as tx:
        assert silent(tx.conn) == []
