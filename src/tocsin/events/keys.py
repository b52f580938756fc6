"""Which routing keys are live: a cache in front of the database, so that the hot path asks nobody.

A key made elsewhere is found at its first use (the miss asks the database); a key that was removed is refused within
`FRESH` seconds. Misses are remembered for a second, so that probing costs one query a second a key at most.
"""

import asyncio
import time

from tocsin.core.db import Database
from tocsin.services.store.routes import live_keys

FRESH = 5.0
MISS = 1.0
MOST_MISSES = 10_000


class Keys:
    """The live routing keys, as this process last saw them."""

    def __init__(self, database: Database):
        self._database = database
        self._live: set[str] = set()
        self._loaded = 0.0
        self._misses: dict[str, float] = {}
        self._lock = asyncio.Lock()

    def fresh(self, key: str) -> bool:
        """Whether this key was live a moment ago: what the hot path asks first."""
        return key in self._live and time.monotonic() - self._loaded < FRESH

    async def known(self, key: str) -> bool:
        """Whether events on this key are accepted."""
        if self.fresh(key):
            return True
        now = time.monotonic()
        if now - self._misses.get(key, -MISS) < MISS:
            return False
        await self._load(now)
        if key in self._live:
            return True
        self._remember_miss(key, now)
        return False

    def _remember_miss(self, key: str, now: float) -> None:
        if len(self._misses) >= MOST_MISSES:
            self._misses.clear()
        self._misses[key] = now

    async def _load(self, asked: float) -> None:
        async with self._lock:
            if self._loaded > asked:
                return
            self._live = await asyncio.to_thread(self._read)
            self._loaded = time.monotonic()

    def _read(self) -> set[str]:
        with self._database.begin() as tx:
            return live_keys(tx.conn)
