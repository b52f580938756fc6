"""Fixtures of the whole suite: a real PostgreSQL, and real parts that must be there with `CI=true`."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import create_engine

from tests import audited, databases, oracle
from tests.databases import TestServer
from tests.homes import Home
from tests.rest import toy
from tests.rest_client import RestClient
from tocsin.accounts import passwords
from tocsin.accounts.commands.bootstrap import Bootstrapped, bootstrap
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer
from tocsin.core.settings import Settings
from tocsin.operations import TABLES, rest_app
from tocsin.rest.not_built import not_built, published

passwords.COST.set(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of this run, the same in every xdist worker."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def pg_server(run_dir: Path) -> Iterator[TestServer]:
    """The PostgreSQL of this run, with a migrated template."""
    with databases.server(run_dir) as server:
        yield server


@pytest.fixture(scope="session")
def home(pg_server: TestServer) -> Iterator[Home]:
    """The database of this worker."""
    home = Home(pg_server, _furnish)
    yield home
    home.leave()


def _furnish(url: str) -> None:
    engine = create_engine(url)
    toy.boats.create(engine)
    audited.watch(engine)
    engine.dispose()


@pytest.fixture
def pg_url(home: Home) -> str:
    """The URL of a migrated database as good as new."""
    return home.url()


@pytest.fixture
def pristine_url(pg_server: TestServer) -> Iterator[str]:
    """The URL of a new copy of the template, without what other tests need; it is dropped after the test."""
    name = pg_server.new()
    yield pg_server.database(name)
    pg_server.drop(name)


@pytest.fixture
def database(pg_url: str) -> Iterator[Database]:
    """An empty account's database; at the end, no audited table may have changed without a record."""
    database = Database(pg_url, pool=4, sealer=Sealer(["a secret key for the tests of Tocsin"]))
    yield database
    with database.engine.begin() as conn:
        unrecorded = audited.unrecorded(conn)
    database.close()
    assert not unrecorded, f"changed without an audit record: {unrecorded}"


@pytest.fixture
def owner(database: Database) -> Bootstrapped:
    """A fresh account: its owner, an account key and the owner's own key."""
    return database.run(lambda tx: bootstrap(tx, "owner@example.com", "Olga Owner", None))


@pytest.fixture
def rest_client(database: Database, owner: Bootstrapped) -> RestClient:
    """The API of every package, seen with an account key that acts for the owner."""
    app = rest_app(database, Settings(api_rate_limit=0))
    return RestClient(app, owner.api_key, {"from": "owner@example.com"})


@pytest.fixture
def as_owner(rest_client: RestClient, owner: Bootstrapped) -> RestClient:
    """The same with the owner's own key."""
    return rest_client.as_key(owner.user_api_key)


@pytest.fixture(scope="session")
def real_part() -> Callable[..., Path]:
    """The path of the first of some programs that is installed; none skips the test, and fails it with `CI=true`."""

    def find(*names: str) -> Path:
        found = next((path for path in map(shutil.which, names) if path), None)
        if found:
            return Path(found)
        missing = f"{' or '.join(names)} is not installed (scripts/install_real_parts.py installs it)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the server is a `pg` test, said or not."""
    for item in items:
        if "pg_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.pg)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker leaves what it validated; after the last one, what we made on a server that is not ours is dropped."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is None:
        return
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        (factory.getbasetemp().parent / f"validated.{worker}").write_text(json.dumps(sorted(oracle.VALIDATED)))
    else:
        databases.forget(factory.getbasetemp())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have counted (`record_property`), and how far we are: operations served of those published."""
    for report in terminalreporter.getreports("passed"):
        for name, counted in getattr(report, "user_properties", ()):
            terminalreporter.write_line(f"{name}: {counted}")
    built = [operation for table in TABLES for operation in table.operations]
    missing = not_built(built)
    terminalreporter.write_line(f"REST operations: {len(published()) - len(missing)} of {len(published())}")
    if oracle.document() is not None:
        _conformance(terminalreporter, [operation.key for operation in built])


def _conformance(reporter: pytest.TerminalReporter, built: list[str]) -> None:
    """Of the published operations that are built: how many were validated on every status named for success."""
    seen = set(oracle.VALIDATED)
    place = getattr(reporter.config, "_tmp_path_factory", None)
    for left in place.getbasetemp().glob("validated.*") if place is not None else ():
        seen |= {(key, status) for key, status in json.loads(left.read_text())}
    named = {key: oracle.successes(key) for key in built}
    whole = [key for key, statuses in named.items() if statuses and all((key, one) in seen for one in statuses)]
    known = [key for key, statuses in named.items() if statuses]
    reporter.write_line(f"validated on every success status that is published: {len(whole)} of {len(known)}")
    if len(known) > len(whole) > len(known) - 40:
        reporter.write_line(f"  not: {', '.join(sorted(set(known) - set(whole)))}")
