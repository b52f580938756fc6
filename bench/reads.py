"""Reading over REST: a page of incidents out of a million, and one thing by its id against the framework's no-op.

1. A million incidents (2,000 of them open) with their trigger entries, 500 services, 200 policies, 100 teams, 300
   people, made set-wise. One client, one request after the other, over HTTP; every page differs from the last.
2. Two no-ops: an operation of our own kit that asks the database nothing (`GET /abilities`: key, rights, a thread,
   rendering), which the goal is read against, and a bare Starlette route that answers a constant object. One process
   each, `wrk` with 16 connections, rounds interleaved; ratios are what to read.

    python -m bench reads [--quick]
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx2
from sqlalchemy import Connection, select, text, update
from tests.e2e.ports import free_port
from tests.seed import BEGAN, add_policy, add_service

from bench.figures import Figure, median, percentile, progress
from bench.installed import Install, installed, people, serve
from bench.intake import running, until_up
from tocsin.accounts.commands import keys
from tocsin.accounts.store.tables import teams, users
from tocsin.core import actor, ids
from tocsin.core.clock import real_now
from tocsin.core.db import insert_rows
from tocsin.escalation.store.tables import escalation_policies

OPEN = 2_000
INCLUDES = "&".join(f"include[]={name}" for name in ("services", "assignees", "escalation_policies", "teams"))
LISTS = {
    "open ones": "statuses[]=triggered&statuses[]=acknowledged&date_range=all&sort_by=created_at:desc",
    "a month of all": "sort_by=created_at:desc",
}
CONNECTIONS = 16
STARLETTE, KIT = "Starlette's no-op", "the kit's no-op"


def figures(quick: bool = False) -> Sequence[Figure]:
    """Fill, ask, compare."""
    if shutil.which("wrk") is None:
        raise RuntimeError("the reads benchmark needs wrk (Debian: apt install wrk)")
    with installed() as install:
        key, some = filled(install, 20_000 if quick else 1_000_000)
        with serve(install, roles="web") as served:
            found = pages(served.base, key, 20 if quick else 200)
            found += by_id(served.base, key, some, (2, 1) if quick else (5, 4))
    return found


def filled(install: Install, count: int) -> tuple[str, dict[str, str]]:
    """The account of the measurement: a key, and the path of one thing of each kind."""
    with install.database.begin() as tx:
        key = keys.issue(tx, actor.system(), None, "bench", False)
        named = people(tx.conn, install.seeded.people["alice"], 300)
        policies = _policies(tx.conn, list(named))
        made = [add_service(tx.conn, policies[n % len(policies)])[0] for n in range(500)]
        progress(f"reads: {count:,} incidents")
        first = _incidents(tx.conn, count, made, policies, list(named.values()))
    with install.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))
    person = next(iter(named.values()))
    return key, {"user": f"/users/{person}", "service": f"/services/{made[0]}", "incident": f"/incidents/{first}"}


def _policies(conn: Connection, names: Sequence[str]) -> list[str]:
    """200 policies of 100 teams, each with one person."""
    ids_by_name = {row.name: row.id for row in conn.execute(select(users.c.name, users.c.id))}
    made = [add_policy(conn, ids_by_name, [(30, [names[n % len(names)]])], 0) for n in range(200)]
    rows = [
        {"id": ids.thing(), "name": f"Team {n}", "default_role": "manager", "created_at": BEGAN} for n in range(100)
    ]
    insert_rows(conn, teams, rows)
    for n, policy in enumerate(made):
        conn.execute(
            update(escalation_policies).where(escalation_policies.c.id == policy).values(team_id=rows[n % 100]["id"])
        )
    return made


INCIDENTS = """
INSERT INTO incidents (id, number, service_id, title, status, urgency, policy_id, level, pass_no, assigned_via,
    assignments, acknowledgements, ever_acknowledged, created_at, updated_at, last_status_change_at, resolved_at,
    alerts_all, alerts_triggered, trigger_count, seq, last_logged_at, first_trigger_log_entry_id, priority_id)
SELECT 'Q' || lpad(n::text, 13, '0'), n, (CAST(:services AS text[]))[1 + n % 500],
    'Disk of host ' || n % 9000 || ' fills up', CASE WHEN open THEN 'triggered' ELSE 'resolved' END,
    CASE WHEN n % 3 = 0 THEN 'low' ELSE 'high' END,
    (CAST(:policies AS text[]))[1 + n % 500 % 200], 1, 1, 'escalation_policy',
    CASE WHEN open THEN jsonb_build_array(jsonb_build_object('user_id', (CAST(:users AS text[]))[1 + n % 300],
                                                             'at', at)) ELSE CAST('[]' AS jsonb) END,
    '[]', false, at, at, at, CASE WHEN open THEN NULL ELSE at + interval '20 minutes' END,
    1, 0, 1, 1, at, 'R' || lpad(n::text, 25, '0'), NULL
