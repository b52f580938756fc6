"""One database a worker, emptied before each test: a copy of the template costs a hundred times more.

1. Emptied means: the rows of the template and no others, its sequences at their start, no table that a test made (the
   day's partitions of the intake log), nobody else connected.
2. A test that changed a table of the template costs the worker its database; the next one gets a new copy. So does
   every sixtieth test, because deleted rows leave pages behind.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tests.databases import TestServer

TESTS_A_COPY = 60

_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_SHAPE = """
SELECT c.relname, c.relkind::text,
       (SELECT string_agg(attname || ' ' || atttypid || attnotnull, ',' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
       (SELECT string_agg(tgname, ',' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'i', 'S')
"""

# Referencing tables before those that they refer to.
_TABLES = """
WITH RECURSIVE parent AS (
    SELECT conrelid AS child, confrelid AS parent FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
), depth AS (
    SELECT c.oid, 0 AS level FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    UNION ALL SELECT p.parent, d.level + 1 FROM depth d JOIN parent p ON p.child = d.oid WHERE d.level < 20
)
SELECT relname FROM pg_class JOIN (SELECT oid, max(level) AS level FROM depth GROUP BY oid) d USING (oid)
ORDER BY d.level, relname
"""

_EMPTY = """
CREATE FUNCTION pg_temp.empty_all(names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text; found boolean;
BEGIN
  FOREACH name IN ARRAY names LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO found;
    IF found THEN EXECUTE format('DELETE FROM public.%I', name); END IF;
  END LOOP;
END $$
"""

_RESTART = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence WHERE seqrelid = %s::regclass"

Shape = dict[str, tuple[object, ...]]


@dataclass
class Home:
    """The database of one worker. `furnish(url)` adds what only tests need to a new copy of the template."""

    server: TestServer
    furnish: Callable[[str], None]
    name: str = ""
    used: int = 0
    shape: Shape = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    sequences: list[str] = field(default_factory=list)
    seeds: dict[str, bytes] = field(default_factory=dict)
    connection: psycopg.Connection | None = None

    def url(self) -> str:
        """The URL of the emptied database."""
        if self.connection is None or self.used >= TESTS_A_COPY or not self._emptied(self.connection):
            self.leave()
            self._move_in()
        self.used += 1
        return self.server.database(self.name)

    def leave(self) -> None:
        """Gives the database up."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
            self.server.drop(self.name)

    def _move_in(self) -> None:
        self.name, self.used = self.server.new(), 0
        url = self.server.database(self.name)
        self.furnish(url)
        self.connection = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
        self.connection.execute(_EMPTY)
        self.shape = _shape(self.connection)
        self.tables = [name for (name,) in self.connection.execute(_TABLES)]
        self.sequences = [name for name, (kind, *_) in self.shape.items() if kind == "S"]
        self.seeds = {name: rows for name in self.tables if (rows := _copy_of(self.connection, name))}

    def _emptied(self, connection: psycopg.Connection) -> bool:
        try:
            connection.execute(_OTHERS)
            with connection.transaction():
                return self._as_before(connection)
        except psycopg.Error:
            return False

    def _as_before(self, connection: psycopg.Connection) -> bool:
        now = _shape(connection)
        strange = [name for name, (kind, *_) in now.items() if kind == "r" and name not in self.shape]
        for name in strange:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))
        if (_shape(connection) if strange else now) != self.shape:
            return False
        connection.execute("SELECT pg_temp.empty_all(%s)", [self.tables])
        for name in self.sequences:
            connection.execute(_RESTART, [name])
        for name in reversed(self.seeds):
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as rows:
                rows.write(self.seeds[name])
        # Once more: triggers of the tests have noted all this.
        connection.execute("SELECT pg_temp.empty_all(%s)", [[name for name in self.tables if name not in self.seeds]])
        return True


def _shape(connection: psycopg.Connection) -> Shape:
    return {name: tuple(rest) for name, *rest in connection.execute(_SHAPE)}


def _copy_of(connection: psycopg.Connection, name: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(name))) as rows:
        return b"".join(bytes(part) for part in rows)
