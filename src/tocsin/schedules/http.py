"""The paths of calendar feeds, `/private/<token>/feed`: no key, no session, the address is the authority (core:S50).

1. What does not exist, ended, or never did answers 404 alike, after the same look-up.
2. Readers poll: a tag says in four small queries that nothing changed, and what was drawn last is kept by it.
3. Each client's address may ask `MOST` times a minute, whatever it asks for; more is 429 with the time to wait.
4. The token is an authority: it stands in no log, and pages that a reader opens do not learn the address.
"""

import time
from collections import OrderedDict
from threading import Lock
from typing import Any

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.rest import address
from tocsin.rest.rates import Rates
from tocsin.schedules import feeds, ical

START, END = "/private/", "/feed"
MOST, THREADS, KEPT = 60, 2, 64
LONGEST_TOKEN = 200
SAFE = {
    "cache-control": "private, no-cache", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}  # fmt: skip
log = structlog.get_logger("tocsin.feeds")


class FeedDoor:
    """These paths as an ASGI application."""

    def __init__(self, database: Database, settings: Settings):
        self._database = database
        self._proxies = address.proxies(settings.trusted_proxies)
        self._fallback = settings.base_url
        self._rates = Rates(MOST, time.time)
        self._threads: CapacityLimiter | None = None
        self._drawn: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def serves(self, path: str) -> bool:
        """Whether a path is one of these."""
        return path.startswith(START)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        peer = request.client.host if request.client else None
        rate = self._rates.count(address.client(peer, headers, self._proxies) or "")
        if rate is not None and rate.exceeded:
            return _plain(429, "Too many requests", {"retry-after": str(rate.resets_in)})
        if request.method not in ("GET", "HEAD"):
            return _plain(405, "A calendar can only be read", {"allow": "GET, HEAD"})
        base = address.base(request.url.scheme, peer, headers, self._proxies, self._fallback)
        self._threads = self._threads or CapacityLimiter(THREADS)
        token = request.url.path.removeprefix(START).removesuffix(END)
        right = request.url.path.endswith(END) and "/" not in token and len(token) <= LONGEST_TOKEN
        return await to_thread.run_sync(
            self._feed, token if right else "", base, headers.get("if-none-match", ""), limiter=self._threads
        )

    def _feed(self, token: str, base: str, known: str) -> Response:
        try:
            with self._database.begin() as tx:
                found, now = feeds.planned(tx.conn, token, base, tx.now), tx.now
        except DBAPIError as error:
            log.error("a calendar without database", why=str(error.orig).splitlines()[0])
            return _plain(503, "The database does not answer", {"retry-after": "60"})
        if found is None:
            return _plain(404, "There is no such calendar")
        plan, tag = found
        headers = SAFE | {"etag": f'"{tag}"'}
        if tag in known:
            return Response(status_code=304, headers=headers)
        body = self._kept(tag) or self._keep(tag, ical.text(feeds.drawn(plan), now))
        named = {"content-disposition": 'inline; filename="on-call.ics"'}
        return Response(body, 200, headers | named, media_type="text/calendar; charset=utf-8")

    def _kept(self, tag: str) -> bytes | None:
        with self._lock:
            return self._drawn.get(tag)

    def _keep(self, tag: str, body: bytes) -> bytes:
        with self._lock:
            self._drawn[tag] = body
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return body


def _plain(status: int, text: str, more: dict[str, Any] | None = None) -> Response:
    return Response(text + "\n", status, SAFE | (more or {}), media_type="text/plain; charset=utf-8")
