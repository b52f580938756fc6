"""A page of a long list with everything around it: 100 incidents with four includes out of 1,000,000 stored, newest
first, resolved ones too. Goal: p95 of 30 ms, through the whole kit (key, rights, SQL, rendering), without the socket.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from tests.seed import Seeded, seed

from bench.figures import Figure, percentile, progress
from tocsin.accounts.commands import keys
from tocsin.core import actor, postgres, schema
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.incidents.commands import verbs
from tocsin.incidents.commands.opening import NewIncident, create
from tocsin.incidents.store.tables import incidents
from tocsin.operations import rest_app
from tocsin.rest.request import Request

INCLUDES = ("services", "escalation_policies", "assignees", "first_trigger_log_entries")
LIST = "limit=100&date_range=all&sort_by=created_at:desc&" + "&".join(f"include[]={one}" for one in INCLUDES)
OWN = {
    "id": "'QB' || lpad(n::text, 12, '0')", "number": "1000 + n",
    "created_at": "i.created_at - n * interval '20 seconds'",
}  # fmt: skip


def figures(quick: bool) -> Sequence[Figure]:
    """On a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory() as place, postgres.start(Path(place) / "pg") as server:
        schema.upgrade(server.url)
        database = Database(server.url)
        try:
            seeded = seed(database)
            key = database.run(lambda tx: keys.issue(tx, actor.system(), None, "bench", read_only=False))
            fill(database, seeded, 10_000 if quick else 1_000_000)
            return listing(database, key, 20 if quick else 200)
        finally:
            database.close()


def opened(database: Database, seeded: Seeded, title: str) -> str:
    """An incident; its id."""
    return database.run(lambda tx: create(tx, actor.system(), NewIncident(title, seeded.service))).id


def fill(database: Database, seeded: Seeded, count: int) -> None:
    """So many incidents like one that is open (each hundredth) and one that is resolved."""
    progress(f"storing {count:,} incidents")
    made = [opened(database, seeded, title) for title in ("open", "over")]
    database.run(lambda tx: verbs.resolve(tx, actor.system(), made[1:]))
    names = [column.name for column in incidents.columns]
    values = ", ".join(OWN.get(name, f'i."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    copied = text(
        f"INSERT INTO incidents ({columns}) SELECT {values} FROM generate_series(1, :count) n"
        " JOIN incidents i ON i.id = CASE WHEN n % 100 = 0 THEN :open ELSE :over END"
    )
    database.run(lambda tx: tx.conn.execute(copied, {"count": count, "open": made[0], "over": made[1]}))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE incidents"))


def listing(database: Database, key: str, rounds: int) -> list[Figure]:
    """Milliseconds of a page."""
    progress("listing")
    dispatcher = rest_app(database, Settings(api_rate_limit=0)).dispatcher
    headers = {"authorization": f"Token token={key}"}
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = dispatcher.answer(Request("GET", "/incidents", LIST, headers, b"", "http://x", None, "bench"))
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer.body
    return [
        Figure("100 incidents, four includes, p95", percentile(took[3:], 0.95), "ms", most=30),
        Figure("the same, median", statistics.median(took), "ms"),
    ]
