"""`tocsin backup`: one consistent snapshot of a running install, streamed into a file.

1. One REPEATABLE READ transaction reads everything; nothing waits for it.
2. Sequences are read last: they do not belong to the snapshot, and must never be behind its rows.
3. The secret key is not in it: it is carried apart.
"""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import psycopg
from psycopg import IsolationLevel, sql

from tocsin.core.clock import real_now
from tocsin.upkeep import archive, catalog
from tocsin.upkeep.archive import BackupError, End, Manifest, Writer

Progress = Callable[[str, int], None]
"""Told (table, bytes of its rows just written)."""


def connect(url: str) -> psycopg.Connection:
    """A connection of its own, outside the pool."""
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(plain, connect_timeout=5, application_name="tocsin backup")


def backup(url: str, path: Path, progress: Progress = lambda _, __: None) -> dict[str, int]:
    """Back the database up into `path`; rows a table."""
    with connect(url) as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        manifest = _manifest(conn)
        with archive.writing(path) as out:
            out.document("manifest.json", manifest)
            rows = {name: _table(conn, out, name, columns, progress) for name, columns in manifest.tables.items()}
            out.document("end.json", End(rows, catalog.sequences(conn)))
    return rows


def _manifest(conn: psycopg.Connection) -> Manifest:
    revision = catalog.revision(conn)
    if revision is None:
        raise BackupError("this database holds no Tocsin; check TOCSIN_DATABASE_URL and TOCSIN_DATA_DIR")
    postgres = conn.info.parameter_status("server_version") or "unknown"
    tables, days = catalog.tables(conn), catalog.days(conn)
    return Manifest(archive.FORMAT, "tocsin", version(), revision, postgres, real_now(), tables, days)


def _table(conn: psycopg.Connection, out: Writer, name: str, columns: list[str], progress: Progress) -> int:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(names, sql.Identifier(name))
    with conn.cursor() as cursor:
        with cursor.copy(query) as rows:
            out.rows(name, rows, lambda size: progress(name, size))
        return cursor.rowcount


def version() -> str:
    """The version of Tocsin that runs."""
    try:
        return installed("tocsin")
    except PackageNotFoundError:
        return "unknown"
