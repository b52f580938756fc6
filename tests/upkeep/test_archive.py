"""Backups and restores: what is damaged, newer or not empty is refused in one line, and changes nothing."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.databases import TestServer
from tests.seed import seed
from tocsin.core import heartbeats, schema
from tocsin.core.db import Database
from tocsin.upkeep.archive import BackupError
from tocsin.upkeep.backup import backup, connect
from tocsin.upkeep.catalog import revision, tables
from tocsin.upkeep.restore import restore

Content = dict[str, bytes]


@pytest.fixture
def pg_url(pristine_url: str) -> str:
    """Every table is one of the product's."""
    return pristine_url


@pytest.fixture
def saved(pg_url: str, tmp_path: Path) -> Path:
    """A backup of a small account."""
    database = Database(pg_url)
    seed(database)
    database.close()
    backup(pg_url, tmp_path / "saved.tgz")
    return tmp_path / "saved.tgz"


@pytest.fixture
def empty_url(pg_server: TestServer) -> Iterator[str]:
    """A database without any table."""
    name = pg_server.new()
    url = pg_server.database(name)
    execute(url, "DROP SCHEMA public CASCADE")
    execute(url, "CREATE SCHEMA public")
    yield url
    pg_server.drop(name)


def execute(url: str, statement: str, *given: Any) -> None:
    with connect(url) as conn:
        conn.execute(statement, given)


