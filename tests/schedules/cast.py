"""Short ways to say what the schedule tests talk about."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from tocsin.schedules.model import Layer, Override, Restriction, Schedule, Shift


def at(text: str, zone: str = "UTC") -> datetime:
    """``at("2026-03-29 09:00", "Europe/Berlin")``: the instant of a wall time (the first, where it repeats)."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def layer(
    users: str = "alice bob",
    *restrictions: Restriction,
    id: str = "L1",
    start: str = "2026-01-05 09:00",
    end: str | None = None,
    rvs: str | None = None,
    hours: int = 24,
    zone: str = "UTC",
) -> Layer:
    """A layer whose turns begin at ``start`` unless ``rvs`` says otherwise."""
    first = at(rvs or start, zone)
    ends = at(end, zone) if end else None
    return Layer(id, id, at(start, zone), ends, first, hours * 3600, tuple(users.split()), restrictions)


def daily(opens: str, hours: float) -> Restriction:
    return Restriction("daily", None, time.fromisoformat(opens), int(hours * 3600))


def weekly(day: int, opens: str, hours: float) -> Restriction:
    return Restriction("weekly", day, time.fromisoformat(opens), int(hours * 3600))


def override(user: str, start: str, end: str, created: int = 1, zone: str = "UTC") -> Override:
    return Override(f"Q{created}", at(start, zone), at(end, zone), user, created)


def schedule(*layers: Layer, zone: str = "UTC", overrides: Iterable[Override] = ()) -> Schedule:
    return Schedule("PSCHED", "Primary", zone, layers, tuple(overrides))


def said(shifts: Iterable[Shift], zone: str = "UTC") -> list[str]:
    """Shifts as ``"01-05 09:00 – 01-06 09:00 alice"`` on a wall clock."""
    clock = ZoneInfo(zone)
    return [f"{_said(s.start, clock)} – {_said(s.end, clock)} {s.user}" for s in shifts]


def _said(when: datetime, clock: ZoneInfo) -> str:
    return f"{when.astimezone(clock):%m-%d %H:%M}"
