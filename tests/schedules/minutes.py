"""A second reading of the rules, minute by minute, slow and plain. It shares no code with ``tocsin``.

A week on the wall is a row of 10,080 minutes, of which restrictions switch some on; a turn or a window is found by
trying every one of those near the instant.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.schedules.model import Layer, Restriction, Schedule

_MINUTE = timedelta(minutes=1)
_WEEK = 7 * 24 * 60


def reading(
    schedule: Schedule, absent: frozenset[str], since: datetime, until: datetime
) -> list[tuple[str, str] | None]:
    """(user, source) or None at each minute of [since, until)."""
    layers = [_Lines(layer, ZoneInfo(schedule.time_zone), since, until) for layer in reversed(schedule.layers)]
    overrides = sorted(schedule.overrides, key=lambda override: override.created, reverse=True)
    said: list[tuple[str, str] | None] = []
    at = since
    while at < until:
        cover = [(o.user, o.id) for o in overrides if o.start <= at < o.end]
        turns = [(user, line.layer.id) for line in layers if (user := line.user(at))]
        said.append(next((found for found in cover + turns if found[0] not in absent), None))
        at += _MINUTE
    return said


class _Lines:
    """The turns and windows of a layer that lie near a span of time, all of them written out."""

    def __init__(self, layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> None:
        self.layer = layer
        self._turns = list(_turns(layer, zone, since, until))
        self._windows = list(_windows(layer.restrictions, zone, since, until))

    def user(self, at: datetime) -> str | None:
        layer = self.layer
        if at < layer.start or (layer.end is not None and at >= layer.end):
            return None
        if not any(opens <= at < closes for opens, closes in self._windows):
            return None
        users = [user for start, end, user in self._turns if start <= at < end]
        assert len(users) == 1, "one turn at a time"
        return users[0]


def _utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _turns(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, str]]:
    first = layer.rotation_virtual_start.astimezone(zone).replace(tzinfo=None, fold=0)
    length = timedelta(seconds=layer.rotation_turn_length_seconds)
    k = (since.replace(tzinfo=None) - timedelta(days=2) - first) // length - 1
    while (start := _utc(first + k * length, zone)) < until:
        end = _utc(first + (k + 1) * length, zone)
        yield start, end, layer.users[(k + layer.phase) % len(layer.users)]
        k += 1


def _windows(
    restrictions: tuple[Restriction, ...], zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    runs = _runs(restrictions)
    if runs is None:
        yield since, until
        return
    monday = datetime(since.year, since.month, since.day) - timedelta(days=since.weekday() + 14)
    while monday < until.replace(tzinfo=None) + timedelta(days=7):
        for opens, closes in runs:
            yield _utc(monday + opens * _MINUTE, zone), _utc(monday + closes * _MINUTE, zone)
        monday += timedelta(days=7)


@lru_cache(maxsize=1000)
def _runs(restrictions: tuple[Restriction, ...]) -> list[tuple[int, int]] | None:
    """The switched-on minutes of the week as runs (which may reach into the next week); None for all of them."""
    on = [not restrictions] * _WEEK
    for restriction in restrictions:
        for day in range(7) if restriction.kind == "daily" else [(restriction.start_day_of_week or 0) - 1]:
            opens = day * 1440 + restriction.start_time_of_day.hour * 60 + restriction.start_time_of_day.minute
            for minute in range(opens, opens + restriction.duration_seconds // 60):
                on[minute % _WEEK] = True
    if all(on):
        return None
    starts = [minute for minute in range(_WEEK) if on[minute] and not on[minute - 1]]
    return [(start, next(m for m in range(start, 2 * _WEEK) if not on[m % _WEEK])) for start in starts]
