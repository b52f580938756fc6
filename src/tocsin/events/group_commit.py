"""Durable before the 202: concurrent requests share one commit (SPINE 1).

There is no linger: whoever comes first commits at once, and what arrives while that commit runs goes with the next.
So an idle server answers as fast as a single insert, and a busy one pays one fsync for dozens of events. Two commits
may be on their way at a time: with one, sixty-four senders end up waiting in step for the same fsync, and the processor
idles. The order of a sender who waits for his answers is kept either way; there is none between those who do not wait.
"""

import asyncio
import collections
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from prometheus_client import Counter
from psycopg import AsyncConnection

from tocsin.core import intake_log
from tocsin.core.intake_log import Raw

MOST_AT_ONCE = 1000
AT_A_TIME = 2
PATIENCE = 10.0

log = structlog.get_logger()

Waiting = tuple[Raw, asyncio.Future[None]]
"""An event, and whoever waits for it to be on disk."""

accepted = Counter("tocsin_events_accepted_total", "Events answered with 202 (v1: 200)", ["kind"])


class NotStored(Exception):
    """The event may not be on disk: the sender must repeat it."""


class GroupCommit:
    """A few connections that store what requests hand in, in as few commits as possible."""

    def __init__(self, url: str):
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0

    async def start(self) -> None:
        """Begin to store."""
        self._tasks = [asyncio.create_task(self._run(), name=f"group commit {n}") for n in range(AT_A_TIME)]

    async def stop(self) -> None:
        """Store what is waiting, then stop."""
        while self._waiting or self._busy:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def store(self, raw: Raw) -> asyncio.Future[None]:
        """Done once `raw` is on disk; `NotStored` when that cannot be promised."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, future))
        self._wake.set()
        return future

    async def _run(self) -> None:
        line = Line(self._dsn)
        try:
            while True:
                await self._wake.wait()
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                if not self._waiting:
                    self._wake.clear()
                if batch:
                    self._busy += 1
                    await line.commit(batch)
                    self._busy -= 1
        finally:
            await line.drop()


class Line:
    """One connection to store by, opened when it is needed and again after any trouble."""

    def __init__(self, dsn: str):
        self._dsn = dsn
        self._conn: AsyncConnection[Any] | None = None

    async def commit(self, batch: list[Waiting]) -> None:
        """Store these and tell whoever waits for them."""
        error: Exception | None = None
        try:
            async with asyncio.timeout(PATIENCE):
                conn = await self._connection()
                await intake_log.append(conn, [raw for raw, _ in batch])
        except Exception as problem:  # whatever it is, nobody may be left waiting, and nobody may get a 202
            error = NotStored(str(problem).splitlines()[0] if str(problem) else type(problem).__name__)
            log.warning("events not stored", count=len(batch), why=str(error))
            await self.drop()
        else:
            _count(batch)
        for _, future in batch:
            if not future.done():
                future.set_exception(error) if error else future.set_result(None)

    async def _connection(self) -> AsyncConnection[Any]:
        if self._conn is None or self._conn.closed:
            self._conn = await AsyncConnection.connect(
                self._dsn, autocommit=True, connect_timeout=5, application_name="tocsin intake"
            )
        return self._conn

    async def drop(self) -> None:
        """Give the connection up."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(psycopg.Error, OSError):
                await conn.close()


def _count(batch: list[Waiting]) -> None:
    """Once a commit: counting each request costs a tenth of answering it."""
    for kind, count in collections.Counter(raw.kind for raw, _ in batch).items():
        accepted.labels(kind).inc(count)
