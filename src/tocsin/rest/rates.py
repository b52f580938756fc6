"""The limit of requests a minute and key (core:K12, core:G-82): fixed windows of the real clock, in this process.

Each HTTP process counts for itself, so N processes let through up to N times the limit: it guards the server from
one key, it is not a quota.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

WINDOW = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a key stands after a request."""

    limit: int
    used: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """What every answer tells about it; `retry-after` on a refusal."""
        told = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(max(0, self.limit - self.used)),
            "ratelimit-reset": str(self.resets_in),
        }
        return told | ({"retry-after": str(self.resets_in)} if self.exceeded else {})


class Rates:
    """Counts by key in the present window; `limit` 0 is no limit."""

    def __init__(self, limit: int, seconds: Callable[[], float]):
        self._limit, self._seconds, self._lock = limit, seconds, Lock()
        self._window, self._counts = -1, dict[str, int]()

    def count(self, key: str) -> Rate | None:
        """Count one request of `key`; None when there is no limit."""
        if not self._limit:
            return None
        now = int(self._seconds())
        with self._lock:
            if now // WINDOW != self._window:
                self._window, self._counts = now // WINDOW, {}
            self._counts[key] = used = self._counts.get(key, 0) + 1
        return Rate(self._limit, used, WINDOW - now % WINDOW)