FROM (SELECT n, n % CAST(:each AS int) = 0 AS open,
             CAST(:now AS timestamptz) - (CAST(:total AS int) - n) * interval '15 seconds' AS at
      FROM generate_series(1, CAST(:total AS int)) n) made
"""

ENTRIES = """
INSERT INTO log_entries (id, incident_id, service_id, seq, at, type, actor_kind, actor_name, channel, cause, reason,
    assignees)
SELECT first_trigger_log_entry_id, id, service_id, 1, created_at, 'trigger', 'integration', 'Events API v2', 'api',
    'event', 'a new alert', '[]' FROM incidents
"""


def _incidents(conn: Connection, count: int, services: list[str], policies: list[str], people: list[str]) -> str:
    """`count` incidents over half a year, `OPEN` of them triggered; the id of an open one."""
    given = {"services": services, "policies": policies, "users": people, "each": max(1, count // OPEN)}
    conn.execute(text(INCIDENTS), given | {"total": count, "now": real_now()})
    conn.execute(text(ENTRIES))
    return str(conn.scalar(text("SELECT id FROM incidents WHERE status = 'triggered' LIMIT 1")))


def pages(base: str, key: str, count: int) -> list[Figure]:
    """A page of 100 with four includes, p50 and p95."""
    found = []
    with httpx2.Client(base_url=base, headers={"authorization": f"Token token={key}"}, timeout=30) as client:
        for name, query in LISTS.items():
            took = [_page(client, query, n) for n in range(count + 3)][3:]
            progress(f"reads: {name}: {percentile(took, 0.5):.1f} ms, p95 {percentile(took, 0.95):.1f} ms")
            label = f"100 incidents, four includes, {name}"
            found.append(Figure(f"{label}, p50", percentile(took, 0.5), "ms"))
            found.append(Figure(f"{label}, p95", percentile(took, 0.95), "ms", most=30, note=f"{count} pages"))
    return found


def _page(client: httpx2.Client, query: str, number: int) -> float:
    """Milliseconds of one page."""
    began = time.perf_counter()
    got = client.get(f"/incidents?limit=100&offset={number % 19 * 100}&{query}&{INCLUDES}")
    took = (time.perf_counter() - began) * 1000
    assert len(got.json().get("incidents", ())) == 100, got.text[:500]
    return took


@contextmanager
def noop() -> Iterator[str]:
    """The framework's own no-op: a constant object from a Starlette route."""
    port = free_port()
    with running([sys.executable, "-m", "bench.noop", str(port), "framework"]):
        until_up(f"http://127.0.0.1:{port}/users/PNOBODY")
        yield f"http://127.0.0.1:{port}"


def by_id(base: str, key: str, paths: Mapping[str, str], size: tuple[int, int]) -> list[Figure]:
    """Rates of plain GETs by id, and their ratio to the no-ops'."""
    rounds, seconds = size
    rates: dict[str, list[float]] = {}
    with noop() as nothing:
        asked = {STARLETTE: f"{nothing}/users/PNOBODY", KIT: f"{base}/abilities"}
        asked |= {name: base + path for name, path in paths.items()}
        for number in range(rounds + 1):
            for name, url in asked.items():
                rates.setdefault(name, []).append(load(url, key, seconds if number else 1))
    rate = {name: median(found[1:]) or 0.0 for name, found in rates.items()}
    found = [Figure(name if name in (STARLETTE, KIT) else f"GET one {name}", one, "/s") for name, one in rate.items()]
    for name in paths:
        found.append(Figure(f"GET one {name} / {KIT}", rate[name] / rate[KIT], "×", least=0.3))
        found.append(Figure(f"GET one {name} / {STARLETTE}", rate[name] / rate[STARLETTE], "×"))
    return found


def load(url: str, key: str, seconds: int) -> float:
    """Requests a second; one that is refused fails the benchmark."""
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Authorization: Token token={key}", url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60, check=True)
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"{url}: {done.stdout}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]
    progress(f"reads: {url.rpartition('/')[0].rpartition('/')[2]} {rate:,.0f}/s")
    return rate
