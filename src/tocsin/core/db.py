"""PostgreSQL behind one small door: transactions that know what time it is, and set-wise writes.

1. `Tx` is one transaction: a connection and the `now` it read (SPINE 5).
2. `Database.run` repeats a transaction that lost a deadlock or a serialisation race, three times (SPINE 2).
3. `Database.read` is for those who only look: no transaction, so a statement costs one round trip instead of four; the
   connection may not write.
4. `insert_rows` and `update_rows` send any number of rows as **one** JSON parameter: on this path one statement of
   500 rows costs what a handful of single ones do; `unnest` with lists costs twice as much.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from tocsin.core.clock import Clock
from tocsin.core.sealing import NO_KEYS, Sealer

T = TypeVar("T")
Row = Mapping[str, Any]

_encoder = msgspec.json.Encoder()
_RACES = {"40P01", "40001"}
_READ_ONLY = "25006"
_TRIES = 4
RACED: set[str] = set()
"""Unique indexes on which two transactions may meet in the course of things (each package adds its own): the one that
comes second is repeated, and then sees the first."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction. `now` is the instant of every decision taken in it; `sealer` encrypts secrets at rest."""

    conn: Connection
    now: datetime
    sealer: Sealer = NO_KEYS


def to_json(value: Any) -> str:
    """JSON text of plain data, dates and frozen dataclasses included."""
    return _encoder.encode(value).decode()


class Database:
    """Transactions on one PostgreSQL, with the clock that stamps them."""

    def __init__(self, url: str, clock: Clock | None = None, pool: int = 10, sealer: Sealer = NO_KEYS):
        self.url = url
        self.clock = clock or Clock()
        self.sealer = sealer
        self._pool = pool
        self.engine = self._engine(pool_pre_ping=True)

    def _engine(self, **more: Any) -> Engine:
        return create_engine(
            self.url,
            pool_size=self._pool,
            max_overflow=10,
            json_serializer=to_json,
            json_deserializer=msgspec.json.decode,
            connect_args={"connect_timeout": 5, "application_name": "tocsin"},
            **more,
        )

    @cached_property
    def readers(self) -> Engine:
        """Connections that may not write, and that nobody asks whether they are alive before each use."""
        engine = self._engine(isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        event.listen(engine, "connect", _may_only_read)
        return engine

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that commits at the end of the block."""
        with self.engine.begin() as conn:
            yield Tx(conn, self.clock.now(conn), self.sealer)

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """A transaction whose statements all see the same instant of the database (plain ones each see a newer one)."""
        with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn, conn.begin():
            yield Tx(conn, self.clock.now(conn), self.sealer)

    def run(self, work: Callable[[Tx], T]) -> T:
        """`work` in a transaction of its own, repeated when it lost a race with another (SPINE 2)."""
        for attempt in range(_TRIES):
            try:
                with self.begin() as tx:
                    return work(tx)
            except DBAPIError as error:
                if not _is_race(error) or attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def read(self, look: Callable[[Tx], T]) -> T:
        """`look` at the newest state, statement by statement; once more when PostgreSQL had gone meanwhile.

        A look that has to write after all (it shows a secret address for the first time) is repeated in a transaction.
        """
        try:
            return self._look(look)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
                return self.run(look)
            if not error.connection_invalidated:
                raise
        return self._look(look)

    def _look(self, look: Callable[[Tx], T]) -> T:
        with self.readers.connect() as conn:
            return look(Tx(conn, self.clock.now(conn), self.sealer))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if "readers" in self.__dict__:
            self.readers.dispose()


def _may_only_read(connection: Any, _: Any) -> None:
    connection.execute("SET default_transaction_read_only = on")
    connection.commit()


def _is_race(error: DBAPIError) -> bool:
    state, said = getattr(error.orig, "sqlstate", None), getattr(error.orig, "diag", None)
    return state in _RACES or (said is not None and said.constraint_name in RACED)


def _shape(table: Table, columns: Sequence[str]) -> str:
    types = (table.c[name].type.compile(dialect=_dialect(table)) for name in columns)
    return ", ".join(f'"{name}" {kind}' for name, kind in zip(columns, types, strict=True))


def _dialect(_: Table) -> Any:
    return _POSTGRES.dialect


_POSTGRES = create_engine("postgresql+psycopg://")


def insert_rows(conn: Connection, table: Table, rows: Iterable[Row], on_conflict: str = "") -> None:
    """Insert all `rows` (same keys each) with one statement; `on_conflict` is the clause after ON CONFLICT."""
    rows = list(rows)
    if not rows:
        return
    columns = list(rows[0])
    names = ", ".join(f'"{name}"' for name in columns)
    tail = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    conn.execute(
        text(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM "
            f"json_to_recordset(CAST(:rows AS json)) AS r({_shape(table, columns)}){tail}"
        ),
        {"rows": to_json(rows)},
    )


def update_mixed(conn: Connection, table: Table, rows: Iterable[Row], key: str = "id") -> None:
    """Like `update_rows` for rows whose keys differ: one statement for each set of columns."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    for names, group in alike.items():
        if len(names) > 1:
            update_rows(conn, table, group, key)


def update_rows(conn: Connection, table: Table, rows: Iterable[Row], key: str = "id") -> None:
    """Set every column named in `rows` (same keys each) on the row with that `key`, with one statement."""
    rows = list(rows)
    if not rows:
        return
    columns = list(rows[0])
    sets = ", ".join(f'"{name}" = r."{name}"' for name in columns if name != key)
    conn.execute(
        text(
            f"UPDATE {table.name} t SET {sets} FROM "
            f"json_to_recordset(CAST(:rows AS json)) AS r({_shape(table, columns)}) WHERE t.{key} = r.{key}"
        ),
        {"rows": to_json(rows)},
    )
