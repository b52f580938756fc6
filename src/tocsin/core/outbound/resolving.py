"""From a name to the addresses that may be connected to.

The resolver is the outer edge: tests bring their own. The system's may take half a minute, so it runs in a thread that
is not waited for longer than the limit.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Final

import httpcore2
import structlog

from tocsin.core.outbound.addresses import Policy, refusal
from tocsin.core.outbound.limits import Refused
from tocsin.core.outbound.urls import host_fault

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> addresses, the preferred one first; OSError when there are none."""

MOST_TRIED: Final = 4
_threads = ThreadPoolExecutor(16, "resolver")
log = structlog.get_logger("tocsin.outbound")


def system(host: str, port: int) -> list[str]:
    """As the operating system resolves."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def chosen(host: str, port: int, policy: Policy, resolve: Resolve, timeout: float) -> list[str]:
    """The addresses to connect to, each judged; `Refused` if none is allowed."""
    _refuse_host(host, port, policy)
    try:
        found = _threads.submit(resolve, host, port).result(timeout)
    except TooLate:
        raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from None
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError(f"{host} cannot be resolved") from None
    return _allowed(host, port, policy, found)


async def chosen_async(host: str, port: int, policy: Policy, resolve: Resolve, timeout: float) -> list[str]:
    """The same on an event loop."""
    _refuse_host(host, port, policy)
    try:
        found = await asyncio.wait_for(asyncio.wrap_future(_threads.submit(resolve, host, port)), timeout)
    except TimeoutError:
        raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from None
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError(f"{host} cannot be resolved") from None
    return _allowed(host, port, policy, found)


def _refuse_host(host: str, port: int, policy: Policy) -> None:
    if why := host_fault(host, port, policy):
        raise Refused(why)


def _allowed(host: str, port: int, policy: Policy, found: Sequence[str]) -> list[str]:
    judged = {address: refusal(address, port, host, policy) for address in found}
    allowed = [address for address, why in judged.items() if why is None]
    if allowed:
        return allowed[:MOST_TRIED]
    why = next(iter(judged.values()), None)
    if why is None:
        raise httpcore2.ConnectError(f"{host} cannot be resolved")
    log.warning("outbound request refused", host=host, addresses=list(judged), why=why)
    raise Refused(f"The address {host} {why}")
