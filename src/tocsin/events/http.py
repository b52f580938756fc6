"""The intake's hot path: a raw ASGI door in front of the app (3.8x the framework's rate on the same body).

Events API v2 and v1 and change events, with the wire's answers (core:E10-E29, core:E60-E62, core:E70-E74, core:G-02).
Any Authorization header and content type are ignored, a trailing slash is fine (clients.md). No redirect, ever.
"""

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

import msgspec
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from tocsin.core import ids
from tocsin.core.clock import real_now
from tocsin.core.intake_log import Raw
from tocsin.events.group_commit import GroupCommit, NotStored
from tocsin.events.keys import Keys
from tocsin.events.limits import Limits
from tocsin.events.logic.checking import MAX_BYTES, change_problems, mended, too_deep, v1_problems, v2_problems

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Now = Callable[[], Awaitable[datetime]]
"""The test clock, which is a row; without it, time is the machine's."""

PATHS = {
    "/v2/enqueue": "v2",
    "/v2/change/enqueue": "change",
    "/generic/2010-04-15/create_event.json": "v1",
}
PROBLEMS = {"v2": v2_problems, "v1": v1_problems, "change": change_problems}
KEY_NAMES = {"v2": "routing_key", "v1": "service_key", "change": "routing_key"}
DEDUP_NAMES = {"v2": "dedup_key", "v1": "incident_key", "change": "dedup_key"}

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_OPEN = (b"access-control-allow-origin", b"*")

refused = Counter("tocsin_events_refused_total", "Events refused", ["kind", "status"])


class Refusal(Exception):
    """An answer other than success: status, and the wire's body."""

    def __init__(self, status: int, title: str, message: str, errors: list[str], retry_after: int | None = None):
        super().__init__(message)
        self.status, self.retry_after = status, retry_after
        self.body = {"status": title, "message": message, "errors": errors}


def _invalid(errors: list[str]) -> Refusal:
    return Refusal(400, "invalid event", "Event object is invalid", errors)


NO_OBJECT = ("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])
TOO_LARGE = ("payload too large", "Event exceeds 512 KB", [f"Payload exceeds maximum size of {MAX_BYTES} bytes"])


class EventsDoor:
    """Answers the events paths itself and hands everything else to `app`."""

    def __init__(self, app: App, commit: GroupCommit, keys: Keys, limits: Limits, test_clock: Now | None):
        self._app, self._commit, self._keys, self._limits = app, commit, keys, limits
        self._test_clock = test_clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        route = route_of(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        kind, path_key = route
        if scope["method"] != "POST":
            await _answer_other(scope["method"], send)
            return
        try:
            status, answer = await self._take(kind, path_key, scope, receive)
            await _send_json(send, status, answer)
        except Refusal as refusal:
            refused.labels(kind, refusal.status).inc()
            await _send_json(send, refusal.status, refusal.body, refusal.retry_after)

    async def _take(self, kind: str, path_key: str | None, scope: Scope, receive: Receive) -> tuple[int, Any]:
        body = await _body(scope, receive)
        event, body = _object(body)
        name = KEY_NAMES[kind]
        if path_key is not None:
            event[name] = path_key
        if problems := PROBLEMS[kind](event):
            raise _invalid(problems)
        key = event[name]
        if not (self._keys.fresh(key) or await self._known(key)):
            raise _invalid(["Invalid routing key"])
        dedup = event.get(DEDUP_NAMES[kind]) or ids.dedup_key()
        if not self._limits.off:
            await self._limit(kind, key, dedup, event)
        try:
            now = real_now() if self._test_clock is None else await self._test_clock()
            await self._commit.store(Raw(kind, now, key, dedup, msgspec.Raw(body)))
        except NotStored as error:
            raise _away(str(error)) from error
        except SQLAlchemyError as error:  # the test clock is a row
            raise _away(type(error).__name__) from error
        return _success(kind, dedup)

    async def _known(self, key: str) -> bool:
        try:
            return await self._keys.known(key)
        except Exception as error:
            raise _away(type(error).__name__) from error

    async def _limit(self, kind: str, key: str, dedup: str, event: dict[str, Any]) -> None:
        try:
            if await self._limits.allows(key, dedup, event.get("event_action", event.get("event_type"))):
                return
        except SQLAlchemyError as error:
            raise _away(type(error).__name__) from error
        status = 403 if kind == "v1" else 429
        raise Refusal(status, "throttle exceeded", "Request Limit Exceeded", ["Too many events on this key"], 60)


def _away(why: str) -> Refusal:
    return Refusal(503, "service unavailable", "The event could not be stored; send it again", [why], 5)


def route_of(path: str) -> tuple[str, str | None] | None:
    """(kind, routing key given in the path) for an events path; None for every other."""
    path = path.rstrip("/")
    if kind := PATHS.get(path):
        return kind, None
    parts = path.split("/")
    if len(parts) == 4 and parts[1] == "integration" and parts[3] == "enqueue":
        return "v2", parts[2]
    return None


def _success(kind: str, dedup: str) -> tuple[int, Any]:
    if kind == "v1":
        return 200, {"status": "success", "message": "Event processed", "incident_key": dedup}
    if kind == "change":
        return 202, {"status": "success", "message": "Change event processed"}
    return 202, {"status": "success", "message": "Event processed", "dedup_key": dedup}


async def _body(scope: Scope, receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, *NO_OBJECT)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BYTES:
            raise Refusal(413, *TOO_LARGE)
        chunks.append(chunk)
        if not message.get("more_body"):
            break
    body = b"".join(chunks)
    return _inflated(body) if _is_gzip(scope) else body


def _is_gzip(scope: Scope) -> bool:
    given = (value for name, value in scope["headers"] if name == b"content-encoding")
    return any(value.strip().lower() in (b"gzip", b"x-gzip") for value in given)


def _inflated(body: bytes) -> bytes:
    """The body unpacked; the limit holds for what comes out, so a bomb stops at the limit."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise Refusal(400, *NO_OBJECT) from None
    if len(plain) > MAX_BYTES:
        raise Refusal(413, *TOO_LARGE)
    if not unpacker.eof:
        raise Refusal(400, *NO_OBJECT)
    return plain


def _object(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The event and the bytes to store, mended where only that lets them be read."""
    try:
        event = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = mended(body)
        event = _second_reading(body)
    if not isinstance(event, dict) or too_deep(body, event):
        raise Refusal(400, *NO_OBJECT)
    return event, body


def _second_reading(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise Refusal(400, *NO_OBJECT) from None


async def _answer_other(method: str, send: Send) -> None:
    if method == "OPTIONS":
        allow = [
            _OPEN,
            _NOSNIFF,
            (b"access-control-allow-methods", b"POST, OPTIONS"),
            (b"access-control-allow-headers", b"authorization, content-type"),
            (b"access-control-max-age", b"86400"),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": allow})
        await send({"type": "http.response.body", "body": b""})
        return
    body = {
        "status": "method not allowed",
        "message": "Events are sent with POST",
        "errors": [f"{method} is not allowed"],
    }
    await _send_json(send, 405, body)


async def _send_json(send: Send, status: int, answer: Any, retry_after: int | None = None) -> None:
    body = _encode(answer)
    headers = [_JSON, _OPEN, _NOSNIFF, (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
