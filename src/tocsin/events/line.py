"""One connection to store events by, driven straight from the event loop's readiness of its socket.

psycopg's own asynchronous `execute` costs about as much for each commit as answering ten requests does: adapting the
arrays as Python lists, generators that wait, a lock. Here one prepared statement goes out with its parameters already
in PostgreSQL's binary form, and the answer is read when the socket says that it is there.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import psycopg
from psycopg import AsyncConnection, pq

from tocsin.core.clock import real_now
from tocsin.core.intake_log import APPEND, Raw, by_lane

STATEMENT = b"append"
_DATE, _SMALLINT, _BYTEA = 1082, 21, 17
_TYPES = (_DATE, 1005, 1001)
_BINARY = (pq.Format.BINARY,) * 3
_EPOCH = date(2000, 1, 1).toordinal()

Told = Callable[[Exception | None], None]


class Line:
    """Opened when it is needed, and again after any trouble; one commit at a time."""

    def __init__(self, dsn: str):
        self._dsn = dsn
        self._conn: AsyncConnection[Any] | None = None
        self._told: Told | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._conn is not None

    async def connect(self) -> None:
        """Open the connection and prepare the statement."""
        conn = await AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=5, application_name="tocsin intake"
        )
        self._conn = conn
        done = asyncio.get_running_loop().create_future()
        self._watch(lambda problem: done.set_exception(problem) if problem else done.set_result(None), 5.0)
        conn.pgconn.nonblocking = 1
        conn.pgconn.send_prepare(STATEMENT, APPEND.encode(), _TYPES)
        self._flush(conn.pgconn)
        asyncio.get_running_loop().add_reader(conn.pgconn.socket, self._readable, conn.pgconn)
        await done

    def send(self, batch: Sequence[Raw], patience: float, told: Told) -> None:
        """Send one commit on its way; `told(None)` once it is on disk, `told(problem)` when that cannot be promised."""
        assert self._conn is not None
        lanes = by_lane(batch)
        given = [_day(real_now().date()), _array(_SMALLINT, map(_short, lanes)), _array(_BYTEA, lanes.values())]
        self._conn.pgconn.send_query_prepared(STATEMENT, given, _BINARY, pq.Format.BINARY)
        self._watch(told, patience)
        self._flush(self._conn.pgconn)

    def _watch(self, told: Told, patience: float) -> None:
        self._told = told
        self._alarm = asyncio.get_running_loop().call_later(patience, self._end, TimeoutError("no answer in time"))

    def _flush(self, pgconn: pq.abc.PGconn) -> None:
        """Hand libpq's buffer to the system; a large batch may need several goes."""
        loop = asyncio.get_running_loop()
        try:
            left = pgconn.flush()
        except psycopg.Error as problem:
            self._end(problem)
            return
        if left:
            loop.add_writer(pgconn.socket, self._writable, pgconn)

    def _writable(self, pgconn: pq.abc.PGconn) -> None:
        asyncio.get_running_loop().remove_writer(pgconn.socket)
        self._readable(pgconn)  # the server may be waiting for us to read before it reads on
        if self._told is not None:
            self._flush(pgconn)

    def _readable(self, pgconn: pq.abc.PGconn) -> None:
        try:
            pgconn.consume_input()
            if pgconn.is_busy():
                return
            problem = _problem(pgconn)
        except psycopg.Error as error:
            problem = error
            if self._told is None:
                self.drop()  # the server went while nothing was on its way
                return
        if self._told is not None:
            self._end(problem)

    def _end(self, problem: Exception | None) -> None:
        told, self._told = self._told, None
        if self._alarm is not None:
            self._alarm.cancel()
        if told is not None:
            told(problem)

    def drop(self) -> None:
        """Give the connection up."""
        conn, self._conn, self._told = self._conn, None, None
        if self._alarm is not None:
            self._alarm.cancel()
        if conn is None:
            return
        loop = asyncio.get_running_loop()
        with suppress(psycopg.Error, OSError, ValueError):
            loop.remove_reader(conn.pgconn.socket)
            loop.remove_writer(conn.pgconn.socket)
        conn.pgconn.finish()


def _problem(pgconn: pq.abc.PGconn) -> Exception | None:
    """What went wrong with the statement that has ended, if anything did."""
    problem: Exception | None = None
    while (result := pgconn.get_result()) is not None:
        if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            problem = psycopg.OperationalError(result.error_message.decode(errors="replace").strip())
    return problem


def _day(day: date) -> bytes:
    return struct.pack("!i", day.toordinal() - _EPOCH)


def _short(number: int) -> bytes:
    return struct.pack("!h", number)


def _array(type: int, elements: Any) -> bytes:
    """A one-dimensional array in PostgreSQL's binary form."""
    parts = [b"".join((struct.pack("!i", len(element)), element)) for element in elements]
    return struct.pack("!5i", 1, 0, type, len(parts), 1) + b"".join(parts)
