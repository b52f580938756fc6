"""100,000 open incidents with pending timers: what they cost at rest, and how late they fire.

1. Incidents are copies of one that was opened by a real event, with an escalation timer each, made set-wise.
2. At rest: processor time of worker and PostgreSQL, and every statement that PostgreSQL's own log shows.
3. A timer's lateness runs from its due instant until its decision is committed, as another connection sees it (polled,
   so up to 25 ms are added). 100 timers a second fall due for 30 s, alone and while a storm drains.
4. 10,000 fall due at one instant.

    python -m bench timers [--quick]
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import text
from tests.e2e.served import Served
from tests.seed import add_policy, add_service

from bench.figures import Figure, percentile, progress
from bench.installed import (
    Install,
    TimedPostbox,
    cpu_seconds,
    installed,
    people,
    postgres_processes,
    scalar,
    serve,
    wait_until,
)
from bench.latency import send_spaced
from bench.storm import fill
from tocsin.core.clock import real_now

FAR = timedelta(hours=6)
POLL = 0.025

_INCIDENTS = text(
    "INSERT INTO incidents SELECT (jsonb_populate_record(i, jsonb_build_object("
    "'id', CAST(:prefix AS text) || n, 'number', CAST(:first AS bigint) + n))).*"
    " FROM incidents i, generate_series(1, :count) n WHERE i.id = :id"
)
_TIMERS = text(
    "INSERT INTO timers (subject, kind, due_at, version)"
    " SELECT CAST(:prefix AS text) || n, 'incident.escalate',"
    " CAST(:start AS timestamptz) + n * CAST(:apart AS interval), 1 FROM generate_series(1, :count) n"
)
_MOVE = text(
    "UPDATE timers t SET due_at = CAST(:start AS timestamptz) + r.n * CAST(:apart AS interval), version = version + 1"
    " FROM (SELECT subject, row_number() OVER () - 1 AS n FROM timers WHERE subject LIKE :like"
    " AND due_at > :far LIMIT :count) r WHERE t.subject = r.subject AND t.kind = 'incident.escalate'"
    " RETURNING t.subject, t.due_at"
)


@dataclass
class Laid:
    """Templates of incidents by the person who is next: name -> id prefix of the copies."""

    prefixes: dict[str, str] = field(default_factory=dict)


def figures(quick: bool = False) -> Sequence[Figure]:
    """Lay, rest, fire."""
    count, seconds = (2_000, 5) if quick else (100_000, 30)
    with installed() as install, TimedPostbox() as postbox, ExitStack() as closing:
        served = closing.enter_context(serve(install, smtp=postbox.url))
        laid = lay(install, served, postbox, count, ("steady", "stormy", "instant"))
        found = at_rest(install, served, seconds)
        found += [steady(install, laid.prefixes["steady"], seconds, "alone")]
        found += at_once(install, postbox, laid.prefixes["instant"], "instant", 500 if quick else 10_000)
        fill(install, 5_000 if quick else 100_000, 500 if quick else 10_000)
        found += [steady(install, laid.prefixes["stormy"], seconds, "while a storm drains")]
        backlog = scalar(install.database, "SELECT count(*) FROM intake_pending")
        found += [Figure("segments of the storm left after that", backlog)]
    return found


def lay(install: Install, served: Served, postbox: TimedPostbox, count: int, names: Sequence[str]) -> Laid:
    """Open an incident for each name by an event, then copy it: `count` in all. Level 2 is a person of that name."""
    laid = Laid()
    share = count // len(names)
    for n, name in enumerate(names):
        template = _template(install, served, postbox, name)
        laid.prefixes[name] = f"B{name.upper()}"
        given = {"prefix": laid.prefixes[name], "count": share, "id": template}
        with install.database.begin() as tx:
            tx.conn.execute(_INCIDENTS, {**given, "first": 1_000_000 * (n + 1)})
            apart = {"start": real_now() + FAR, "apart": timedelta(milliseconds=10)}
            tx.conn.execute(_TIMERS, {k: v for k, v in {**given, **apart}.items() if k != "id"})
    _vacuum(install)
    progress(f"timers: {scalar(install.database, 'SELECT count(*) FROM timers'):,} timers are set")
    return laid


def _template(install: Install, served: Served, postbox: TimedPostbox, name: str) -> str:
    with install.database.begin() as tx:
        (first, first_id), (second, second_id) = people(tx.conn, install.seeded.people["alice"], 2).items()
        for id, new in ((first_id, f"{name}-first"), (second_id, name)):
            change = {"id": id, "name": new, "mail": f"{new}@example.com"}
            tx.conn.execute(text("UPDATE users SET name = :name, email = :mail WHERE id = :id"), change)
            tx.conn.execute(text("UPDATE contact_methods SET address = :mail WHERE user_id = :id"), change)
        policy = add_policy(tx.conn, {first: first_id, second: second_id}, [(720, [first]), (720, [second])], 0)
        service, _, key = add_service(tx.conn, policy)
    send_spaced(served.base, [(f"{name}-first", key)], 0)
    wait_until(lambda: postbox.first(f"{name}-first") is not None, 15, "the first page")
    return str(scalar(install.database, "SELECT id FROM incidents WHERE service_id = :s", s=service))


def _vacuum(install: Install) -> None:
    with psycopg.connect(install.url.replace("+psycopg", "", 1), autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE incidents")
        conn.execute("VACUUM ANALYZE timers")
        conn.execute("CHECKPOINT")


def at_rest(install: Install, served: Served, seconds: int) -> list[Figure]:
    """Processor time and statements over `seconds` in which nothing is due."""
    time.sleep(5.0)
    progress(f"timers: {seconds} s at rest")
    workers, database = served.children("worker"), postgres_processes(install)
    began, used = time.monotonic(), (cpu_seconds(workers), cpu_seconds(database))
    time.sleep(seconds)
    took = time.monotonic() - began
    worker = (cpu_seconds(workers) - used[0]) / took * 100
    postgres = (cpu_seconds(database) - used[1]) / took * 100
    note = f"worker {worker:.2f} %, PostgreSQL {postgres:.2f} %"
    return [
        Figure("processor time at rest", worker + postgres, "% of a core", most=1, note=note),
        Figure("statements at rest", statements(install, seconds), "/s", most=10, note="all that the log shows"),
    ]


def statements(install: Install, seconds: int) -> float:
    """Statements a second that PostgreSQL logs, BEGIN and COMMIT included."""
    folder = install.place / "pg" / "postgres" / "log"
    _setting(install, "ALTER SYSTEM SET log_statement = 'all'")
    try:
        time.sleep(1.0)
        before = _logged(folder)
        time.sleep(seconds)
        return (_logged(folder) - before) / seconds
    finally:
        _setting(install, "ALTER SYSTEM RESET log_statement")


def _setting(install: Install, statement: str) -> None:
    with psycopg.connect(install.url.replace("+psycopg", "", 1), autocommit=True) as conn:
        conn.execute(statement)
        conn.execute("SELECT pg_reload_conf()")


def _logged(folder: Any) -> int:
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else [folder]
    texts = [path.read_text(errors="replace") for path in files]
    return sum(text.count("statement: ") + text.count("execute ") for text in texts)


def steady(install: Install, prefix: str, seconds: int, when: str) -> Figure:
    """100 timers a second fall due for `seconds`; how late they fire."""
    due = make_due(install, prefix, 100 * seconds, timedelta(milliseconds=10), timedelta(seconds=2))
    progress(f"timers: {len(due):,} fall due over {seconds} s, {when}")
    late = lateness(install, due, seconds + 60)
    p50 = percentile(late, 0.5) or 0.0
    return Figure(
        f"100 timers/s, {when}: late, p99", percentile(late, 0.99), "s", most=1, note=f"p50 {p50:.3f} s, {len(due)}"
    )


def at_once(install: Install, postbox: TimedPostbox, prefix: str, person: str, count: int) -> list[Figure]:
    """`count` timers fall due at one instant."""
    due = make_due(install, prefix, count, timedelta(0), timedelta(seconds=3))
    instant = next(iter(due.values()))
    monotonic = time.monotonic() + (instant - real_now()).total_seconds()
    progress(f"timers: {len(due):,} fall due at once")
    late = lateness(install, due, 90)
    wait_until(lambda: postbox.first(person) is not None, 30, "the first page of those")
    first = (postbox.first(person) or 0.0) - monotonic
    return [
        Figure(f"{len(due):,} due at one instant: all decided after", max(late), "s", most=5),
        Figure("the first page of those after", first, "s", most=1),
    ]


def make_due(install: Install, prefix: str, count: int, apart: timedelta, ahead: timedelta) -> dict[str, datetime]:
    """Set `count` of these timers to fall due `apart` from each other, from `ahead` of now on: subject -> instant."""
    with install.database.begin() as tx:
        start = real_now() + ahead
        far = real_now() + FAR / 2
        given = {"start": start, "apart": apart, "like": f"{prefix}%", "far": far, "count": count}
        found = {row.subject: row.due_at for row in tx.conn.execute(_MOVE, given)}
        tx.conn.execute(text("SELECT pg_notify('tocsin_work', '')"))
    return found


def lateness(install: Install, due: dict[str, datetime], patience: float) -> list[float]:
    """Seconds by which each fired late, watched until all have."""
    left, late = dict(due), []
    end = max(due.values())
    deadline = time.monotonic() + patience + max(0.0, (end - real_now()).total_seconds())
    with psycopg.connect(install.url.replace("+psycopg", "", 1), autocommit=True) as conn:
        while left:
            now = real_now()
            there = {row[0] for row in conn.execute("SELECT subject FROM timers WHERE due_at <= %s", [now])}
            gone = [subject for subject, at in left.items() if at <= now and subject not in there]
            late += [(now - left.pop(subject)).total_seconds() for subject in gone]
            if time.monotonic() > deadline:
                progress(f"[red]timers: {len(left)} did not fire")
                return late + [patience] * len(left)
            time.sleep(POLL)
    return late
