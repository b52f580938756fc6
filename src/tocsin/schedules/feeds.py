"""What a calendar feed holds (core:S50): a schedule's final shifts, or the shifts of one person on every schedule.

1. A schedule's feed reaches from a month back to six months ahead, a person's from today on for 90 days; both begin
   with a day, so that a feed stays the same from one hour to the next.
2. Shifts have their whole bounds: a running one does not begin anew every time it is read.
3. A feed ends with its person or schedule. That of a schedule which only private teams own is closed while they do: a
   secret address knows no sign-in.
4. A feed holds `MOST` shifts at most, the earliest ones.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from tocsin.accounts.commands import calendar_feeds
from tocsin.accounts.store.tables import teams, users
from tocsin.core import zones
from tocsin.core.recorded import live
from tocsin.schedules import ical
from tocsin.schedules.ical import Entry, Feed
from tocsin.schedules.logic import final_shifts
from tocsin.schedules.model import Schedule, Shift
from tocsin.schedules.store import finding
from tocsin.schedules.store.loading import people_of, ready
from tocsin.schedules.store.tables import schedule_teams, schedules

BEHIND, AHEAD, MINE = timedelta(days=31), timedelta(days=183), timedelta(days=90)
MOST = 1500


@dataclass(frozen=True, slots=True)
class Plan:
    """What a feed is made of, looked up and not yet drawn. `user_id` None: everybody's shifts."""

    name: str
    time_zone: str
    found: tuple[Schedule, ...]
    people: Mapping[str, Any]
    since: datetime
    until: datetime
    base: str
    user_id: str | None = None

    def tag(self, versions: Sequence[str], now: datetime) -> str:
        """What changes whenever the text may have."""
        names = sorted((id, row.name, row.deleted_at) for id, row in self.people.items())
        said = (self.name, self.time_zone, sorted(versions), names, self.since, self.base, ical.hour_of(now))
        return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def is_open(conn: Connection, schedule_id: str) -> bool:
    """Whether a live schedule may have a feed (rule 3)."""
    of = select(teams.c.default_role).join(schedule_teams, schedule_teams.c.team_id == teams.c.id)
    roles = conn.scalars(of.where(schedule_teams.c.schedule_id == schedule_id, teams.c.deleted_at.is_(None))).all()
    return not roles or any(role != "none" for role in roles)


def planned(conn: Connection, token: str, base: str, now: datetime) -> tuple[Plan, str] | None:
    """The feed at this address and its tag; None where there is none."""
    kind, id = calendar_feeds.found(conn, token) or ("", "")
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == calendar_feeds.SCHEDULE:
        return _of_schedule(conn, id, base, day, now)
    return _of_person(conn, id, base, day, now) if kind == calendar_feeds.USER else None


def _of_schedule(conn: Connection, id: str, base: str, day: datetime, now: datetime) -> tuple[Plan, str] | None:
    row = live(conn, schedules, id)
    if row is None or not is_open(conn, id):
        return None
    found = tuple(ready(conn, [id], day - BEHIND).values())
    people = finding.names_of(conn, people_of(found))
    zone = zones.zone(row.time_zone)
    plan = Plan(f"On call: {row.name}", zone, found, people, day - BEHIND, day + AHEAD, base)
    return plan, plan.tag([row.version], now)


def _of_person(conn: Connection, id: str, base: str, day: datetime, now: datetime) -> tuple[Plan, str] | None:
    row = live(conn, users, id)
    if row is None:
        return None
    counting = [one.id for one in finding.counting_on(conn, id, day)]
    found = tuple(ready(conn, counting, day).values())
    versions = conn.scalars(select(schedules.c.version).where(schedules.c.id.in_(counting))).all()
    people = finding.names_of(conn, people_of(found))
    zone = zones.zone(row.time_zone)
    plan = Plan(f"{row.name} on call", zone, found, people, day, day + MINE, base, id)
    return plan, plan.tag(versions, now)


def drawn(plan: Plan) -> Feed:
    """The shifts of a feed."""
    gone = frozenset(id for id, row in plan.people.items() if row.deleted_at is not None)
    entries = [
        _entry(plan, schedule, shift)
        for schedule in plan.found
        for shift in final_shifts(schedule, plan.since, plan.until, overflow=True, absent=gone)
        if plan.user_id in (None, shift.user)
    ]
    return Feed(plan.name, plan.time_zone, tuple(_earliest(entries)))


def _earliest(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.start, entry.key))[:MOST]


def _entry(plan: Plan, schedule: Schedule, shift: Shift) -> Entry:
    row = plan.people.get(shift.user)
    who = row.name if row else shift.user
    standing_in = any(override.id == shift.source for override in schedule.overrides)
    summary = f"On call: {schedule.name}" if plan.user_id else f"On call: {who} ({schedule.name})"
    described = f"{who} is on call on the schedule {schedule.name}" + (" (override)." if standing_in else ".")
    url = f"{plan.base}/app/schedules/{schedule.id}"
    return Entry(f"{schedule.id}-{shift.user}", shift.start, shift.end, summary, described, url)
