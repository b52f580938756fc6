"""How urgent a new incident of a service is, and when that changes (core:U1-U9, core:G-53); what holds its alerts back.

1. Support hours are set on the wall clock of their zone, IANA or Rails name: start inclusive, end exclusive (core:U4).
2. `end <= start` runs into the next day; the day listed is the one the window starts on.
3. A boundary that the clock skips counts from the first valid instant; in a repeated hour the first counts (core:G-53).
4. Maintenance is the union of the windows: one that begins before the last has ended carries it on (core:G-73).
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tocsin.core.zones import Zone, instant, micros, zone_clock
from tocsin.services.model import Hold, Service, Window

_HIGH = {"critical", "error", "unknown"}


def urgency_of(service: Service, severity: str | None, now: datetime) -> tuple[str, str]:
    """("high" | "low", the reason) for an incident that opens now; `severity` None: none was given."""
    rule, where = _part(service, now)
    urgency, why = _constant(rule.get("urgency", "high"), severity)
    return urgency, where or why


def by_severity(service: Service, now: datetime) -> bool:
    """Whether the severity decides how urgent the service's incidents are now (core:E53)."""
    return _part(service, now)[0].get("urgency") == "severity_based"


def _part(service: Service, now: datetime) -> tuple[Mapping[str, Any], str]:
    """The part of the urgency rule that holds now, and what to call it."""
    rule = service.urgency_rule
    if rule.get("type") != "use_support_hours" or not service.support_hours:
        return rule, ""
    if within(service.support_hours, now):
        return rule["during_support_hours"], "during support hours"
    return rule["outside_support_hours"], "outside support hours"


def _constant(urgency: str, severity: str | None) -> tuple[str, str]:
    if urgency != "severity_based":
        return urgency, "the service's urgency"
    high = severity is None or severity in _HIGH
    return ("high" if high else "low"), f"severity {severity or 'unknown'}"


def within(hours: Mapping[str, Any], now: datetime) -> bool:
    """Whether `now` lies in the support hours."""
    return any(start <= now < end for start, end in _windows(hours, now, -2, 1))


def next_boundary(hours: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
    """The next support_hours_start or support_hours_end after `now`, UTC."""
    which = 0 if name == "support_hours_start" else 1
    return min((window[which] for window in _windows(hours, now, -2, 9) if window[which] > now), default=None)


def _windows(hours: Mapping[str, Any], now: datetime, since: int, until: int) -> list[tuple[datetime, datetime]]:
    """The support hours that start on the days from today + `since` up to today + `until`, as UTC instants."""
    zone = zone_clock(hours["time_zone"])
    start, end = time.fromisoformat(hours["start_time"]), time.fromisoformat(hours["end_time"])
    today = instant(zone.wall(micros(now))).date()
    days = [today + timedelta(days=ahead) for ahead in range(since, until)]
    over = timedelta(days=1 if end <= start else 0)
    listed = (day for day in days if day.isoweekday() in hours["days_of_week"])
    return [(_first_valid(day, start, zone), _first_valid(day + over, end, zone)) for day in listed]


def _first_valid(day: date, clock: time, zone: Zone) -> datetime:
    """The UTC instant of a wall-clock time; in a gap, the instant at which the clock jumps over it."""
    wall = micros(datetime.combine(day, clock, UTC))
    at = zone.utc(wall)
    if zone.wall(at) != wall:
        at = zone.changes[bisect_right(zone.changes, at) - 1]
    return instant(at)


def urgency_change_at(service: Service, urgency: str, now: datetime) -> datetime | None:
    """When the service's scheduled action raises an open low incident (core:U5, core:U6); None: never."""
    if urgency != "low" or not service.support_hours:
        return None
    due = [
        next_boundary(service.support_hours, action["at"]["name"], now)
        for action in service.scheduled_actions
        if action.get("to_urgency") == "high"
    ]
    return min((at for at in due if at is not None), default=None)


def hold_of(service: Service, now: datetime) -> Hold | None:
    """What keeps the service's alerts from opening incidents now (core:C2, SPINE 11); None: nothing does."""
    if service.status == "disabled":
        return Hold("disabled", None, f"{service.name} is disabled: stored, nobody is paged")
    windows = stretch(service.maintenance, now)
    if not windows:
        return None
    names = " and ".join(_named(window) for window in windows[-3:])
    until = windows[-1].end
    kind = "maintenance window" if len(windows) == 1 else "maintenance windows"
    return Hold("maintenance", until, f"{service.name} is in maintenance: held until {_utc(until)} by {kind} {names}")


def stretch(windows: Sequence[Window], now: datetime) -> list[Window]:
    """The windows that make up the maintenance under way, each ending later than the one before; [] when none is."""
    found: list[Window] = []
    until = now
    for window in sorted(windows, key=lambda one: one.start):
        if window.start <= until < window.end:
            found.append(window)
            until = window.end
    return found


def next_look(service: Service, now: datetime) -> datetime | None:
    """When the service must be looked at again: when the maintenance under way, or else the next one, is over.

    None: nothing that it holds back is waiting for a time.
    """
    begins = min((window.start for window in service.maintenance if window.start > now), default=now)
    windows = stretch(service.maintenance, now) or stretch(service.maintenance, begins)
    return windows[-1].end if windows else None


def _named(window: Window) -> str:
    name = window.name if len(window.name) <= 60 else window.name[:59] + "…"
    return f"“{name}” ({window.id})" if name else window.id


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
