"""What a schedule is: layers of turns, restrictions, overrides, and the shifts that come out of them.

1. Every instant is an aware UTC datetime; ``time_zone`` (IANA or Rails name) says whose wall clock counts (core:S12).
2. ``Schedule.layers`` runs from the lowest precedence to the highest, which is the order of creation (core:S7, S8).
3. A layer that was edited while it ran keeps its id and carries what it was in ``past``, oldest first. The terms
   of a layer never overlap, so history is never rewritten (core:S6, G-63).
4. ``phase`` shifts who takes a turn without moving the hand-off times: an edit sets it so that the person on call
   keeps the turn, while ``rotation_virtual_start`` still reads back as the client sent it (core:G-63).
5. A term that was over before the schedule changed its time zone keeps the old one in ``time_zone`` (core:S6).
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Restriction:
    """A window on the wall clock in which a layer speaks. ``start_day_of_week``: Monday is 1; None for daily."""

    kind: Literal["daily", "weekly"]
    start_day_of_week: int | None
    start_time_of_day: time
    duration_seconds: int


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation, as it stands since its last edit, and in ``past`` as it stood before."""

    id: str
    name: str
    start: datetime
    end: datetime | None
    rotation_virtual_start: datetime
    rotation_turn_length_seconds: int
    users: tuple[str, ...]
    restrictions: tuple[Restriction, ...] = ()
    phase: int = 0
    past: "tuple[Layer, ...]" = ()
    time_zone: str | None = None

    @property
    def terms(self) -> "tuple[Layer, ...]":
        """Everything the layer was and is, oldest first."""
        return (*self.past, self)


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody takes over for a while. ``created`` orders overrides: the higher wins (core:S43)."""

    id: str
    start: datetime
    end: datetime
    user: str
    created: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers (lowest precedence first) and overrides (in any order) in one time zone."""

    id: str
    name: str
    time_zone: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call from ``start`` up to, not including, ``end``; ``source`` is a layer's or override's id."""

    start: datetime
    end: datetime
    user: str
    source: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A window of a schedule. ``layers`` are in the order of ``Schedule.layers``."""

    layers: tuple[list[Shift], ...]
    overrides: list[Shift]
    final: list[Shift]


class Cut(Enum):
    """What deleting an override comes to (core:S44)."""

    REMOVED = "removed"  # it had not begun
    TRUNCATED = "truncated"  # it was running: it ends now
    PAST = "past"  # it is over: refused
