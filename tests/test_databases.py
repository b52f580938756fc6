"""The suite's own databases: fresh, migrated, apart from each other, and gone afterwards."""

import os
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from tests import databases
from tests.databases import TestServer
from tocsin.core import schema


def count(url: str, query: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else -1


def test_a_fresh_database_has_every_migration(pg_url: str) -> None:
    engine = create_engine(pg_url)
    revision, head = schema.state_of(engine)
    engine.dispose()
    assert revision == head is not None


def test_two_databases_do_not_see_each_other(pg_server: TestServer, pg_url: str) -> None:
    other = pg_server.new()
    with psycopg.connect(pg_url.replace("+psycopg", "", 1)) as connection:
        connection.execute("CREATE TABLE only_here ()")
    assert count(pg_url, "SELECT count(*) FROM pg_class WHERE relname = 'only_here'") == 1
    assert count(pg_server.database(other), "SELECT count(*) FROM pg_class WHERE relname = 'only_here'") == 0
    pg_server.drop(other)


def test_a_dropped_database_is_gone_even_when_it_is_in_use(pg_server: TestServer) -> None:
    name = pg_server.new()
    with psycopg.connect(pg_server.database(name).replace("+psycopg", "", 1)):
        pg_server.drop(name)
    assert count(pg_server.url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


@pytest.mark.skipif("TOCSIN_TEST_DATABASE_URL" in os.environ, reason="another server is given already")
def test_a_given_server_is_used_and_left_clean(
    pg_server: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_TEST_DATABASE_URL", pg_server.url)
    ours = f"SELECT count(*) FROM pg_database WHERE datname = '{databases.template_name(tmp_path)}'"
    with databases.server(tmp_path) as given:
        assert given.url == pg_server.url
        assert count(pg_server.url, ours) == 1
    databases.forget(tmp_path)
    assert count(pg_server.url, ours) == 0


@pytest.mark.skipif("TOCSIN_TEST_PG_BINDIR" not in os.environ, reason="no other programs are given")
def test_the_given_programs_are_those_that_run(pg_server: TestServer) -> None:
    folder = Path(os.environ["TOCSIN_TEST_PG_BINDIR"])
    assert count(pg_server.url, "SHOW server_version_num") // 10_000 == int(folder.parent.name)
