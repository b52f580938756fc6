"""HTTP connections with limits: what a peer may send before the application sees it, and how long it may take.

1. A request's head comes whole within `head_seconds` and is at most `head_bytes` long (408, 431); its body follows
   within `body_seconds` (408). How long a body may be is the business of each door (413).
2. When `connections` are open, a new one takes the place of the one that has been idle longest; when none is idle, it
   is told 503. So a crowd of silent connections locks nobody out for long.
3. A connection that is closed but whose peer reads nothing any more is cut off after `LINGER`.
4. No WebSocket: nothing here speaks it, and another protocol would not know these limits.

A sweep of all connections once a second looks at the times: a timer each would cost the intake more than all of this.
"""

import resource
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER: Final = 10.0
SPARE_FILES: Final = 256
MOST_FILES: Final = 65_536
MOST_CONNECTIONS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits; seconds and bytes."""

    head_seconds: float = 10.0
    body_seconds: float = 30.0
    head_bytes: int = 64 * 1024
    connections: int = MOST_CONNECTIONS


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol within `bounds`. `waiting`: seconds the peer has for what is outstanding; None: our turn."""

    bounds = Bounds()
    waiting: float | None = None
    in_head = True
    head_size = 0
    since = closing_since = 0.0

    def connection_made(self, transport: Any) -> None:
        """A new connection: the first head is outstanding."""
        super().connection_made(transport)
        self._wait(self.bounds.head_seconds)
        if len(self.connections) > self.bounds.connections and not self._displace():
            self._refuse(503, "Too many connections")

    def data_received(self, data: bytes) -> None:
        """Bytes: while a head is incomplete, they count towards its size."""
        if self.transport.is_closing():
            return
        if not self.in_head and self.waiting is None:
            self.in_head, self.head_size = True, 0
            self._wait(self.bounds.head_seconds)
        if self.in_head:
            self.head_size += len(data)
        super().data_received(data)
        if self.in_head and self.head_size > self.bounds.head_bytes:
            self._refuse(431, "Request header fields too large")

    def on_headers_complete(self) -> None:
        """The head is there; is it short enough, if it came in one piece?"""
        self.in_head = False
        self._wait(self.bounds.body_seconds)
        if self.head_size > self.bounds.head_bytes and self._head_length() > self.bounds.head_bytes:
            self._refuse(431, "Request header fields too large")
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, unless it belongs to a request that was refused."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there: our turn."""
        self.waiting, self.head_size = None, 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def sweep(self, now: float) -> None:
        """Close what is late."""
        if self.transport.is_closing():
            self.closing_since = self.closing_since or now
            if now - self.closing_since > LINGER:
                self.transport.abort()
        elif self.waiting is not None and now - self.since > self.waiting:
            self._refuse(408, "The request did not come in time")

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: between two requests, or not one byte of the first has come."""
        busy = self.cycle is not None and not self.cycle.response_complete
        return not busy and not self.head_size and (self.waiting is None or self.in_head)

    def _wait(self, seconds: float) -> None:
        self.waiting = seconds
        self.since = self.loop.time()

    def _head_length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _displace(self) -> bool:
        idle = [one for one in bounded(self.connections) if one is not self and one.idle]
        if not idle:
            return False
        min(idle, key=lambda one: one.since).transport.abort()
        return True

    def _refuse(self, status: int, why: str) -> None:
        """Say why, if nothing has been said yet, and close. A peer that never began gets no answer."""
        began = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not began and (status == 503 or self.head_size or not self.in_head):
            body = why.encode()
            head = f"HTTP/1.1 {status} {why}\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(f"{head}x-content-type-options: nosniff\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()


def within(bounds: Bounds) -> type[BoundedHttp]:
    """The protocol with these limits."""
    return type("BoundedHttp", (BoundedHttp,), {"bounds": bounds})


def bounded(connections: Iterable[Any]) -> list[BoundedHttp]:
    """Those of ours among a server's connections."""
    return [one for one in connections if isinstance(one, BoundedHttp)]


def sweep(connections: Iterable[Any], now: float) -> None:
    """Close every connection that is late. `now` is the event loop's time."""
    for one in bounded(connections):
        one.sweep(now)


def as_many_as_the_system_allows() -> Bounds:
    """Limits with as many connections as this process may have files, which are raised as far as they go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return Bounds(connections=max(64, min(MOST_CONNECTIONS, wanted - SPARE_FILES)))
