"""The loops of a worker themselves: they follow, deliver and end; a receiver that hangs delays nobody else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.webhooks.house import LINKS_OF, OUTBOUND, House
from tests.webhooks.receiver import Receiver
from tocsin.core import due_work
from tocsin.core.clock import Clock
from tocsin.main import DUE_WORK
from tocsin.workers.health import Health, metrics, ready
from tocsin.workers.hooks import Follow, HookSender
from tocsin.workers.loops import Loop


@contextmanager
def working(house: House) -> Iterator[None]:
    """A worker's webhooks, woken by nothing but time."""
    sender = HookSender(house.database, "w", OUTBOUND, LINKS_OF, threading.Event())
    loops = [Loop("follow", Follow(house.database, LINKS_OF), threading.Event(), rest=0.05), sender]
    for loop in loops:
        loop.start()
    yield
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.join(20)
        assert not loop.is_alive()


def eventually(look: Callable[[], bool], seconds: float = 20) -> None:
    """Fails unless it becomes true."""
    over = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < over, "it never happened"
        time.sleep(0.02)


def test_a_worker_delivers_and_who_hangs_delays_nobody(house: House) -> None:
    house.database.clock = Clock()
    with Receiver(silent=True) as slow, Receiver() as quick:
        house.subscribes(slow)
        house.subscribes(quick)
        with working(house):
            for n in range(12):
                house.acme.triggers(f"disk{n}")
            eventually(lambda: len(quick.got) == 12)
            assert len(slow.got) <= 4
            slow.over.set()
            eventually(lambda: len(slow.got) >= 5)


def test_the_test_clock_knows_what_webhooks_wait_for(house: House) -> None:
    sources = [source for source in DUE_WORK if source.name.startswith("webhooks")]

    def waiting() -> list[str]:
        with house.database.begin() as tx:
            return due_work.waiting(tx.conn, sources, tx.now)

    house.acme.triggers("before anybody listens")
    assert waiting() == []
    with Receiver(answers=[503]) as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        assert waiting() == ["webhooks to make"]
        house.follows()
        assert waiting() == ["webhooks"]
        house.delivers()
        assert waiting() == []
        with house.database.begin() as tx:
            assert due_work.earliest(tx.conn, sources) == house.due() is not None


def test_what_is_far_behind_shows_in_readiness_and_numbers(house: House) -> None:
    state = Health(house.database, real_mail=True)
    with Receiver() as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        house.execute("UPDATE log_entries SET at = at - interval '1 hour'")
        assert any("become webhooks" in one for one in ready(state)[1]["degraded"])  # type: ignore[attr-defined]
        house.follows()
        assert not any("webhooks" in one for one in ready(state)[1]["degraded"])  # type: ignore[attr-defined]
        said = metrics(state).decode()
    assert "tocsin_webhooks_waiting 1.0" in said
    assert "tocsin_webhook_queues 1.0" in said
