"""All due work there is, for the test clock (SPINE 5): each package registers what it waits for.

`waiting(conn, now)` tells whether anything is due, or being done, that has not come to its end; `next_due(conn)` when
the earliest thing after that is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of due work. `busy` is work in hand or waiting without a time; `next_due` the earliest set time."""

    name: str
    busy: Callable[[Connection], bool]
    next_due: Callable[[Connection], datetime | None]


def never(_: Connection) -> datetime | None:
    """A source whose work has no set time."""
    return None


def idle(_: Connection) -> bool:
    """A source that is only ever due at a set time."""
    return False


def waiting(conn: Connection, sources: Sequence[Source], now: datetime) -> list[str]:
    """Names of the sources that have work to do at `now`."""
    return [s.name for s in sources if s.busy(conn) or ((due := s.next_due(conn)) is not None and due <= now)]


def earliest(conn: Connection, sources: Sequence[Source]) -> datetime | None:
    """When the next thing of any source is due."""
    return min((due for s in sources if (due := s.next_due(conn)) is not None), default=None)
