"""How much of a window is covered (core:S22)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tocsin.schedules.model import Shift


def coverage(shifts: Iterable[Shift], since: datetime, until: datetime) -> float:
    """Percent of [since, until) in which somebody is on call, to one decimal; overlaps count once."""
    covered, reached = timedelta(), since
    for shift in sorted(shifts, key=lambda shift: shift.start):
        end = min(shift.end, until)
        if end > reached:
            covered += end - max(shift.start, reached)
            reached = end
    return round(covered / (until - since) * 100, 1) if until > since else 0.0
