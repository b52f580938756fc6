"""What changes reaches open pages: one thread a process follows the ledger and tells its connections (SPINE 3).

1. The cursor is a transaction id: entries below `pg_snapshot_xmin` can get no new neighbours, so none is missed.
   A cursor at the newest id would miss a lower one that commits later.
2. It listens for the wake-up that commands send and looks once a second besides; while entries are there that lie
   above the line, it looks again soon.
3. It runs only while somebody watches, on a connection of its own, and comes back by itself after an outage.
4. A watcher is told *that* something changed, not what: its page asks again. A storm costs each page one request per
   `CALM`, however many entries it writes.
"""

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
import structlog

from tocsin.core.effects import WAKE

LOOK, SOON, BACK_OFF = 1.0, 0.1, 2.0
MOST_WATCHERS = 2000

log = structlog.get_logger("tocsin.web.live")

_LINE = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_NEWS = "SELECT DISTINCT incident_id FROM log_entries WHERE xid >= %s AND xid < %s AND incident_id IS NOT NULL"
_ABOVE = "SELECT 1 FROM log_entries WHERE xid >= %s LIMIT 1"


@dataclass(eq=False)
class Watcher:
    """One open page. `incident` None watches all incidents."""

    incident: str | None
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def wants(self, changed: set[str]) -> bool:
        """Whether these changes mean this page."""
        return self.incident is None or self.incident in changed

    def tell(self) -> None:
        """Wake it (called on its own loop)."""
        self.news.set()


class Live:
    """The watchers of this process and the thread that feeds them."""

    def __init__(self, url: str):
        self._url = url.replace("+psycopg", "", 1)
        self._lock = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def join(self, watcher: Watcher) -> bool:
        """Begin to watch; False when the process has as many watchers as it takes, or is stopping."""
        with self._lock:
            if self._closed or len(self._watchers) >= MOST_WATCHERS:
                return False
            self._watchers.add(watcher)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tocsin-live", daemon=True)
                self._thread.start()
            return True

    def leave(self, watcher: Watcher) -> None:
        """Watch no longer."""
        with self._lock:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """Let every watcher go, and end the thread (within about a second)."""
        with self._lock:
            self._closed = True
            watchers, thread = list(self._watchers), self._thread
        for watcher in watchers:
            watcher.over = True
            _wake(watcher)
        if thread is not None:
            thread.join(2 * LOOK)

    def _wanted(self) -> bool:
        """Whether to go on; when not, the thread takes itself off in the same breath."""
        with self._lock:
            if self._watchers and not self._closed:
                return True
            self._thread = None
            return False

    def _tell(self, changed: Iterable[str] | None) -> None:
        with self._lock:
            watchers = list(self._watchers)
        known = None if changed is None else set(changed)
        for watcher in watchers:
            if known is None or watcher.wants(known):
                _wake(watcher)

    def _run(self) -> None:
        pause = threading.Event()
        while self._wanted():
            try:
                with psycopg.connect(self._url, autocommit=True, application_name="tocsin live") as conn:
                    self._follow(conn)
            except psycopg.Error as error:
                log.warning("live updates pause", why=str(error).strip())
                pause.wait(BACK_OFF)

    def _follow(self, conn: psycopg.Connection) -> None:
        conn.execute(f"LISTEN {WAKE}")
        line = _number(conn, _LINE)
        self._tell(None)  # what changed while nobody followed
        while self._wanted():
            soon = conn.execute(_ABOVE, (line,)).fetchone() is not None
            for _ in conn.notifies(timeout=SOON if soon else LOOK, stop_after=1):
                pass
            line = self._news(conn, line)

    def _news(self, conn: psycopg.Connection, line: int) -> int:
        new = _number(conn, _LINE)
        changed = {row[0] for row in conn.execute(_NEWS, (line, new))}
        if changed:
            self._tell(changed)
        return new


def _number(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def _wake(watcher: Watcher) -> None:
    try:
        watcher.loop.call_soon_threadsafe(watcher.tell)
    except RuntimeError:
        watcher.over = True  # its loop is gone
