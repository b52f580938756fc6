"""What a backup holds, read from the database itself: an older schema is backed up as it is.

1. Every table of ours, except what belongs to a running server (`EPHEMERAL`).
2. A column that the database fills by itself with transaction numbers is left out: they mean nothing elsewhere.
3. Tables come in an order in which no row refers to one that is not there yet.
"""

from datetime import date
from graphlib import TopologicalSorter

import psycopg

from tocsin.core.heartbeats import heartbeats
from tocsin.core.intake_log import leases, segments
from tocsin.core.schema import newest
from tocsin.tables import metadata
from tocsin.webhooks.store.tables import cursor as webhook_cursor

EPHEMERAL = ("alembic_version", heartbeats.name, leases.name, webhook_cursor.name)

_COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND a.attgenerated = '' AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE '%pg_current_xact_id%'
GROUP BY c.oid, c.relname ORDER BY c.relname
"""
_REFERENCES = """
SELECT c.relname, t.relname FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid
WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace AND c.oid <> t.oid
"""
_PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1"


def tables(conn: psycopg.Connection) -> dict[str, list[str]]:
    """Name -> columns, in an order that foreign keys allow."""
    ours = metadata.tables if revision(conn) == newest() else None  # an older schema may hold what is gone since
    found = {
        name: columns
        for name, columns in conn.execute(_COLUMNS)
        if name not in EPHEMERAL and (ours is None or name in ours)
    }
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(found, ()))
    for name, referred in conn.execute(_REFERENCES):
        if name in found and referred in found:
            order.add(name, referred)
    return {name: found[name] for name in order.static_order()}


def days(conn: psycopg.Connection) -> list[date]:
    """The days of events that have a partition."""
    names = [name for (name,) in conn.execute(_PARTITIONS, [segments.name])]
    return sorted(date.fromisoformat(name[-8:]) for name in names if name[-8:].isdigit())


def size(conn: psycopg.Connection) -> int:
    """Bytes of everything, about."""
    row = conn.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def sequences(conn: psycopg.Connection) -> dict[str, int]:
    """The last value of each sequence that was ever used."""
    return {name: value for name, value in conn.execute(_SEQUENCES) if value is not None}


def revision(conn: psycopg.Connection) -> str | None:
    """The schema's revision; None where there is no schema of ours."""
    there = conn.execute("SELECT to_regclass('alembic_version')").fetchone()
    if there is None or there[0] is None:
        return None
    row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None
