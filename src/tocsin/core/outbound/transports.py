"""httpx2 transports over the guarded network: one for threads, one for event loops.

1. The address is judged by its form before anything else happens.
2. The deadline holds from the first packet to the last byte of the body, wherever the body is read.
3. A body over the limit, declared or not, and a packed one end the exchange.
"""

import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from tocsin.core.outbound.addresses import Policy
from tocsin.core.outbound.limits import Limits, Refused, until
from tocsin.core.outbound.network import AsyncNetwork, Network
from tocsin.core.outbound.resolving import Resolve
from tocsin.core.outbound.urls import fault

_POOL = {"max_connections": 50, "max_keepalive_connections": 10, "keepalive_expiry": 15.0, "http2": False}


class Guarded(httpx2.BaseTransport):
    """Sends what the policy allows."""

    def __init__(self, policy: Policy, resolve: Resolve, limits: Limits, tls: ssl.SSLContext):
        self._policy, self._limits = policy, limits
        self._pool = httpcore2.ConnectionPool(tls, network_backend=Network(policy, resolve), **_POOL)  # type: ignore[arg-type]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = _asked(request, self._policy)
        deadline = time.monotonic() + self._limits.total
        with _translated(request), until(deadline):
            got = self._pool.handle_request(asked)
            try:
                _refuse_answer(got, self._limits)
            except BaseException:
                got.close()
                raise
        assert isinstance(got.stream, Iterable)
        body = Body(got, request, deadline, self._limits.longest)
        return httpx2.Response(got.status, headers=got.headers, stream=body, extensions=got.extensions)

    def close(self) -> None:
        self._pool.close()


class Body(httpx2.SyncByteStream):
    """The body as it comes, until a limit."""

    def __init__(self, got: httpcore2.Response, request: httpx2.Request, deadline: float, most: int):
        self._got, self._request, self._deadline, self._most = got, request, deadline, most

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._got.stream, Iterable)
        parts, size = iter(self._got.stream), 0
        while True:
            with _translated(self._request), until(self._deadline):
                part = next(parts, None)
            if part is None:
                return
            size = _counted(size + len(part), self._deadline, self._most, self._request)
            yield part

    def close(self) -> None:
        self._got.close()


class AsyncGuarded(httpx2.AsyncBaseTransport):
    """Sends what the policy allows."""

    def __init__(self, policy: Policy, resolve: Resolve, limits: Limits, tls: ssl.SSLContext):
        self._policy, self._limits = policy, limits
        self._pool = httpcore2.AsyncConnectionPool(tls, network_backend=AsyncNetwork(policy, resolve), **_POOL)  # type: ignore[arg-type]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = _asked(request, self._policy)
        deadline = time.monotonic() + self._limits.total
        with _translated(request), until(deadline):
            got = await self._pool.handle_async_request(asked)
            try:
                _refuse_answer(got, self._limits)
            except BaseException:
                await got.aclose()
                raise
        body = AsyncBody(got, request, deadline, self._limits.longest)
        return httpx2.Response(got.status, headers=got.headers, stream=body, extensions=got.extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()


class AsyncBody(httpx2.AsyncByteStream):
    """The body as it comes, until a limit."""

    def __init__(self, got: httpcore2.Response, request: httpx2.Request, deadline: float, most: int):
        self._got, self._request, self._deadline, self._most = got, request, deadline, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._got.stream, AsyncIterable)
        parts, size = aiter(self._got.stream), 0
        while True:
            with _translated(self._request), until(self._deadline):
                part = await anext(parts, None)
            if part is None:
                return
            size = _counted(size + len(part), self._deadline, self._most, self._request)
            yield part

    async def aclose(self) -> None:
        await self._got.aclose()


def _asked(request: httpx2.Request, policy: Policy) -> httpcore2.Request:
    if why := fault(str(request.url), policy):
        raise Refused(why, request=request)
    url = httpcore2.URL(
        scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
    )
    times: dict[str, Any] = {"timeout": request.extensions.get("timeout", {})}
    return httpcore2.Request(request.method, url, headers=request.headers.raw, content=request.stream, extensions=times)


def _refuse_answer(got: httpcore2.Response, limits: Limits) -> None:
    if limits.any_answer:
        return
    told = {name.lower(): value for name, value in got.headers}
    if told.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
        raise Refused("The answer came packed, though it was asked for plain")
    length = told.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limits.most_bytes:
        raise Refused(f"The answer is longer than {limits.most_bytes} bytes")


def _counted(size: int, deadline: float, most: int, request: httpx2.Request) -> int:
    if size > most:
        raise Refused(f"The answer is longer than {most} bytes", request=request)
    if time.monotonic() > deadline:
        raise httpx2.ReadTimeout("The answer took too long", request=request)
    return size


@contextmanager
def _translated(request: httpx2.Request) -> Iterator[None]:
    """httpcore2's errors as httpx2's of the same name."""
    try:
        yield
    except Refused as error:
        error.request = request
        raise
    except (
        httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol
    ) as error:  # fmt: skip
        kind: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise kind(str(error), request=request) from error
