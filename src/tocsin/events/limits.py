"""An optional limit of events a minute a key (core:E26, SPINE 11): off by default.

When it is set, a repeat of an open key is still accepted and counted; only what would be new is refused, and the
sender is told. Windows run in real time, a window per process.
"""

import asyncio
import time

from prometheus_client import Counter

from tocsin.core.db import Database
from tocsin.incidents.store.alerts import is_open
from tocsin.services.store.routes import integrations_by_key

WINDOW = 60.0
over_limit = Counter("tocsin_events_over_limit_total", "Repeats of open keys accepted above the limit")


class Limits:
    """Counts events of each key in fixed windows of a minute."""

    def __init__(self, database: Database, per_minute: int):
        self._database, self._limit = database, per_minute
        self._since = 0.0
        self._counts: dict[str, int] = {}

    @property
    def off(self) -> bool:
        """Whether there is no limit."""
        return self._limit == 0

    async def allows(self, key: str, dedup: str, action: object) -> bool:
        """Whether this event may come in: under the limit, not a trigger, or a repeat of an open key."""
        now = time.monotonic()
        if now - self._since >= WINDOW:
            self._since, self._counts = now, {}
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] <= self._limit or action != "trigger":
            return True
        if await asyncio.to_thread(self._repeats, key, dedup):
            over_limit.inc()
            return True
        return False

    def _repeats(self, key: str, dedup: str) -> bool:
        with self._database.begin() as tx:
            found = integrations_by_key(tx.conn, [key]).get(key)
            return found is not None and is_open(tx.conn, found.id, dedup)
