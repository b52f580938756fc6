"""The front of an HTTP process: which part answers which path, and what it says of its own health (CONTRACT, SPINE 9).

The reasons and `/metrics` are for insiders (`standing`, rule 3); whether this process is ready is for everybody.

`/readyz` is red only when *this process* cannot do its work (database, schema). What is merely degraded (mail, no
worker, a backlog) stands in its JSON: a dead mail server must never take the intake out of a load balancer.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

import msgspec

from tocsin.core.due_work import Source
from tocsin.core.errors import TocsinError, TooLarge
from tocsin.events.group_commit import GroupCommit
from tocsin.workers import health, test_clock
from tocsin.workers.health import Health
from tocsin.workers.standing import is_insider

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NOT_HERE = (
    "Numbers are for this machine and private networks, or for whoever sends TOCSIN_METRICS_TOKEN as a bearer token"
)
MOST_BYTES = 4096


class Door(Protocol):
    """A part that knows its own paths."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def serves(self, path: str) -> bool: ...


_encode = msgspec.json.Encoder().encode


class Front:
    """Answers health and the test clock itself; what `pages` or a door serves goes there, the rest to `api`."""

    def __init__(
        self, state: Health, api: App | None, pages: Door | None, clock_sources: Sequence[Source] | None,
        doors: Sequence[Door] = (), metrics_token: str | None = None,
    ):  # fmt: skip
        self._state, self._api, self._sources = state, api, clock_sources
        self._doors = [*doors, *([pages] if pages else [])]
        self._token = metrics_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope["path"]
        if path in ("/healthz", "/readyz", "/metrics"):
            if scope["method"] in ("GET", "HEAD"):
                await self._health(path, is_insider(scope, self._token), send)
            else:
                await _json(send, 405, {"error": {"message": "Method Not Allowed", "code": 2001, "errors": []}})
        elif path == "/_test/clock" and self._sources is not None:
            await self._clock(scope, receive, send)
        elif door := next((door for door in self._doors if door.serves(path)), None):
            await door(scope, receive, send)
        elif self._api is not None:
            await self._api(scope, receive, send)
        else:
            await _json(send, 404, {"error": {"message": "Not Found", "code": 2100, "errors": []}})

    async def _health(self, path: str, insider: bool, send: Send) -> None:
        if path == "/healthz":
            await _json(send, 200, {"alive": True})
        elif path == "/readyz":
            status, state = await asyncio.to_thread(health.ready, self._state)
            await _json(send, status, state if insider else {"ready": state["ready"]})
        elif not insider:
            await _json(send, 403, {"error": {"message": "Access Denied", "code": 2010, "errors": [NOT_HERE]}})
        else:
            numbers = await asyncio.to_thread(health.metrics, self._state)
            await _send(send, 200, numbers, b"text/plain; version=0.0.4; charset=utf-8")

    async def _clock(self, scope: Scope, receive: Receive, send: Send) -> None:
        database = self._state.database
        try:
            if scope["method"] == "POST":
                asked = _asked(await _body(receive))
                now = await asyncio.to_thread(test_clock.advance, database, self._sources or (), asked)
            else:
                now = await asyncio.to_thread(test_clock.now, database)
            await _json(send, 200, {"now": now})
        except TocsinError as error:
            body = {"error": {"message": error.message, "code": error.code, "errors": error.errors}}
            await _json(send, error.status, body)


def _asked(body: bytes) -> object:
    try:
        given = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return given.get("advance_seconds") if isinstance(given, dict) else None


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise TooLarge(f"The body may have at most {MOST_BYTES} bytes")
        if not message.get("more_body"):
            return body


async def _json(send: Send, status: int, body: Any) -> None:
    await _send(send, status, _encode(body), b"application/json")


async def _send(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Lifespan:
    """Starts the group commit before the first request and stores what is left after the last one."""

    def __init__(self, app: App, commit: GroupCommit):
        self._app, self._commit = app, commit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lifespan messages here, requests onward."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        await self._commit.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._commit.stop()
        await send({"type": "lifespan.shutdown.complete"})