def rows(url: str, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    with connect(url) as conn:
        return sorted(conn.execute(f"SELECT {columns} FROM {table} t").fetchall(), key=repr)


def opened(path: Path) -> Content:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def closed(path: Path, content: Content) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def changed(content: Content, name: str, **members: Any) -> Content:
    return content | {name: json.dumps(json.loads(content[name]) | members).encode()}


DAMAGES: dict[str, tuple[Callable[[Content], Content], str]] = {
    "another product": (lambda c: changed(c, "manifest.json", product="other"), "is no backup of Tocsin"),
    "newer format": (lambda c: changed(c, "manifest.json", format=99), "install that version or a newer one"),
    "newer schema": (lambda c: changed(c, "manifest.json", revision="9999"), "made by a newer Tocsin (schema 9999)"),
    "unknown table": (
        lambda c: changed(c, "manifest.json", tables={"strange": ["id"]}),
        "this schema has no table strange, which the backup holds",
    ),
    "no manifest": (lambda c: {n: d for n, d in c.items() if n != "manifest.json"}, "manifest.json is missing"),
    "no end": (lambda c: {n: d for n, d in c.items() if n != "end.json"}, "end.json is missing"),
    "no users": (lambda c: {n: d for n, d in c.items() if n != "users/0"}, "damaged"),
    "fewer keys": (lambda c: {n: d for n, d in c.items() if n != "notification_rules/0"}, "rows are missing in"),
    "bad row": (lambda c: c | {"users/0": b"one\ttwo\n"}, "a row of the backup is damaged"),
    "no JSON": (lambda c: c | {"manifest.json": b"{"}, "is damaged, or no backup of Tocsin"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_backup_that_is_not_right_changes_nothing(saved: Path, empty_url: str, name: str) -> None:
    damage, line = DAMAGES[name]
    closed(saved, damage(opened(saved)))
    with pytest.raises(BackupError) as refused:
        restore(empty_url, saved)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    with connect(empty_url) as conn:
        assert revision(conn) is None or conn.execute("SELECT 1 FROM account").fetchone() is None


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_backup_that_was_cut_short_changes_nothing(saved: Path, empty_url: str, part: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BackupError):
        restore(empty_url, saved)


def test_one_wrong_bit_anywhere_changes_nothing(saved: Path, empty_url: str) -> None:
    whole = bytearray(saved.read_bytes())
    for at in (len(whole) // 4, len(whole) // 2, len(whole) - 8, len(whole) - 6):
        flipped = bytearray(whole)
        flipped[at] ^= 0x10
        saved.write_bytes(flipped)
        with pytest.raises(BackupError):
            restore(empty_url, saved)


def test_what_is_no_backup_at_all_is_said_so(tmp_path: Path, empty_url: str) -> None:
    for content in (b"", b"hello", gzip.compress(b"hello")):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(BackupError, match="backup of Tocsin"):
            restore(empty_url, tmp_path / "x")
    with pytest.raises(BackupError, match=r"cannot read .*: No such file or directory"):
        restore(empty_url, tmp_path / "nothing")


def test_a_restore_into_an_install_in_use_is_refused(saved: Path, pg_url: str) -> None:
    with pytest.raises(BackupError, match="this install is not empty"):
        restore(pg_url, saved)


def test_a_restore_beside_a_running_server_is_refused(saved: Path, empty_url: str) -> None:
    schema.upgrade(empty_url)
    database = Database(empty_url)
    with database.begin() as tx:
        heartbeats.beat(tx.conn, "host:1:0", "worker", "host")
    database.close()
    with pytest.raises(BackupError, match="a server runs on this database"):
        restore(empty_url, saved)


def test_a_restore_into_an_empty_install_of_another_schema_is_refused(saved: Path, empty_url: str) -> None:
    schema.upgrade(empty_url, "0001")
    with pytest.raises(BackupError, match="this database has schema 0001"):
        restore(empty_url, saved)


def test_a_backup_that_cannot_be_written_leaves_nothing(pg_url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "no" / "such" / "b.tgz", tmp_path / "folder"):
        with pytest.raises(BackupError, match="cannot write"):
            backup(pg_url, path)
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_a_database_without_tocsin_is_not_backed_up(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="holds no Tocsin"):
        backup(empty_url, tmp_path / "b.tgz")


def test_every_row_comes_back_and_the_install_is_held(saved: Path, pg_url: str, empty_url: str) -> None:
    count = restore(empty_url, saved)
    with connect(pg_url) as conn:
        listed = tables(conn)
    for name in set(listed) - {"account"}:
        columns = ", ".join(f'"{column}"' for column in listed[name])
        assert rows(empty_url, name, columns) == rows(pg_url, name, columns)
    assert rows(empty_url, "account", "held") == [(True,)]
    assert count["users"] == 5


def test_only_the_owner_of_the_file_may_read_it(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600


def test_sequences_go_on_where_they_were(pg_url: str, empty_url: str, tmp_path: Path) -> None:
    execute(pg_url, "SELECT setval('incident_numbers', 41)")
    backup(pg_url, tmp_path / "b.tgz")
    restore(empty_url, tmp_path / "b.tgz")
    assert rows(empty_url, "nextval('incident_numbers')") == [(42,)]


def test_an_older_backup_is_brought_up_to_date(empty_url: str, pg_server: TestServer, tmp_path: Path) -> None:
    schema.upgrade(empty_url, "0001")
    execute(empty_url, "INSERT INTO account VALUES ('PA', 'acme', 'Acme', 'us', 'UTC', '2024-01-01Z')")
    backup(empty_url, tmp_path / "old.tgz")
    execute(empty_url, "DROP SCHEMA public CASCADE")
    execute(empty_url, "CREATE SCHEMA public")
    restore(empty_url, tmp_path / "old.tgz")
    with connect(empty_url) as conn:
        assert revision(conn) == schema.newest()
    assert rows(empty_url, "account", "name, held") == [("Acme", True)]


def test_tables_of_others_in_the_same_database_are_left_alone(pg_url: str, tmp_path: Path, empty_url: str) -> None:
    execute(pg_url, "CREATE TABLE a_neighbour (id int)")
    backup(pg_url, tmp_path / "b.tgz")
    assert "a_neighbour" not in restore(empty_url, tmp_path / "b.tgz")


def test_a_message_that_was_being_sent_is_unknown_afterwards(pg_url: str, empty_url: str, tmp_path: Path) -> None:
    execute(
        pg_url,
        "INSERT INTO sends (id, channel, address, urgency, kind, state, due_at, attempt, lease_until, created_at)"
        " VALUES ('S', 'email', 'a@b', 'high', 'page', 'sending', %s, 1, %s, %s)",
        *["2024-01-01T00:00:00Z"] * 3,
    )
    backup(pg_url, tmp_path / "b.tgz")
    restore(empty_url, tmp_path / "b.tgz")
    assert rows(empty_url, "sends", "state, lease_until, attempt") == [("unknown", None, 1)]


def test_a_backup_is_one_snapshot_whatever_is_written_meanwhile(pg_url: str, empty_url: str, tmp_path: Path) -> None:
    def meanwhile(table: str, _: int) -> None:
        if table == "account":
            execute(pg_url, "UPDATE users SET name = 'Later'")
            execute(pg_url, "DELETE FROM notification_rules")

    database = Database(pg_url)
    seed(database)
    database.close()
    backup(pg_url, tmp_path / "b.tgz", meanwhile)
    restore(empty_url, tmp_path / "b.tgz")
    assert ("Later",) not in rows(empty_url, "users", "name")
    assert len(rows(empty_url, "notification_rules")) == 10


def test_a_server_that_goes_away_during_a_backup_leaves_no_file(pg_url: str, tmp_path: Path) -> None:
    def cut(_: str, __: int) -> None:
        execute(
            pg_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tocsin backup' AND pid <> pg_backend_pid() AND datname = current_database()",
        )

    database = Database(pg_url)
    seed(database)
    database.close()
    with pytest.raises(psycopg.OperationalError):
        backup(pg_url, tmp_path / "b.tgz", cut)
    assert list(tmp_path.iterdir()) == []
