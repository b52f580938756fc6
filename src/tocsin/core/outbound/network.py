"""Network backends for httpcore2 that connect to judged addresses only, and streams that keep the deadline."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
from httpcore2 import SOCKET_OPTION

from tocsin.core.outbound.addresses import Policy
from tocsin.core.outbound.limits import Refused, remaining
from tocsin.core.outbound.resolving import Resolve, chosen, chosen_async


class Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends with the request."""

    def __init__(self, inner: httpcore2.NetworkStream):
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, remaining(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return Stream(self._inner.start_tls(ssl_context, server_hostname, remaining(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Network(httpcore2.NetworkBackend):
    """Resolves, judges, connects."""

    def __init__(self, policy: Policy, resolve: Resolve):
        self._policy, self._resolve = policy, resolve
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:  # fmt: skip
        failed: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for address in chosen(host, port, self._policy, self._resolve, remaining(timeout)):
            try:
                return Stream(self._inner.connect_tcp(address, port, remaining(timeout), local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise _told(host, failed)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SOCKET_OPTION] | None = None
    ) -> httpcore2.NetworkStream:
        raise Refused("a socket of this machine is no address to ask")


class AsyncStream(httpcore2.AsyncNetworkStream):
    """A connection whose every wait ends with the request."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream):
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, remaining(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, remaining(timeout))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, remaining(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncNetwork(httpcore2.AsyncNetworkBackend):
    """Resolves, judges, connects."""

    def __init__(self, policy: Policy, resolve: Resolve):
        self._policy, self._resolve = policy, resolve
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:  # fmt: skip
        failed: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for address in await chosen_async(host, port, self._policy, self._resolve, remaining(timeout)):
            try:
                options = (remaining(timeout), local_address, socket_options)
                return AsyncStream(await self._inner.connect_tcp(address, port, *options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise _told(host, failed)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SOCKET_OPTION] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise Refused("a socket of this machine is no address to ask")


def _told(host: str, failed: Exception | None) -> Exception:
    """The failure without the address that was tried."""
    if isinstance(failed, httpcore2.ConnectTimeout):
        return httpcore2.ConnectTimeout(f"{host} does not answer")
    return httpcore2.ConnectError(f"{host} cannot be connected to")
