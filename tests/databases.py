"""Databases for tests: one PostgreSQL a run, one migrated template, a fresh copy of it for each test.

1. `TOCSIN_TEST_DATABASE_URL` names a server to use (its role may create databases); else one of our own is started.
2. `TOCSIN_TEST_PG_BINDIR` names the programs of our own (Debian's PostgreSQL 15); else those of the wheel.
3. Only here is durability off: a test's database does not outlive its test.
"""

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tocsin.core import schema
from tocsin.core.postgres import start

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class TestServer:
    """A server that holds `template`, a database with every migration applied. `url` leads to its maintenance one."""

    __test__ = False
    url: str
    template: str

    def database(self, name: str) -> str:
        """The URL of one of its databases."""
        address, _, query = self.url.partition("?")
        return f"{address.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def execute(self, statement: str, *names: str) -> None:
        """One statement outside a transaction; each `{}` in it is a name."""
        with psycopg.connect(self.url.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def new(self) -> str:
        """The name of a fresh copy of the template; copying its files costs half of writing it through the log."""
        name = f"t_{uuid.uuid4().hex}"
        self.execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self.template)
        return name

    def drop(self, name: str) -> None:
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def server(run: Path) -> Iterator[TestServer]:
    """The server of this run (`run` is its directory, the same for all workers), with its template made."""
    given = os.environ.get("TOCSIN_TEST_DATABASE_URL")
    if given:
        yield _with_template(TestServer(given, template_name(run)), run)
        return
    bindir = os.environ.get("TOCSIN_TEST_PG_BINDIR")
    with start(run, bindir=Path(bindir) if bindir else None, settings=FAST) as embedded:
        yield _with_template(TestServer(embedded.url, template_name(run)), run)


def forget(run: Path) -> None:
    """Drops the template of this run from a server that outlives the run."""
    given = os.environ.get("TOCSIN_TEST_DATABASE_URL")
    if given and (run / "template.made").exists():
        TestServer(given, "").drop(template_name(run))


def template_name(run: Path) -> str:
    return f"tocsin_template_{hashlib.sha256(os.fsencode(run)).hexdigest()[:12]}"


def _with_template(found: TestServer, run: Path) -> TestServer:
    made = run / "template.made"
    with (run / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            found.drop(found.template)
            found.execute("CREATE DATABASE {}", found.template)
            schema.upgrade(found.database(found.template))
            made.touch()
    return found
