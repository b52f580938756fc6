"""How long GET /oncalls takes, through the whole kit. Run: ``python bench/oncalls.py``; prints percentiles.

200 policies of 3 levels over 100 three-layer schedules of six people, limit 100. Target: p95 of 100 ms. Each round
asks anew; the first one also parses every schedule, and every tenth follows an edit of a schedule.
"""

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from tocsin.accounts.commands import users
from tocsin.accounts.commands.bootstrap import Bootstrapped, bootstrap
from tocsin.accounts.wire import UserBody
from tocsin.core import actor, postgres, schema
from tocsin.core.db import Database, Tx, insert_rows
from tocsin.core.settings import Settings
from tocsin.escalation.store.oncall import on_call
from tocsin.escalation.store.snapshots import current
from tocsin.escalation.store.tables import escalation_policies, escalation_rules
from tocsin.operations import rest_app
from tocsin.rest.dispatch import Dispatcher
from tocsin.rest.request import Request
from tocsin.schedules import commands
from tocsin.schedules.model import Layer, Restriction

SCHEDULES, POLICIES, PEOPLE, ROUNDS = 100, 200, 60, 100
BEGAN = datetime(2026, 1, 1, 9, tzinfo=UTC)
BY = actor.system()
CPU: list[float] = []  # milliseconds of work of each request, for machines that have other work too


def layer(number: int, of: int, people: list[str]) -> Layer:
    """Daily turns of six people; the upper layers speak nine hours a day."""
    opens = clock_time(hour=(number * 7 + of) % 24)
    restrictions = (Restriction("daily", None, opens, 9 * 3600),) if number else ()
    six = tuple(people[(of + number + i) % len(people)] for i in range(6))
    return Layer(f"L{of}x{number}", f"layer {number}", BEGAN, None, BEGAN, 86_400, six, restrictions)


def fill(tx: Tx) -> list[str]:
    """People, schedules and policies; the ids of the schedules."""
    early = Tx(tx.conn, BEGAN)
    people = [users.insert(tx, BY, UserBody(name=f"Person {n}", email=f"person{n}@example.com")) for n in range(PEOPLE)]
    made = [
        commands.add(early, BY, commands.Asked(f"Schedule {n}", "Europe/Berlin", None,
                     tuple(layer(i, n, people) for i in range(3)), (), ()))
        for n in range(SCHEDULES)
    ]  # fmt: skip
    policies = [
        {"id": f"PPOLICY{n:04}", "name": f"Policy {n}", "num_loops": 0, "on_call_handoff_notifications": "always",
         "created_at": BEGAN}
        for n in range(POLICIES)
    ]  # fmt: skip
    rules = [
        {"id": f"PRULE{n:04}x{level}", "policy_id": f"PPOLICY{n:04}", "position": level, "delay_minutes": 5,
         "strategy": "assign_to_everyone", "targets": [{"kind": "schedule", "id": made[(n + level * 31) % SCHEDULES]}]}
        for n in range(POLICIES)
        for level in range(3)
    ]  # fmt: skip
    insert_rows(tx.conn, escalation_policies, policies)
    insert_rows(tx.conn, escalation_rules, rules)
    return made


def ask(dispatcher: Dispatcher, key: str, query: str) -> float:
    """Milliseconds of one request."""
    headers = {"authorization": f"Token token={key}"}
    request = Request("GET", "/oncalls", query, headers, b"", "http://localhost", None, "bench")
    began, worked = time.perf_counter(), time.process_time()
    answer = dispatcher.answer(request)
    took = (time.perf_counter() - began) * 1000
    CPU.append((time.process_time() - worked) * 1000)
    assert answer.status == 200, answer.body
    return took


def edit(database: Database, schedule_id: str) -> None:
    """Someone takes over: the schedule must be read anew."""

    def take_over(tx: Tx) -> None:
        row = commands.get(tx.conn, schedule_id, lock=True)
        person = next(iter(finding_people(tx)))
        commands.add_override(tx, BY, row, person, tx.now, tx.now + timedelta(hours=1))

    database.run(take_over)


def finding_people(tx: Tx) -> list[str]:
    """Somebody of the account."""
    return list(tx.conn.scalars(users.people.find_users().with_only_columns(users.people.users.c.id).limit(1)))


def told(name: str, took: list[float]) -> None:
    """One line of figures."""
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"{name}: median {statistics.median(took):.1f} ms, p95 {p95:.1f} ms, worst {max(took):.1f} ms")


def measure(database: Database, made: list[str], keys: Bootstrapped) -> None:
    """Print the figures."""
    dispatcher = rest_app(database, Settings(api_rate_limit=0)).dispatcher
    print(f"first request of a process: {ask(dispatcher, keys.api_key, 'limit=100'):.1f} ms")
    plain = [ask(dispatcher, keys.api_key, "limit=100") for _ in range(ROUNDS)]
    told("GET /oncalls limit=100 (target p95 100 ms)", plain)
    told("  its own CPU time", CPU[-ROUNDS:])
    expanded = "limit=100&include[]=users&include[]=schedules"
    told("with users and schedules included", [ask(dispatcher, keys.api_key, expanded) for _ in range(20)])
    edited = []
    for n in range(20):
        edit(database, made[n])
        edited.append(ask(dispatcher, keys.api_key, "limit=100"))
    told("each after an edit", edited)
    pager(database)


def pager(database: Database) -> None:
    """What a batch of the pager pays for its schedules."""
    took = []
    for _ in range(ROUNDS):
        with database.begin() as tx:
            snapshots = list(current(tx.conn, [f"PPOLICY{n:04}" for n in range(POLICIES)]).values())
            began = time.perf_counter()
            on_call(tx.conn, snapshots, tx.now)
            took.append((time.perf_counter() - began) * 1000)
    told("on_call of all 200 policies in one batch", took)


def main() -> None:
    """On a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory() as place:
        server = postgres.start(Path(place) / "pg", print)
        try:
            schema.upgrade(server.url)
            database = Database(server.url)
            keys = database.run(lambda tx: bootstrap(tx, "owner@example.com", "Olga", None))
            measure(database, database.run(fill), keys)
            database.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
