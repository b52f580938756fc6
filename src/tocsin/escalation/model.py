"""Escalation policies as an incident sees them: a snapshot of levels, and where in it it stands (core:P10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class TargetKind(StrEnum):
    """What a level points at."""

    USER = "user"
    SCHEDULE = "schedule"


class Strategy(StrEnum):
    """Whom of a level's targets to assign (core:P7)."""

    EVERYONE = "assign_to_everyone"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True)
class Target:
    """A person, or a schedule that names one."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Level:
    """One escalation rule: who is told, and after how long the next level is."""

    rule_id: str
    delay: timedelta
    targets: tuple[Target, ...]
    strategy: Strategy = Strategy.EVERYONE


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A policy as it was when the incident took it; later edits do not reach it (core:P10)."""

    policy_id: str
    name: str
    num_loops: int
    levels: tuple[Level, ...]

    @property
    def pass_delay(self) -> timedelta:
        """How long one pass through all levels takes."""
        return sum((level.delay for level in self.levels), timedelta())


@dataclass(frozen=True, slots=True)
class Position:
    """Where an incident stands in its snapshot: level from 0, pass from 0."""

    level: int = 0
    pass_no: int = 0


OnCall = Mapping[Target, tuple[str, ...]]
"""Every target of the snapshots at hand -> the people it means at this instant (none for a gap)."""

Queue = tuple[str, ...]
"""Ids of a ring's targets, the one whose turn it is first (core:P40)."""

Rings = Mapping[tuple[str, str], Queue]
"""(policy id, rule id) -> the ring's queue; shared by all incidents of the policy (core:G-48)."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A level that has somebody: its people in target order, and what was passed on the way."""

    position: Position
    users: tuple[str, ...]
    skipped: tuple[int, ...] = ()
    repeated: bool = False
    ring: tuple[tuple[str, str], Queue] | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The last pass is over (core:P26), or a whole pass found nobody (core:G-46)."""

    nobody: bool = False


Step = Entered | Exhausted
