"""`tocsin restore`: a backup into another, empty install, which is *held* afterwards.

1. All rows come in one transaction, checked to the last byte before it commits: a damaged file changes nothing.
2. The schema is made as old as the backup, filled, then brought up to date.
3. Held: events are taken and decided, but nothing is sent and no timer fires until `tocsin resume`.
4. What a dead worker was sending counts as unknown: it is sent again, under the same key.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from tocsin.core import heartbeats, intake_log, schema
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.upkeep import archive, catalog
from tocsin.upkeep.archive import BackupError, Reader
from tocsin.upkeep.backup import Progress, connect


def restore(url: str, path: Path, progress: Progress = lambda _, __: None) -> dict[str, int]:
    """Fill the empty database with the backup; rows a table."""
    with archive.reading(path) as backup:
        _make_schema(url, backup.manifest.revision, path)
        _make_partitions(url, backup.manifest.days)
        with connect(url) as conn:
            _refuse_used(conn)
            rows = _fill(conn, backup, progress)
            _hold(conn)
    schema.upgrade(url)
    return rows


def _make_schema(url: str, wanted: str, path: Path) -> None:
    if not schema.knows(wanted):
        raise BackupError(f"{path} was made by a newer Tocsin (schema {wanted}); install that version or a newer one")
    with connect(url) as conn:
        found = catalog.revision(conn)
        if found is not None:
            _refuse_used(conn)
    if found not in (None, wanted):
        raise BackupError(
            f"this database has schema {found}, the backup {wanted}; restore into a database without tables of Tocsin"
        )
    schema.upgrade(url, wanted)


def _make_partitions(url: str, days: Iterable[date]) -> None:
    """Before the rows: a day whose rows lie in the catch-all can have none afterwards, and is never dropped."""
    database = Database(url)
    with database.begin() as tx:
        for day in days:
            intake_log.make_partitions(tx.conn, day, 1)
    database.close()


def _refuse_used(conn: psycopg.Connection) -> None:
    row = conn.execute("SELECT name FROM account LIMIT 1").fetchone()
    if row is not None:
        raise BackupError("this install is not empty (it has an account); restore into an empty one")
    since = real_now() - heartbeats.ALIVE
    row = conn.execute("SELECT owner FROM heartbeats WHERE at > %s LIMIT 1", [since]).fetchone()
    if row is not None:
        raise BackupError(f"a server runs on this database ({row[0]}); stop it, then restore")


def _fill(conn: psycopg.Connection, backup: Reader, progress: Progress) -> dict[str, int]:
    here = catalog.tables(conn)
    strange = sorted(set(backup.manifest.tables) - set(here))
    if strange:
        raise BackupError(f"this schema has no table {', '.join(strange)}, which the backup holds")
    names = sql.SQL(", ").join(map(sql.Identifier, backup.manifest.tables))
    conn.execute(sql.SQL("TRUNCATE {}").format(names))
    try:
        rows = {name: _table(conn, backup, name, cols, progress) for name, cols in backup.manifest.tables.items()}
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        raise BackupError(
            f"a row of the backup is damaged: {str(error).splitlines()[0]}; nothing was restored"
        ) from None
    end = backup.end()
    if wrong := sorted(name for name in rows if rows[name] != end.rows.get(name)):
        raise BackupError(f"the backup is damaged: rows are missing in {', '.join(wrong)}; nothing was restored")
    for name, value in end.sequences.items():
        conn.execute("SELECT setval(%s::regclass, %s)", [name, value])
    return rows


def _table(conn: psycopg.Connection, backup: Reader, name: str, columns: list[str], progress: Progress) -> int:
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    with conn.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), listed)) as into:
            for block in backup.rows(name):
                into.write(block)
                progress(name, len(block))
        return cursor.rowcount


def _hold(conn: psycopg.Connection) -> None:
    conn.execute("UPDATE account SET held = true")
    conn.execute("UPDATE sends SET state = 'unknown', lease_until = NULL WHERE state = 'sending'")
