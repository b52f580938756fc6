"""How long an exchange may take and how much may come back.

`deadline` holds when the request in hand must be over (monotonic seconds). The network streams cut every wait short at
it: a peer that sends a byte a second passes any limit on single reads.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx2


class Refused(httpx2.RequestError):
    """A request that the guard does not send, or an answer that it does not take; trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for connecting (names included), each read and write, and the whole; bytes of an answer's body.

    `any_answer`: its status is what counts; its body may be long or packed, and is read as raw bytes, if at all.
    """

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
    most_bytes: int = 1 << 20
    any_answer: bool = False

    @property
    def longest(self) -> int:
        """Bytes of a body that are read before it is given up."""
        return sys.maxsize if self.any_answer else self.most_bytes

    @property
    def timeout(self) -> httpx2.Timeout:
        """As httpx2 takes it."""
        return httpx2.Timeout(self.read, connect=self.connect)


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """What waits on the network inside this block is over by `deadline`."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(timeout: float | None) -> float:
    """Seconds that this wait may take; never 0, which sockets take for "do not wait"."""
    deadline = _deadline.get()
    left = float("inf") if deadline is None else deadline - time.monotonic()
    return max(0.001, min(left, 60.0 if timeout is None else timeout))
