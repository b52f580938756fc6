"""The webhooks of a worker: one loop follows the ledger, one thread delivers (core:H7, SPINE 3).

Claiming and settling are transactions in threads; only the exchange itself is async. A delivery takes a place of
`AT_ONCE` as long as it lasts, and the next is claimed as soon as a place is free: who waits for a slow receiver holds
up nobody but those behind him. Nothing here shares a lane, a lock or a lease with pages.
"""

import asyncio
import threading

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.core.db import Database, Tx
from tocsin.core.outbound import Outbound
from tocsin.webhooks.addresses import LinksOf
from tocsin.webhooks.commands import clients, delivering, following
from tocsin.webhooks.model import Credentials, Job, Retry, Token
from tocsin.webhooks.sending import Caller
from tocsin.webhooks.store import queues

log = structlog.get_logger()

AT_ONCE = 32
LONGEST_REST, BUSY_REST, SHORTEST_REST = 5.0, 0.25, 0.05
FOLLOW_EVERY = 1.0
ended = Counter("tocsin_webhook_attempts", "Attempts to deliver webhooks, by how they ended", ["outcome"])


class Follow:
    """The work of the following loop; begins to follow at its first look."""

    def __init__(self, database: Database, links_of: LinksOf):
        self._database, self._links_of, self._begun = database, links_of, False

    def __call__(self) -> bool:
        """A lot; True when there may be more."""
        if not self._begun:
            self._database.run(following.start)
            self._begun = True
        return self._database.run(lambda tx: following.follow(tx, self._links_of))


class HookSender(threading.Thread):
    """The thread that delivers."""

    def __init__(self, database: Database, owner: str, outbound: Outbound, links_of: LinksOf, wake: threading.Event):
        super().__init__(name="webhooks", daemon=True)
        self._database, self._owner, self._outbound = database, owner, outbound
        self._links_of, self._wake = links_of, wake
        self._rest_for = LONGEST_REST
        self.stopping = False

    def run(self) -> None:
        """Until told to stop."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        caller = Caller(self._outbound, self._keep)
        running: set[asyncio.Task[None]] = set()
        while not self.stopping:
            free = AT_ONCE - len(running)
            found = await self._claimed(free) if free else []
            running |= {asyncio.create_task(self._deliver(caller, job)) for job in found}
            if not found:
                await self._pause(running)
            running = {task for task in running if not task.done()}
        if running:
            await asyncio.wait(running)
        await caller.close()

    async def _pause(self, running: set[asyncio.Task[None]]) -> None:
        """Until something ends, is put in, or falls due."""
        woken = asyncio.create_task(asyncio.to_thread(self._wait))
        await asyncio.wait({woken, *running}, return_when=asyncio.FIRST_COMPLETED)
        self._wake.set()
        await woken
        self._wake.clear()

    def _wait(self) -> None:
        self._wake.wait(self._rest_for)

    async def _claimed(self, most: int) -> list[Job]:
        try:
            found, self._rest_for = await asyncio.to_thread(self._database.run, lambda tx: self._look(tx, most))
            return found
        except (OperationalError, InterfaceError) as error:
            log.warning("database away", loop=self.name, error=str(error.orig).splitlines()[0])
        except Exception:
            log.exception("webhooks cannot be claimed")
        self._rest_for = 1.0
        return []

    def _look(self, tx: Tx, most: int) -> tuple[list[Job], float]:
        found = delivering.claim(tx, self._owner, most)
        due = queues.next_due(tx.conn)
        wait = LONGEST_REST if due is None else (due - tx.now).total_seconds()
        least = SHORTEST_REST if found else BUSY_REST  # due and not to be had: its receiver has all it may
        return found, min(max(wait, least), LONGEST_REST)

    async def _deliver(self, caller: Caller, job: Job) -> None:
        try:
            outcome = await caller.attempt(job)
        except Exception as error:
            log.exception("webhook failed", delivery=job.delivery_id)
            outcome = Retry(f"{type(error).__name__} in Tocsin; see its log")
        ended.labels(type(outcome).__name__.lower()).inc()
        log.info("webhook", endpoint=job.endpoint_id, delivery=job.delivery_id, outcome=type(outcome).__name__)
        try:
            await asyncio.to_thread(self._database.run, lambda tx: delivering.settle(tx, job, outcome, self._links_of))
        except Exception:  # its lease ends, and it is tried again with the same ids
            log.exception("webhook not settled", delivery=job.delivery_id)

    async def _keep(self, credentials: Credentials, token: Token | None) -> None:
        await asyncio.to_thread(self._database.run, lambda tx: clients.keep(tx, credentials.id, token))

    def stop(self) -> None:
        """Finish what is being sent, then end."""
        self.stopping = True
        self._wake.set()
