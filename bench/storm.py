"""A storm on one service: how fast a filled log drains, and what everybody else notices of it.

1. 100,000 events of 10,000 dedup keys, round robin, lie in the intake log in many group commits before the worker
   starts. The rate counts from its first lane to the empty log; PostgreSQL runs on the same cores.
2. Meanwhile one event a second comes in over HTTP for other services, each with a person of its own, and the time until
   its mail reaches a real SMTP server is taken. These services lie in lanes other than the storm's; one that shares the
   storm's lane (1 in 64) waits behind it, and is told apart.
3. The person of the stormy service is watched for two minutes of real time.

    python -m bench storm [--quick]
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import psutil
from psycopg import AsyncConnection
from sqlalchemy import text
from tests.e2e.served import Served, trigger

from bench.figures import Figure, percentile, progress, shown
from bench.installed import (
    Install,
    TimedPostbox,
    Watch,
    cpu_seconds,
    desks,
    installed,
    people,
    postgres_processes,
    scalar,
    serve,
    wait_until,
)
from bench.latency import send_spaced
from tocsin.core import intake_log
from tocsin.core.intake_log import Raw, lane_of

PER_COMMIT = 64
MINUTES = 2.0
STORMY = "alice"
REST_OF = "SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM intake_pending WHERE lane = :lane) w"


@dataclass
class Seen:
    """What was seen while the storm drained; instants are monotonic seconds."""

    began: float = 0.0
    ended: float = 0.0
    first_alert: float = 0.0
    rss_before: int = 0
    rss_most: int = 0
    worker_cpu: float = 0.0
    database_cpu: float = 0.0
    sent: dict[str, float] = field(default_factory=dict)


def figures(quick: bool = False) -> Sequence[Figure]:
    """Fill, drain, watch."""
    events, keys, minutes = (5_000, 500, 0.2) if quick else (100_000, 10_000, MINUTES)
    with installed() as install, TimedPostbox() as postbox:
        with install.database.begin() as tx:
            others = desks(tx.conn, people(tx.conn, install.seeded.people[STORMY], 160))
        lane = lane_of(install.seeded.key)
        apart = [place for place in others if lane_of(place[1]) != lane]
        fill(install, events, keys)
        seen = drained(install, postbox, apart, minutes)
        wrong = check(install, keys)
    return told(seen, postbox, events, minutes, apart) + wrong


def fill(install: Install, events: int, keys: int) -> None:
    """Put the storm into the log, as the intake would."""
    progress(f"storm: filling the log with {events:,} events of {keys:,} keys, {PER_COMMIT} a commit")
    asyncio.run(_fill(install.url.replace("+psycopg", "", 1), install.seeded.key, events, keys))


async def _fill(dsn: str, key: str, events: int, keys: int) -> None:
    now = datetime.now(UTC)
    details = {"region": "eu", "cluster": "a", "note": "x" * 200}
    async with await AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("SET synchronous_commit = off")
        for start in range(0, events, PER_COMMIT):
            batch = []
            for n in range(start, min(start + PER_COMMIT, events)):
                body = trigger(key, f"disk {n % keys} is full", f"disk {n % keys}", custom_details=details)
                batch.append(Raw("v2", now, key, f"disk {n % keys}", msgspec.Raw(msgspec.json.encode(body))))
            await intake_log.append(conn, batch)


def drained(install: Install, postbox: TimedPostbox, apart: Sequence[tuple[str, str]], minutes: float) -> Seen:
    """Start the worker, send the other services' events, watch until the log is empty and the minutes are over."""
    seen, lane = Seen(), lane_of(install.seeded.key)
    with serve(install, smtp=postbox.url) as served:
        leased = text("SELECT token > 0 FROM intake_leases WHERE lane = :lane")
        wait_until(lambda: bool(scalar(install.database, str(leased), lane=lane)), 30, "the worker took the lane")
        seen.began = time.monotonic()
        workers = served.children("worker")
        used = cpu_seconds(workers), cpu_seconds(postgres_processes(install))
        watches = [Watch(lambda: _memory(served, seen), 0.1), Watch(lambda: _first_alert(install, seen), 0.02)]
        for watch in watches:
            watch.start()
        others = threading.Thread(target=_others, args=(served, seen, apart, minutes), daemon=True)
        others.start()
        wait_until(lambda: scalar(install.database, REST_OF, lane=lane) == 0, 300, "the log is empty", 0.05)
        seen.ended = time.monotonic()
        seen.worker_cpu = cpu_seconds(workers) - used[0]
        seen.database_cpu = cpu_seconds(postgres_processes(install)) - used[1]
        progress(f"storm: drained in {seen.ended - seen.began:.1f} s; watching the person's mails")
        others.join(minutes * 60 + 30)
        time.sleep(max(0.0, seen.began + minutes * 60 - time.monotonic()))
        for watch in watches:
            watch.stop()
    return seen


