"""Migrations: they make exactly the tables of the code, and lose nothing that was accepted."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from tests.core.test_stores import raw
from tests.databases import TestServer
from tocsin.core import intake_log, schema
from tocsin.core.clock import real_now
from tocsin.tables import metadata


@pytest.fixture
def bare(pg_server: TestServer) -> Iterator[str]:
    """The URL of a database without a single table."""
    name = f"t_{uuid.uuid4().hex}"
    pg_server.execute("CREATE DATABASE {} TEMPLATE template0", name)
    yield pg_server.database(name)
    pg_server.drop(name)


def test_they_make_the_tables_of_the_code(pristine_url: str) -> None:
    engine = create_engine(pristine_url)
    with engine.connect() as conn:
        differences = compare_metadata(MigrationContext.configure(conn), metadata)
    engine.dispose()
    ours = [d for d in differences if not str(getattr(d[1], "name", "")).startswith(("intake_segments_", "toy_"))]
    assert ours == []


async def test_what_was_accepted_before_an_upgrade_is_there_after_it(bare: str) -> None:
    schema.upgrade(bare, "0002")
    async with await psycopg.AsyncConnection.connect(bare.replace("+psycopg", "", 1), autocommit=True) as conn:
        await intake_log.append(conn, [raw(n) for n in range(3)])
    schema.upgrade(bare)
    engine = create_engine(bare)
    with engine.begin() as tx:
        found = intake_log.read(tx, intake_log.lane_of(raw(0).key), 10)
        kept = tx.scalar(text("SELECT count(*) FROM intake_segments WHERE stored_on <= :d"), {"d": real_now().date()})
    engine.dispose()
    assert ([event.raw.dedup_key for event in found], kept) == (["k0", "k1", "k2"], 1)
