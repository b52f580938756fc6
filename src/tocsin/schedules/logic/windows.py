"""When the restrictions of a layer let it speak.

1. Several restrictions are one set: their union on the wall clock of a week (core:S14).
2. A window opens and closes at wall times, so 09:00 + 8 h ends at 17:00 on every day of the year (core:S14).
3. Windows wrap over midnight and over the end of the week (core:S14).
4. An edge that the spring change skips moves forward by the gap; one that the autumn change repeats means its
   first occurrence; a window that becomes empty is none (core:S13).

Times are microseconds as in ``core.zones``.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tocsin.core.zones import DAY, SECOND, WEEK, Zone
from tocsin.schedules.model import Restriction

NEVER = -(1 << 62)
FOREVER = 1 << 62
_MONDAY = 4 * DAY  # 1970-01-05


@dataclass(frozen=True, slots=True)
class Pattern:
    """The windows of a week as separate wall intervals, counted from Monday 00:00; the last may reach into the next."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def walls(self, low: int, high: int) -> tuple[list[int], list[int]]:
        """Where the windows that can touch [low, high) on the wall open and close, and one more on either side."""
        first, count = self._after(low) - 2, len(self.starts)
        number = self._after(high) + 1 - first
        week, skip = divmod(first, count)
        mondays = range(_MONDAY + week * WEEK, _MONDAY + (week + (skip + number) // count + 1) * WEEK, WEEK)
        opens = [monday + start for monday in mondays for start in self.starts]
        closes = [monday + end for monday in mondays for end in self.ends]
        return opens[skip : skip + number], closes[skip : skip + number]

    def _after(self, wall: int) -> int:
        """The number of the first window that opens after a wall time."""
        week, rest = divmod(wall - _MONDAY, WEEK)
        return week * len(self.starts) + bisect_right(self.starts, rest)


@lru_cache(maxsize=4096)
def pattern(restrictions: tuple[Restriction, ...]) -> Pattern | None:
    """The week of these restrictions; None when they leave nothing out."""
    if not restrictions:
        return None
    joined = _join(sorted(_week(restrictions)))
    while len(joined) > 1 and joined[-1][1] - WEEK >= joined[0][0]:
        first = joined.pop(0)
        joined[-1] = (joined[-1][0], max(joined[-1][1], first[1] + WEEK))
    if joined[0][1] - joined[0][0] >= WEEK:
        return None
    return Pattern(tuple(start for start, _ in joined), tuple(end for _, end in joined))


def _week(restrictions: tuple[Restriction, ...]) -> Iterator[tuple[int, int]]:
    for restriction in restrictions:
        opens = restriction.start_time_of_day
        start = (opens.hour * 3600 + opens.minute * 60 + opens.second) * SECOND
        days = range(7) if restriction.start_day_of_week is None else (restriction.start_day_of_week - 1,)
        for day in days:
            yield day * DAY + start, day * DAY + start + restriction.duration_seconds * SECOND


def _join(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted intervals with those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in intervals:
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def windows(week: Pattern | None, zone: Zone, low: int, high: int) -> list[tuple[int, int]]:
    """The whole windows, in UTC and in order, that touch [low, high)."""
    if week is None:
        return [(NEVER, FOREVER)]
    # A day of slack: no zone's clock ever jumped further, so no window is missed beside a jump.
    opens, closes = week.walls(zone.wall(low) - DAY, zone.wall(high) + DAY)
    edges = sorted(zip(zone.utc_all(opens), zone.utc_all(closes), strict=True))
    kept = _join([edge for edge in edges if edge[0] < edge[1]])
    return [edge for edge in kept if edge[0] < high and edge[1] > low]
