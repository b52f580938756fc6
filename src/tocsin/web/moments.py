"""Instants as a person reads them: how long ago, and when on their own clock.

1. The viewer's zone is what their browser told last (a cookie), else that of their profile, else UTC.
2. A relative time never stands alone: the absolute one is beside it or in its title.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.core.zones import zone as known_zone


def zone_of(*names: str | None) -> ZoneInfo:
    """The first of these names that is a zone, else UTC."""
    for name in names:
        try:
            return ZoneInfo(known_zone(name or ""))
        except ValueError:
            continue
    return ZoneInfo("UTC")


def span(seconds: float) -> str:
    """A duration in its one or two largest units."""
    minutes = int(abs(seconds) // 60)
    hours, days = minutes // 60, minutes // 1440
    if hours == 0:
        return f"{minutes} min" if minutes else "less than a minute"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 and hours < 10 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 and days < 7 else f"{days} d"


@dataclass(frozen=True, slots=True)
class Watch:
    """The viewer's watch: what time it is for them, and how they read other times."""

    now: datetime
    zone: ZoneInfo

    def rel(self, at: datetime) -> str:
        """`5 min ago`, `in 5 min`, `just now`."""
        seconds = (at - self.now).total_seconds()
        if abs(seconds) < 60:
            return "just now" if seconds <= 0 else "in less than a minute"
        return f"in {span(seconds)}" if seconds > 0 else f"{span(seconds)} ago"

    def age(self, at: datetime) -> str:
        """How long something has lasted."""
        return span((self.now - at).total_seconds())

    def abs(self, at: datetime) -> str:
        """The viewer's wall clock: `03:14`, with the day where it is another, with the year where it is another."""
        there, here = at.astimezone(self.zone), self.now.astimezone(self.zone)
        if there.date() == here.date():
            return f"{there:%H:%M}"
        if there.year == here.year:
            return f"{there:%a} {there.day} {there:%b, %H:%M}"
        return f"{there.day} {there:%b %Y, %H:%M}"

    def full(self, at: datetime) -> str:
        """Everything there is to say of an instant, for titles."""
        there = at.astimezone(self.zone)
        shown = f"{there:%a} {there.day} {there:%b %Y, %H:%M:%S}"
        return f"{shown} {self.zone_name(at)} ({at.astimezone(UTC):%H:%M:%S} UTC)"

    def zone_name(self, at: datetime | None = None) -> str:
        """The zone's short name as of then."""
        name = (at or self.now).astimezone(self.zone).tzname() or "UTC"
        return name if name.isalpha() else f"UTC{name}"

    def iso(self, at: datetime) -> str:
        """For machines."""
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def tomorrow_at(self, hour: int) -> datetime:
        """The next day's `hour` o'clock on the viewer's wall."""
        day: date = self.now.astimezone(self.zone).date() + timedelta(days=1)
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)

    def local(self, given: str) -> datetime | None:
        """What a `datetime-local` field says, read on the viewer's wall; None if it says nothing."""
        try:
            found = datetime.fromisoformat(given)
            return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
