"""Durable before the 202: concurrent requests share one commit (SPINE 1).

There is no linger: whoever comes first commits at once, and what arrives while that commit runs goes with the next.
So an idle server answers as fast as a single insert, and a busy one pays one fsync for dozens of events. Two commits
may be on their way at a time: with one, sixty-four senders end up waiting in step for the same fsync, and the processor
idles. The order of a sender who waits for his answers is kept either way; there is none between those who do not wait.
"""

import asyncio
import collections
from collections.abc import Coroutine

import structlog
from prometheus_client import Counter

from tocsin.core.intake_log import Raw
from tocsin.events.line import Line

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
    """A few lines to PostgreSQL that store what requests hand in, in as few commits as possible."""

    def __init__(self, url: str):
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._waiting: list[Waiting] = []
        self._free: list[Line] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to store."""
        self._loop = asyncio.get_running_loop()
        self._free = [Line(self._dsn) for _ in range(AT_A_TIME)]

    async def stop(self) -> None:
        """Store what is waiting, then stop."""
        while self._waiting or self._busy:
            await asyncio.sleep(0.01)
        for line in self._free:
            line.drop()

    def store(self, raw: Raw) -> asyncio.Future[None]:
        """Done once `raw` is on disk; `NotStored` when that cannot be promised."""
        assert self._loop is not None  # asking for the running loop is a system call each time
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((raw, future))
        if self._free and len(self._waiting) == 1:
            self._loop.call_soon(self._go)  # after the requests that this turn of the loop has read
        return future

    def _go(self) -> None:
        """Send what waits down a free line, if there is one."""
        if not self._waiting or not self._free:
            return
        line = self._free.pop()
        batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        self._busy += 1
        if line.open:
            self._commit(line, batch)
        else:
            self._in_background(self._opened(line, batch))
        if self._waiting:
            self._go()

    async def _opened(self, line: Line, batch: list[Waiting]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await line.connect()
        except Exception as problem:  # whatever it is, nobody may be left waiting
            self._over(line, batch, problem)
        else:
            self._commit(line, batch)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _commit(self, line: Line, batch: list[Waiting]) -> None:
        try:
            line.send([raw for raw, _ in batch], PATIENCE, lambda problem: self._over(line, batch, problem))
        except Exception as problem:  # whatever it is: a line that is not given back would store nothing any more
            self._over(line, batch, problem)

    def _over(self, line: Line, batch: list[Waiting], problem: Exception | None) -> None:
        """Tell whoever waits for these; only what is surely on disk gets its 202."""
        self._busy -= 1
        self._free.append(line)
        if problem is not None:
            line.drop()
            _refuse(batch, problem)
        else:
            _count(batch)
            for _, future in batch:
                if not future.done():
                    future.set_result(None)
        self._go()


def _refuse(batch: list[Waiting], problem: Exception) -> None:
    why = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    log.warning("events not stored", count=len(batch), why=why)
    for _, future in batch:
        if not future.done():
            future.set_exception(NotStored(why))


def _count(batch: list[Waiting]) -> None:
    """Once a commit: counting each request costs a tenth of answering it."""
    for kind, count in collections.Counter(raw.kind for raw, _ in batch).items():
        accepted.labels(kind).inc(count)
