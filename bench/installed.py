"""A real install to measure: PostgreSQL with durability on, schema, people and services, a server as in production.

1. The test clock is off, logs go to a file, everything is on loopback.
2. People, services and incidents beyond the first are copies of one real row, made set-wise, so that a benchmark need
   not know the tables.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, text
from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.e2e.served import Served
from tests.seed import Seeded, add_policy, add_service, seed

from tocsin.core import ids, postgres, schema
from tocsin.core.db import Database, to_json
from tocsin.workers.housekeeping import make_ahead

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
COPY = (
    "INSERT INTO {table} SELECT (jsonb_populate_record(t, r.change)).* FROM {table} t,"
    " jsonb_array_elements(CAST(:rows AS jsonb)) AS r(change) WHERE t.id = :id"
)


@dataclass(frozen=True)
class Install:
    """A place with a database that holds one account."""

    place: Path
    database: Database
    seeded: Seeded
    version: str

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database.url


def external_programs() -> Path | None:
    """Programs of a PostgreSQL other than the wheel's, if there is one."""
    given = os.environ.get("TOCSIN_TEST_PG_BINDIR")
    found = Path(given) if given else DEBIAN_15
    return found if (found / "postgres").exists() else None


@contextmanager
def installed(bindir: Path | None = None) -> Iterator[Install]:
    """A fresh install that goes with the block. `bindir`: programs of another PostgreSQL than the wheel's."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        place = Path(folder)
        with postgres.start(place / "pg", bindir=bindir) as running:
            schema.upgrade(running.url)
            database = Database(running.url)
            make_ahead(database)
            with database.begin() as tx:
                version = str(tx.conn.scalar(text("SHOW server_version"))).split()[0]
            yield Install(place, database, seed(database), version)
            database.close()


def serve(install: Install, roles: str = "web,intake,worker", smtp: str | None = None, processes: int = 1) -> Served:
    """The server as in production. Use it as a context."""
    more = {"TOCSIN_SMTP_URL": smtp} if smtp else {}
    more |= {"TOCSIN_TEST_CLOCK": "0", "TOCSIN_API_RATE_LIMIT": "0"}
    settings = {"TOCSIN_DATABASE_URL": install.url, "TOCSIN_ROLES": roles, **more}
    return Served(install.place, free_port(), processes, **settings)


def copied(conn: Connection, table: str, id: str, rows: Sequence[dict[str, Any]]) -> None:
    """Copies of a row, each with the columns named in one of `rows` changed."""
    conn.execute(text(COPY.format(table=table)), {"id": id, "rows": to_json(rows)})


def people(conn: Connection, like: str, count: int) -> dict[str, str]:
    """`count` more people with a mail rule each, copies of the person `like`: name -> id."""
    new = {f"p{n}": ids.thing() for n in range(count)}
    copied(conn, "users", like, [{"id": id, "name": name, "email": f"{name}@example.com"} for name, id in new.items()])
    method = conn.scalar(text("SELECT id FROM contact_methods WHERE user_id = :id LIMIT 1"), {"id": like})
    methods = {name: ids.thing() for name in new}
    rows = [{"id": methods[n], "user_id": id, "address": f"{n}@example.com"} for n, id in new.items()]
    copied(conn, "contact_methods", str(method), rows)
    query = text("SELECT id FROM notification_rules WHERE user_id = :id AND urgency = 'high' LIMIT 1")
    rule = conn.scalar(query, {"id": like})
    rows = [{"id": ids.thing(), "user_id": id, "contact_method_id": methods[n]} for n, id in new.items()]
    copied(conn, "notification_rules", str(rule), rows)
    return new


def desks(conn: Connection, named: dict[str, str], delay: int = 60) -> list[tuple[str, str]]:
    """A service for each person, who alone is on call for it: [(name, routing key)]."""
    found = []
    for name in named:
        policy = add_policy(conn, named, [(delay, [name])], 0)
        found.append((name, add_service(conn, policy)[2]))
    return found


class TimedPostbox(Postbox):
    """Keeps when each mail arrived: `arrived[recipient]`, monotonic seconds, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[str, list[float]] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Note the time, then take the mail."""
        for recipient in envelope.rcpt_tos:
            self.arrived.setdefault(recipient, []).append(time.monotonic())
        return await super().handle_DATA(server, session, envelope)

    def first(self, name: str, after: float = 0.0) -> float | None:
        """When the first mail after `after` reached this person."""
        return next((at for at in self.arrived.get(f"{name}@example.com", ()) if at >= after), None)


def postgres_processes(install: Install) -> list[psutil.Process]:
    """The database's postmaster and all its children."""
    folder = install.place / "pg" / "postgres" / "data" / "postmaster.pid"
    pid = int(folder.read_text().split()[0])
    found = [p for p in psutil.process_iter(["name"]) if p.info["name"].startswith("postgres")]
    mine = {p.pid for p in found if _parent(p) == pid or p.pid == pid}
    return [p for p in found if p.pid in mine]


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """Processor time these have used."""
    used = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        used += times.user + times.system
    return used


def wait_until(holds: Callable[[], bool], seconds: float, what: str, every: float = 0.02) -> float:
    """Monotonic time when `holds` first held."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return time.monotonic()


class Watch(threading.Thread):
    """Calls `look` every `every` seconds until stopped; the first error is raised by `stop`."""

    def __init__(self, look: Callable[[], None], every: float):
        super().__init__(daemon=True)
        self._look, self._every = look, every
        self._over = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Look again and again."""
        while not self._over.wait(self._every):
            try:
                self._look()
            except Exception as error:
                self._error = error
                return

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self.join(10)
        if self._error is not None:
            raise self._error


def scalar(database: Database, query: str, **given: Any) -> Any:
    """One value."""
    with database.begin() as tx:
        return tx.conn.scalar(text(query), given)
