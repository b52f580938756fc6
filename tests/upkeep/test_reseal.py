"""Turning the secret key over: everything sealed comes to the newest key, killed or not, and what is lost is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Integer, Table, insert, select

from tocsin import commands, serving
from tocsin.core.audit import audit_records
from tocsin.core.db import Database
from tocsin.core.metadata import Column, metadata, sealed, sealed_columns
from tocsin.core.sealing import CannotOpen, Sealer, key_id
from tocsin.core.settings import Settings
from tocsin.upkeep.doctor import sealed as look
from tocsin.upkeep.reseal import LOT, reseal, survey

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


@pytest.fixture
def vault(pg_url: str) -> Iterator[Table]:
    """A table with a sealed column, known to the registry."""
    table = Table("vault", metadata, Column("id", Integer, primary_key=True), sealed("secret", "vault", null=True))
    database = Database(pg_url)
    table.create(database.engine)
    yield table
    metadata.remove(table)
    database.close()


def opened(url: str, *secrets: str) -> Database:
    return Database(url, pool=2, sealer=Sealer(secrets))


def fill(url: str, vault: Table, count: int, secret: str = OLD, first: int = 0) -> None:
    database, sealer = opened(url), Sealer([secret])
    rows = [{"id": first + n, "secret": sealer.seal("vault", str(first + n).encode())} for n in range(count)]
    database.run(lambda tx: tx.conn.execute(insert(vault), rows))
    database.close()


def contents(database: Database, vault: Table) -> list[tuple[int, bytes]]:
    def read(tx: object) -> list[tuple[int, bytes]]:
        rows = tx.conn.execute(select(vault).where(vault.c.secret.is_not(None)).order_by(vault.c.id))  # type: ignore[attr-defined]
        return [(row.id, database.sealer.open("vault", row.secret)) for row in rows]

    return database.run(read)


def test_a_sealed_column_registers_itself(vault: Table) -> None:
    assert [(t.name, c.name, p) for t, c, p in sealed_columns() if t is vault] == [("vault", "secret", "vault")]


def test_everything_comes_to_the_newest_key_and_says_the_same(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 2 * LOT + 3)
    database = opened(pg_url, NEW, OLD)
    assert database.run(survey).older == {key_id(OLD): 2 * LOT + 3}
    done, state = reseal(database)
    assert (done, state.current, state.older, state.lines) == (2 * LOT + 3, 2 * LOT + 3, {}, [])
    assert contents(opened(pg_url, NEW), vault) == [(n, str(n).encode()) for n in range(2 * LOT + 3)]


def test_a_second_run_changes_nothing(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 3)
    database = opened(pg_url, NEW, OLD)
    assert [reseal(database)[0], reseal(database)[0]] == [3, 0]


def test_a_run_that_is_killed_leaves_all_readable_and_is_finished_by_the_next(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 3 * LOT)
    database = opened(pg_url, NEW, OLD)

    def killed(where: str, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(database, killed)
    state = database.run(survey)
    assert (state.current, state.older.total()) == (LOT, 2 * LOT)
    assert len(contents(database, vault)) == 3 * LOT
    assert reseal(database)[0] == 2 * LOT


def test_every_lot_is_audited_without_a_secret(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 3)
    database = opened(pg_url, NEW, OLD)
    reseal(database)
    (record,) = database.run(lambda tx: tx.conn.execute(select(audit_records)).all())
    assert (record.resource_type, record.resource_name, record.resource_id) == (
        "secret_key",
        "vault.secret",
        key_id(NEW),
    )
    assert (record.before, record.after) == ({"keys": [key_id(OLD)]}, {"resealed": 3})


def test_what_cannot_be_opened_stays_as_it_is_and_is_counted(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 2)
    fill(pg_url, vault, 3, secret=OTHER, first=10)
    database = opened(pg_url, NEW, OLD)
    done, state = reseal(database)
    assert (done, state.current, state.lost.total()) == (2, 2, 3)
    assert f"3 of vault.secret: A stored secret was sealed with the secret key {key_id(OTHER)}" in state.lines[0]
    assert len(contents(opened(pg_url, NEW, OTHER), vault)) == 5


def test_without_a_key_nothing_is_resealed(pg_url: str, vault: Table) -> None:
    fill(pg_url, vault, 1)
    with pytest.raises(CannotOpen, match="There is no secret key"):
        reseal(opened(pg_url))


@pytest.mark.parametrize(
    ("secrets", "level", "line"),
    [
        ((OLD,), "green", "2 can be opened"),
        ((NEW, OLD), "yellow", f"sealed with an older key: 2 with the key {key_id(OLD)}"),
        ((NEW,), "red", "cannot be opened: 2 of vault.secret"),
        ((), "red", "this server was given none"),
    ],
)
def test_the_doctor_tells_old_keys_from_missing_ones(
    pg_url: str, vault: Table, secrets: tuple[str, ...], level: str, line: str
) -> None:
    fill(pg_url, vault, 2)
    found = opened(pg_url, *secrets).run(look)
    assert (found.level, line in found.found) == (level, True), found


def test_the_command_tells_how_many_and_what_is_lost(pg_url: str, vault: Table, tmp_path: Path) -> None:
    fill(pg_url, vault, 2)
    told: list[str] = []
    settings = Settings(database_url=pg_url, data_dir=tmp_path, secret_key=NEW, secret_keys_old=(OLD,))
    assert commands.reseal(settings, told.append) == 0
    assert told[0] == "resealed 2 stored secrets; 2 can be opened"
    assert commands.reseal(Settings(database_url=pg_url, data_dir=tmp_path, secret_key=OTHER), told.append) == 1
    assert told[-1].startswith("cannot be opened: 2 of vault.secret: A stored secret was sealed with the secret key")


def test_a_server_with_another_key_says_so_at_its_start(pg_url: str, vault: Table, tmp_path: Path) -> None:
    fill(pg_url, vault, 2)
    told: list[str] = []
    serving.say_unopened(Settings(database_url=pg_url, data_dir=tmp_path, secret_key=NEW), told.append)
    assert told[0].startswith("STORED SECRETS CANNOT BE OPENED: 2 of vault.secret: A stored secret was sealed with")
