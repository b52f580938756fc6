"""The REST API as an ASGI application, built from tables of operations.

Bodies are read here, bounded; everything else happens in `dispatch`, in a thread of a bounded pool.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.types import Receive, Scope, Send

from tocsin.core.db import Database
from tocsin.core.errors import Invalid, TooLarge
from tocsin.core.settings import Settings
from tocsin.rest import address, docs, errors
from tocsin.rest.auth import Authenticate
from tocsin.rest.call import Facts, Move, Ports, Use
from tocsin.rest.dispatch import Answer, Dispatcher
from tocsin.rest.not_built import not_built
from tocsin.rest.operations import Table
from tocsin.rest.rates import Rates
from tocsin.rest.request import Request
from tocsin.rest.rights import Standings
from tocsin.rest.routes import Routes

MOST_BYTES = 2 * 1024 * 1024
THREADS = 16
PAGES = "{base}/app/{path}"


def build(
    tables: Sequence[Table], database: Database, settings: Settings, authenticate: Authenticate,
    facts: Mapping[str, Facts] | None = None, uses: Mapping[str, Sequence[Use]] | None = None,
    moves: Mapping[str, Sequence[Move]] | None = None, standings: Standings | None = None,
    parts: Sequence[object] = (),
) -> "RestApp":  # fmt: skip
    """The application of these tables; published operations that none of them has answer 501. `parts`: `Call.part`."""
    operations = [operation for table in tables for operation in table.operations]
    missing = [row.split(" ", 1) for row in not_built(operations)]
    rows: list[tuple[str, str, Any]] = [(o.method, o.path, o) for o in operations]
    rows += [(method, path, path) for method, path in missing]
    loaders = {type: loader for table in tables for type, loader in table.loaders.items()}
    known = {type(part): part for part in parts}
    ports = Ports(facts or {}, uses or {}, moves or {}, loaders, standings or {}, known)
    rates = Rates(settings.api_rate_limit, time.time)
    pages = settings.html_url or (f"{settings.base_url}/app/{{path}}" if settings.public_url else PAGES)
    dispatcher = Dispatcher(Routes(rows), database, authenticate, rates, ports, pages)
    return RestApp(dispatcher, settings, docs.Docs(operations))


class RestApp:
    """An ASGI application; `serves(path)` tells whether a path is one of its own."""

    def __init__(self, dispatcher: Dispatcher, settings: Settings, pages: docs.Docs):
        self.dispatcher = dispatcher
        self._proxies = address.proxies(settings.trusted_proxies)
        self._fallback = settings.base_url
        self._docs = pages
        self._threads: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request; other kinds of connection are not answered."""
        if scope["type"] != "http":
            return
        request = self._request(scope)
        if request.method == "OPTIONS":
            answer = Answer(204, b"", {"allow": "GET, HEAD, POST, PUT, DELETE", "x-request-id": request.id})
        else:
            answer = await self._documented(request) or await self._answer(request, receive)
        await _send(answer, send, head=request.method == "HEAD")

    async def _documented(self, request: Request) -> Answer | None:
        """A document of /docs, made in a thread: reading every operation takes a while."""
        return await to_thread.run_sync(self._docs.answer, request) if request.path.startswith("/docs") else None

    async def _answer(self, request: Request, receive: Receive) -> Answer:
        try:
            body = await _body(request, receive)
        except (TooLarge, Invalid) as error:
            return Answer(
                error.status, errors.encoded(error), {"content-type": "application/json", "x-request-id": request.id}
            )
        self._threads = self._threads or CapacityLimiter(THREADS)
        whole = _with_body(request, body)
        return await to_thread.run_sync(self.dispatcher.answer, whole, limiter=self._threads)

    def _request(self, scope: Scope) -> Request:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        peer = (scope.get("client") or (None,))[0]
        base = address.base(scope["scheme"], peer, headers, self._proxies, self._fallback)
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        return Request(
            scope["method"], path, scope["query_string"].decode("latin-1"), headers, b"",
            base, address.client(peer, headers, self._proxies), secrets.token_hex(16),
        )  # fmt: skip


def _with_body(request: Request, body: bytes) -> Request:
    return Request(
        request.method, request.path, request.query, request.headers, body,
        request.base_url, request.address, request.id,
    )  # fmt: skip


async def _body(request: Request, receive: Receive) -> bytes:
    declared = request.header("content-length") or "0"
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise TooLarge(f"The body may have at most {MOST_BYTES} bytes")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The connection ended before the body did")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            raise TooLarge(f"The body may have at most {MOST_BYTES} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(answer: Answer, send: Send, head: bool) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
