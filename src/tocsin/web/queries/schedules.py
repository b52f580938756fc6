"""A schedule as its page shows it, and the shifts behind "on call until": the pager's own resolver (core:S60)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.core.zones import zone
from tocsin.schedules.logic import coverage, final_shifts, shift_at
from tocsin.schedules.model import Layer, Schedule, Shift
from tocsin.schedules.store.loading import absent, load, people_of, ready
from tocsin.web.queries import names

AHEAD = timedelta(days=14)
FAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's stretch, or a gap (`user` empty). `end` None: no end in sight."""

    start: datetime
    end: datetime | None
    user: str
    name: str
    override: bool
    now: bool


@dataclass(frozen=True, slots=True)
class ShownLayer:
    """One rotation of the schedule."""

    name: str
    people: tuple[tuple[str, str], ...]
    turn: timedelta
    restricted: bool
    over: bool


@dataclass(frozen=True, slots=True)
class ShownSchedule:
    """A schedule's next two weeks."""

    id: str
    name: str
    time_zone: str
    turns: tuple[Turn, ...]
    covered: float
    layers: tuple[ShownLayer, ...]


def current_shifts(conn: Connection, ids: Iterable[str], now: datetime) -> dict[str, tuple[str, Shift | None]]:
    """Schedules by id -> (name, the shift of now); one that cannot be read is a gap, as it is for the pager."""
    found = ready(conn, ids, now)
    gone = absent(conn, people_of(found.values())) if found else frozenset()
    return {id: (schedule.name, _at(schedule, now, gone)) for id, schedule in found.items()}


def _at(schedule: Schedule, now: datetime, gone: frozenset[str]) -> Shift | None:
    try:
        return shift_at(schedule, now, absent=gone)
    except ValueError:
        return None


def end_of(shift: Shift | None, now: datetime) -> datetime | None:
    """When a shift ends, if that is in sight."""
    return shift.end if shift is not None and shift.end < now + FAR else None


def shown(conn: Connection, schedule_id: str, now: datetime) -> ShownSchedule | None:
    """A living schedule by id."""
    schedule = load(conn, [schedule_id], now - AHEAD).get(schedule_id)
    if schedule is None:
        return None
    gone = absent(conn, people_of([schedule]))
    shifts = final_shifts(schedule, now, now + AHEAD, overflow=True, absent=gone)
    called = names.people(conn, {*people_of([schedule]), *(shift.user for shift in shifts)})
    return ShownSchedule(
        schedule.id, schedule.name, zone(schedule.time_zone), tuple(_turns(schedule, shifts, called, now)),
        coverage(shifts, now, now + AHEAD), tuple(_layer(layer, called, now) for layer in reversed(schedule.layers)),
    )  # fmt: skip


def _turns(schedule: Schedule, shifts: Iterable[Shift], called: Mapping[str, str], now: datetime) -> list[Turn]:
    overriding = {override.id for override in schedule.overrides}
    found, at, until = [], now, now + AHEAD
    for shift in shifts:
        if shift.start > at:
            found.append(Turn(at, shift.start, "", "", False, at <= now))
        mine = shift.start <= now < shift.end
        name = called.get(shift.user, shift.user)
        found.append(Turn(shift.start, end_of(shift, now), shift.user, name, shift.source in overriding, mine))
        at = max(at, shift.end)
    if at < until:
        found.append(Turn(at, None, "", "", False, at <= now))
    return found


def _layer(layer: Layer, called: Mapping[str, str], now: datetime) -> ShownLayer:
    return ShownLayer(
        name=layer.name,
        people=tuple((user, called.get(user, user)) for user in layer.users),
        turn=timedelta(seconds=layer.rotation_turn_length_seconds),
        restricted=bool(layer.restrictions),
        over=layer.end is not None and layer.end <= now,
    )
