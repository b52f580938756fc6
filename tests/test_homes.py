"""A worker's database is as good as new before each test, whatever the last one did to it."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.databases import TestServer
from tests.homes import TESTS_A_COPY, Home


@pytest.fixture
def house(pg_server: TestServer) -> Iterator[Home]:
    house = Home(pg_server, lambda url: None)
    yield house
    house.leave()


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def test_rows_tables_and_connections_of_a_test_are_gone_and_seeds_are_back(house: Home) -> None:
    with connect(house.url()) as left_open:
        left_open.execute(
            "CREATE TABLE a_day PARTITION OF intake_segments FOR VALUES FROM ('2001-01-01') TO ('2001-01-02')"
        )
        left_open.execute("SELECT nextval('incident_numbers')")
        seeds = left_open.execute("DELETE FROM account RETURNING id").fetchall()
        name = house.name
        with connect(house.url()) as conn:
            assert house.name == name
            assert conn.execute("SELECT id FROM account").fetchall() == seeds
            assert conn.execute("SELECT to_regclass('a_day'), nextval('incident_numbers')").fetchone() == (None, 1)
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE users RENAME TO people", "ALTER TABLE users ADD shoe_size int", "DROP INDEX ix_log_entries_at"],
)
def test_a_changed_table_costs_the_database(house: Home, change: str) -> None:
    with connect(house.url()) as conn:
        conn.execute(change)
    name = house.name
    with connect(house.url()) as conn:
        assert house.name != name
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_it_moves_before_it_is_worn(house: Home) -> None:
    house.url()
    name, house.used = house.name, TESTS_A_COPY
    house.url()
    assert house.name != name
