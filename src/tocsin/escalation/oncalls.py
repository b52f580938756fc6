"""Who is on call for which level of which policy: pure (core:S60-S64, core:G-69, core:G-70).

1. An entry for every target of every level; a schedule on two policies gives two, one on none gives none (core:S63).
2. A person named directly is on call for good: no schedule, no start, no end (core:S60).
3. Shifts are told whole, not cut to the window (core:G-70); deleted people are on call for nothing (core:G-71).
4. In order of policy, level, start (core:S64).
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.escalation.model import Snapshot, Target, TargetKind
from tocsin.schedules.logic import final_shifts, shift_at
from tocsin.schedules.model import Schedule, Shift

_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OnCallEntry:
    """One person on call for one level (from 1) of one policy."""

    policy_id: str
    level: int
    schedule_id: str | None
    user_id: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None asks for all. `direct` asks for people named without a schedule."""

    users: Container[str] | None = None
    schedules: Container[str] | None = None
    direct: bool = True

    def has(self, entry: OnCallEntry) -> bool:
        """Whether this one is."""
        if self.users is not None and entry.user_id not in self.users:
            return False
        if entry.schedule_id is None:
            return self.direct
        return self.schedules is None or entry.schedule_id in self.schedules


def shifts_of(schedule: Schedule, since: datetime, until: datetime, absent: frozenset[str]) -> Sequence[Shift]:
    """The whole shifts of a schedule at an instant, or in a window."""
    if since == until:
        shift = shift_at(schedule, since, absent=absent)
        return [shift] if shift else []
    return final_shifts(schedule, since, until, overflow=True, absent=absent)


def entries(
    policies: Iterable[Snapshot], shifts: Callable[[str], Sequence[Shift]], living: Container[str], wanted: Wanted
) -> list[OnCallEntry]:
    """Everybody on call, in order; `shifts` tells those of a schedule."""
    found = [
        entry
        for policy in policies
        for number, level in enumerate(policy.levels, 1)
        for target in level.targets
        for entry in _of_target(policy.policy_id, number, target, shifts, living)
        if wanted.has(entry)
    ]
    return sorted(found, key=lambda entry: (entry.policy_id, entry.level, entry.start or _ALWAYS))


def _of_target(
    policy_id: str, level: int, target: Target, shifts: Callable[[str], Sequence[Shift]], living: Container[str]
) -> list[OnCallEntry]:
    if target.kind is TargetKind.USER:
        return [OnCallEntry(policy_id, level, None, target.id, None, None)] if target.id in living else []
    return [OnCallEntry(policy_id, level, target.id, s.user, s.start, s.end) for s in shifts(target.id)]


def earliest(found: Iterable[OnCallEntry]) -> list[OnCallEntry]:
    """Only the first entry of each (policy, level, user); `found` is in order (core:S62)."""
    first: dict[tuple[str, int, str], OnCallEntry] = {}
    for entry in found:
        first.setdefault((entry.policy_id, entry.level, entry.user_id), entry)
    return list(first.values())


def schedules_named(policies: Mapping[str, Snapshot]) -> set[str]:
    """Every schedule that these policies point at."""
    return {t.id for p in policies.values() for lv in p.levels for t in lv.targets if t.kind is TargetKind.SCHEDULE}


def people_named(policies: Mapping[str, Snapshot]) -> set[str]:
    """Everybody whom these policies point at directly."""
    return {t.id for p in policies.values() for lv in p.levels for t in lv.targets if t.kind is TargetKind.USER}
