"""Durable intake against doing nothing, and against an Alertmanager that keeps the same alerts in memory.

1. Every server answers the same ~700-byte alert, one a request, over 64 connections from `wrk`, each with a key of its
   own; rounds are interleaved, the median of each server's rates counts, ratios are what to read.
2. `no-op`: the same server with the same options, which decodes the body and answers 202. One process each.
3. Tocsin runs with the roles web and intake, so no worker decides events meanwhile; one more row tells the rate with
   a worker on. PostgreSQL is the wheel's and, where it is there, Debian's 15; both with durability on.
4. Everything shares the same cores, the load generator too; the notes give the processor time of each a request,
   which other work on the machine disturbs less than the rates.

    python -m bench intake [--quick]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psutil
from tests.e2e.ports import free_port
from tests.e2e.served import trigger

from bench.figures import Figure, median, progress, shown
from bench.installed import cpu_seconds, external_programs, installed, postgres_processes, serve, wait_until

CONNECTIONS = 64
HERE = Path(__file__).parent
NOOP, EMBEDDED, EXTERNAL, WORKER, ALERTMANAGER = (
    "no-op", "embedded PostgreSQL", "external PostgreSQL", "embedded, worker on", "Alertmanager",
)  # fmt: skip


@dataclass
class Target:
    """A server under load: where, what it is sent (KEY stands for the alert's own key), whose processor time counts."""

    name: str
    base: str
    path: str
    body: str
    server: Callable[[], Sequence[psutil.Process]]
    database: Callable[[], Sequence[psutil.Process]] = tuple
    rates: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def figures(quick: bool = False) -> Sequence[Figure]:
    """Start all, load them in turn, compare."""
    rounds, seconds = (2, 1) if quick else (5, 6)
    if shutil.which("wrk") is None:
        raise RuntimeError("the intake benchmark needs wrk (Debian: apt install wrk)")
    with ExitStack() as closing:
        targets = [closing.enter_context(made) for made in _all()]
        _rounds(targets, rounds, seconds)
        # Alone and last: its worker goes on deciding after a round, and would take the processor from the others.
        targets.append(closing.enter_context(tocsin(WORKER, None, "web,intake,worker")))
        _rounds(targets[-1:], rounds, seconds)
    return told({target.name: target for target in targets})


def _rounds(targets: Sequence[Target], rounds: int, seconds: int) -> None:
    for target in targets:
        load(target, 1)
    for number in range(rounds):
        for target in targets:
            rate = load(target, seconds)
            progress(f"intake: round {number + 1} of {rounds}, {target.name}: {rate:,.0f}/s, {target.notes[-1]}")


def _all() -> Iterator[Any]:
    yield noop()
    yield tocsin(EMBEDDED, None, "web,intake")
    if (programs := external_programs()) is not None:
        yield tocsin(EXTERNAL, programs, "web,intake")
    if shutil.which("prometheus-alertmanager"):
        yield alertmanager()


@contextmanager
def noop() -> Iterator[Target]:
    """The handler that does nothing."""
    port = free_port()
    with running([sys.executable, "-m", "bench.noop", str(port)]) as process:
        base = f"http://127.0.0.1:{port}"
        until_up(base)
        yield Target(NOOP, base, "/v2/enqueue", event("0" * 32), lambda: [process])


@contextmanager
def tocsin(name: str, programs: Path | None, roles: str) -> Iterator[Target]:
    """Tocsin as served in production, on a PostgreSQL of its own."""
    with installed(programs) as install, serve(install, roles) as served:
        progress(f"intake: {name} is PostgreSQL {install.version}, roles {roles}")
        yield Target(
            name, served.base, "/v2/enqueue", event(install.seeded.key),
            lambda: served.children("http"), lambda: postgres_processes(install),
        )  # fmt: skip


@contextmanager
def alertmanager() -> Iterator[Target]:
    """Debian's Alertmanager, alone, with a receiver that tells nobody."""
    port = free_port()
    with installed_folder() as place:
        (place / "am.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        words = [
            "prometheus-alertmanager", f"--config.file={place / 'am.yml'}", f"--storage.path={place / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
        ]  # fmt: skip
        with running(words) as process:
            base = f"http://127.0.0.1:{port}"
            until_up(f"{base}/-/ready")
            yield Target(ALERTMANAGER, base, "/api/v2/alerts", alert(), lambda: [process])


@contextmanager
def installed_folder() -> Iterator[Path]:
    """A folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        yield Path(folder)


@contextmanager
def running(words: Sequence[str]) -> Iterator[psutil.Process]:
    """A process that ends with the block."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def until_up(url: str) -> None:
    """Returns once something answers there."""

    def up() -> bool:
        try:
            httpx2.post(url, json={}) if url.count("/") == 2 else httpx2.get(url)
            return True
        except httpx2.HTTPError:
            return False

    wait_until(up, 30, f"{url} answers", 0.1)


LABELS = {
    "alertname": "DiskWillFillIn4Hours", "cluster": "eu-central-1a", "instance": "db-17.internal:9100", "job": "node",
    "mountpoint": "/var/lib/postgresql", "severity": "critical", "team": "storage", "problem": "KEY",
}  # fmt: skip
ANNOTATIONS = {
    "summary": "Disk of db-17 fills within four hours at the present rate",
    "description": "The volume under /var/lib/postgresql has 7.1 % left and loses 1.9 % an hour; the last clean-up was "
    "eleven days ago. Look at the retention of write-ahead logs first.",
}


def event(key: str) -> str:
    """The alert as an Events API v2 event."""
    details = {**{name: value for name, value in LABELS.items() if name != "problem"}, **ANNOTATIONS}
    body = trigger(key, ANNOTATIONS["summary"], "KEY", custom_details=details)
    return msgspec.json.encode(body).decode()


def alert() -> str:
    """The same alert as Prometheus would send it."""
    return msgspec.json.encode([{"labels": LABELS, "annotations": ANNOTATIONS}]).decode()


def load(target: Target, seconds: int) -> float:
    """One run of wrk: requests a second; a refused or broken request fails the benchmark."""
    server, database = list(target.server()), list(target.database())
    used = cpu_seconds(server), cpu_seconds(database), _children_cpu()
    env = {
        **os.environ, "BENCH_BODY": target.body, "BENCH_PATH": target.path, "BENCH_RUN": uuid.uuid4().hex[:12],
    }  # fmt: skip
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "intake.lua"), target.base]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=seconds + 60, check=True)
    result = msgspec.json.decode(done.stdout.rpartition("RESULT ")[2])
    if result["refused"] or result["broken"]:
        raise RuntimeError(f"{target.name}: {result}")
    rate = float(result["requests"] / result["seconds"])
    target.rates.append(rate)
    target.p99.append(result["p99_ms"])
    shares = cpu_seconds(server) - used[0], cpu_seconds(database) - used[1], _children_cpu() - used[2]
    server_each, database_each, load_each = (share / max(1, result["requests"]) * 1e6 for share in shares)
    target.notes.append(f"µs a request: server {server_each:.0f}, PostgreSQL {database_each:.0f}, load {load_each:.0f}")
    time.sleep(0.2)
    return rate