def _memory(served: Served, seen: Seen) -> None:
    used = sum(_rss(process) for process in served.children("worker"))
    seen.rss_before = seen.rss_before or used
    seen.rss_most = max(seen.rss_most, used)


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _first_alert(install: Install, seen: Seen) -> None:
    query = "SELECT 1 FROM alerts WHERE service_id = :service LIMIT 1"
    if not seen.first_alert and scalar(install.database, query, service=install.seeded.service):
        seen.first_alert = time.monotonic()


def _others(served: Served, seen: Seen, apart: Sequence[tuple[str, str]], minutes: float) -> None:
    count = max(5, int(min(minutes * 60 - 5, len(apart))))
    for place in apart[:count]:
        began = time.monotonic()
        seen.sent |= send_spaced(served.base, [place], 1.0)
        time.sleep(max(0.0, began + 1.0 - time.monotonic()))


def check(install: Install, keys: int) -> list[Figure]:
    """Every key became one incident, and nothing was set aside."""
    service = install.seeded.service
    opened = scalar(install.database, "SELECT count(*) FROM incidents WHERE service_id = :s", s=service)
    parked = scalar(install.database, "SELECT count(*) FROM intake_parked")
    return [
        Figure("incidents made", opened, "", least=keys, most=keys),
        Figure("events that could not be decided", parked, "", most=0),
    ]


def told(
    seen: Seen, postbox: TimedPostbox, events: int, minutes: float, apart: Sequence[tuple[str, str]]
) -> list[Figure]:
    """The figures."""
    mails = [at for at in postbox.arrived.get(f"{STORMY}@example.com", ()) if at <= seen.began + minutes * 60]
    first = min(mails) - seen.first_alert if mails else None
    during = {name: at for name, at in seen.sent.items() if at < seen.ended}
    return [
        Figure("events decided", events / (seen.ended - seen.began), "/s", least=5000, note=_parts(seen, events)),
        Figure("worker's memory grows", (seen.rss_most - seen.rss_before) / 2**20, "MB", most=100),
        Figure(f"mails to the person in {minutes:g} min", len(mails), "", most=3),
        Figure("first mail after the first event decided", first, "s", most=2),
        _waited("another service's event to SMTP, p99, while draining", during, postbox, 1.0),
        _waited("another service's event to SMTP, p99, whole time", seen.sent, postbox, None),
    ]


def _parts(seen: Seen, events: int) -> str:
    worker, database = seen.worker_cpu / events * 1e6, seen.database_cpu / events * 1e6
    took = f"{events:,} events in {seen.ended - seen.began:.1f} s"
    return f"{took}; processor time an event: worker {worker:.0f} µs, PostgreSQL {database:.0f} µs"


def _waited(name: str, sent: dict[str, float], postbox: TimedPostbox, most: float | None) -> Figure:
    arrived = {person: postbox.first(person) for person in sent}
    lost = [person for person, at in arrived.items() if at is None]
    took = [at - sent[person] for person, at in arrived.items() if at is not None]
    note = f"{len(sent)} events, p50 {shown(percentile(took, 0.5))} s" + (f", {len(lost)} NOT ARRIVED" if lost else "")
    return Figure(name, None if lost else percentile(took, 0.99), "s", most=most, note=note)
