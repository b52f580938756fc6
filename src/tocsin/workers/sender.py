"""A lane a channel: claims due messages, hands them over side by side, writes what became of them (SPINE 3).

Claiming and settling are transactions in threads; only the hand-over itself is async. Trouble in one lane never
delays another: each has a thread and an event loop of its own.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.core.db import Database, Tx
from tocsin.notifications.commands import sending
from tocsin.notifications.commands.sending import Addresses
from tocsin.notifications.model import Channel, Message, Outcome, Unknown
from tocsin.notifications.store import sends
from tocsin.notifications.store.sends import Send

log = structlog.get_logger()

LONGEST_REST = 5.0
SHORTEST_REST = 0.05  # a due message that somebody else holds locked


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel: its name, how to make it (inside the lane's own loop), time-out of a send, how many at once."""

    name: str
    make: Callable[[], Channel]
    timeout: timedelta
    at_once: int = 4


class Sender(threading.Thread):
    """The thread of one lane."""

    def __init__(self, database: Database, owner: str, lane: Lane, urls: Addresses, wake: threading.Event):
        super().__init__(name=f"sender {lane.name}", daemon=True)
        self._database, self._owner, self._lane, self._urls, self._wake = database, owner, lane, urls, wake
        self._rest_for = LONGEST_REST
        self.stopping = False

    def run(self) -> None:
        """Until told to stop."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        channel = self._lane.make()
        while not self.stopping:
            try:
                busy = await self._turn(channel)
            except (OperationalError, InterfaceError) as error:
                log.warning("database away", loop=self.name, error=str(error.orig).splitlines()[0])
                await asyncio.sleep(1)
                continue
            except Exception:
                log.exception("sender failed", lane=self._lane.name)
                await asyncio.sleep(1)
                continue
            if not busy:
                await asyncio.to_thread(self._rest)

    def _rest(self) -> None:
        self._wake.wait(self._rest_for)
        self._wake.clear()

    async def _turn(self, channel: Channel) -> bool:
        ready = await asyncio.to_thread(self._claim)
        if ready:
            await asyncio.gather(*(self._deliver(channel, send, message) for send, message in ready))
        return bool(ready)

    def _claim(self) -> list[tuple[Send, Message]]:
        ready, self._rest_for = self._database.run(self._look)
        return ready

    def _look(self, tx: Tx) -> tuple[list[tuple[Send, Message]], float]:
        lane = self._lane
        ready = sending.claim(tx, lane.name, self._owner, lane.timeout * 3, lane.at_once, self._urls)
        if ready:
            return ready, 0.0
        due = sends.next_due(tx.conn, lane.name)
        wait = LONGEST_REST if due is None else (due - tx.now).total_seconds()
        return ready, min(max(wait, SHORTEST_REST), LONGEST_REST)

    async def _deliver(self, channel: Channel, send: Send, message: Message) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._lane.timeout.total_seconds()):
                outcome: Outcome = await channel.send(message)
        except TimeoutError:
            outcome = Unknown(f"no answer within {self._lane.timeout.total_seconds():.0f} s")
        except Exception as error:
            log.exception("channel failed", lane=self._lane.name, send=send.id)
            outcome = Unknown(f"{type(error).__name__}: {error}")
        log.info("sent", lane=self._lane.name, send=send.id, outcome=repr(outcome), took=time.monotonic() - began)
        await asyncio.to_thread(self._settle, send, outcome)

    def _settle(self, send: Send, outcome: Outcome) -> None:
        self._database.run(lambda tx: sending.settle(tx, send, outcome))

    def stop(self) -> None:
        """Finish what is being sent, then end."""
        self.stopping = True
        self._wake.set()