def _children_cpu() -> float:
    """Processor time of children that have ended (wrk)."""
    times = os.times()
    return times.children_user + times.children_system


def told(by: dict[str, Target]) -> list[Figure]:
    """Rates and ratios; the first run of each only warmed up."""
    rate = {name: median(target.rates[1:]) or 0.0 for name, target in by.items()}
    found = [
        Figure(
            f"{name}: requests", rate[name], "/s", note=f"p99 {shown(median(by[name].p99[1:]))} ms; {_last(by[name])}"
        )
        for name in by
    ]
    found.append(_ratio("embedded / no-op (no worker)", rate, EMBEDDED, NOOP, 0.6))
    if EXTERNAL in rate:
        found.append(_ratio("external / no-op (no worker)", rate, EXTERNAL, NOOP, 0.65))
    if ALERTMANAGER in rate:
        found.append(_ratio("embedded / Alertmanager", rate, EMBEDDED, ALERTMANAGER, 0.8))
    if ALERTMANAGER in rate and EXTERNAL in rate:
        found.append(_ratio("external / Alertmanager", rate, EXTERNAL, ALERTMANAGER, 0.8))
    found.append(_ratio("embedded, worker on / no-op", rate, WORKER, NOOP, None))
    return found


def _last(target: Target) -> str:
    return target.notes[-1]


def _ratio(name: str, rate: dict[str, float], ours: str, theirs: str, least: float | None) -> Figure:
    return Figure(name, rate[ours] / rate[theirs], "×", least=least)
