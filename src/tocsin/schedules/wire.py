"""Schedules on the wire: request bodies in, objects out (core:S1-S9, core:S16, core:S20-S25, core:S40-S41).

1. Requests list layers lowest precedence first, answers highest first (core:S7).
2. Times are told in the zone asked for, else the schedule's (core:S25).
3. Without a window nothing is rendered: no entries, and null for the coverage (core:S20).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from sqlalchemy import Row

from tocsin.core import ids, zones
from tocsin.rest import times
from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing
from tocsin.schedules.commands import Asked
from tocsin.schedules.logic import coverage
from tocsin.schedules.model import Layer, Rendered, Restriction, Schedule, Shift

People = Mapping[str, Any]


def _zone(name: str) -> str:
    zones.zone(name)
    return name


def _kind(given: Any) -> Any:
    return given.removesuffix("_restriction") if isinstance(given, str) else given


def _clock_time(given: str) -> str:
    try:
        at = time.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo or at.microsecond:
        raise ValueError("must be a time of day like 08:30:00")
    return at.isoformat()


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Zone = Annotated[str, AfterValidator(_zone)]


class RestrictionBody(Body):
    """A window in which a layer speaks; the day belongs to weekly ones only."""

    kind: Annotated[Literal["daily", "weekly"], BeforeValidator(_kind)] = Field(alias="type")
    start_day_of_week: int | None = None
    start_time_of_day: Annotated[str, AfterValidator(_clock_time)]
    duration_seconds: int

    def model(self) -> Restriction:
        """As the logic reads it."""
        opens = time.fromisoformat(self.start_time_of_day)
        return Restriction(self.kind, self.start_day_of_week, opens, self.duration_seconds)


class MemberBody(Body):
    """One turn's user."""

    user: Pointer


class LayerBody(Body):
    """A layer as clients send one; with an `id` it is one that the schedule has."""

    id: str | None = None
    name: str | None = None
    start: str
    end: str | None = None
    rotation_virtual_start: str
    rotation_turn_length_seconds: int
    users: list[MemberBody] = Field(max_length=1000)
    restrictions: list[RestrictionBody] = Field([], max_length=100)


class ScheduleBody(Body):
    """A schedule as clients send one. Layers left out of a change stay as they are."""

    name: Name
    time_zone: Zone
    description: str | None = None
    schedule_layers: list[LayerBody] | None = None
    teams: list[Pointer] = Field([], max_length=50)

    def asked(self, before: Sequence[Layer] = ()) -> Asked:
        """What is asked of the commands; times without an offset are read in the schedule's zone."""
        zone = times.zone(self.time_zone) or UTC
        given = self.schedule_layers
        names = {layer.id: layer.name for layer in before}
        layers = None
        if given is not None:
            layers = tuple(_layer(one, zone, n, names) for n, one in enumerate(given, len(before) + 1))
        known = tuple(one.id for one in given or () if one.id)
        teams = tuple(team.id for team in self.teams)
        return Asked(self.name, self.time_zone, self.description, layers, known, teams)


def _layer(body: LayerBody, zone: tzinfo, number: int, names: Mapping[str, str]) -> Layer:
    id = body.id or ids.thing()
    return Layer(
        id,
        names.get(id, f"Layer {number}") if body.name is None else body.name,
        instant(body.start, zone, "start"),
        instant(body.end, zone, "end") if body.end else None,
        instant(body.rotation_virtual_start, zone, "rotation_virtual_start"),
        body.rotation_turn_length_seconds,
        tuple(member.user.id for member in body.users),
        tuple(restriction.model() for restriction in body.restrictions),
    )


def instant(text: str, zone: tzinfo, name: str) -> datetime:
    """A whole second, as it will be told: what is sent back must ask for no change."""
    return times.parse(text, zone, name).replace(microsecond=0)


class OverrideBody(Body):
    """An override as clients send one."""

    start: str
    end: str
    user: Pointer


def present(row: Row[Any], team_ids: Sequence[str]) -> dict[str, Any]:
    """What is stored, as a request would say it, without its layers."""
    return {
        "name": row.name, "time_zone": row.time_zone, "description": row.description,
        "teams": [{"id": id} for id in team_ids],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """What is rendered, and how: whole entries with `overflow`; times in `zone`."""

    since: datetime
    until: datetime
    overflow: bool = False


@dataclass(frozen=True, slots=True)
class Teller:
    """Turns model objects into JSON: knows people's names and the zone of the answer."""

    people: People
    zone: tzinfo

    def user(self, id: str) -> Ref:
        """A reference to a person, who may be gone."""
        row = self.people.get(id)
        return Ref("user", id, row.name if row else None, gone=row is None or row.deleted_at is not None)

    def at(self, instant: datetime | None) -> str | None:
        """An instant in the zone of the answer."""
        return None if instant is None else times.text(instant, self.zone)

    def shift(self, shift: Shift) -> dict[str, Any]:
        """One rendered entry."""
        return {"start": self.at(shift.start), "end": self.at(shift.end), "user": self.user(shift.user)}

    def entries(self, shifts: Sequence[Shift] | None, window: Window | None) -> dict[str, Any]:
        """Entries and coverage; empty and null where nothing was rendered."""
        if shifts is None or window is None:
            return {"rendered_schedule_entries": [], "rendered_coverage_percentage": None}
        return {
            "rendered_schedule_entries": [self.shift(shift) for shift in shifts],
            "rendered_coverage_percentage": coverage(shifts, window.since, window.until),
        }

    def layer(self, layer: Layer, shifts: Sequence[Shift] | None, window: Window | None) -> dict[str, Any]:
        """A layer as it is since its last edit."""
        return {
            "id": layer.id, "name": layer.name, "start": self.at(layer.start), "end": self.at(layer.end),
            "rotation_virtual_start": self.at(layer.rotation_virtual_start),
            "rotation_turn_length_seconds": layer.rotation_turn_length_seconds,
            "users": [{"user": self.user(id)} for id in layer.users],
            "restrictions": [_restriction(restriction) for restriction in layer.restrictions],
            **self.entries(shifts, window),
        }  # fmt: skip

    def parts(self, schedule: Schedule, drawn: Rendered | None, window: Window | None) -> dict[str, Any]:
        """Layers (highest first), overrides and final schedule."""
        of_layer = drawn.layers if drawn else (None,) * len(schedule.layers)
        layers = [self.layer(one, shifts, window) for one, shifts in zip(schedule.layers, of_layer, strict=True)]
        return {
            "schedule_layers": layers[::-1],
            "overrides_subschedule": {"name": "Overrides", **self.entries(drawn.overrides if drawn else None, window)},
            "final_schedule": {"name": "Final Schedule", **self.entries(drawn.final if drawn else None, window)},
        }

    def override(self, id: str, user: str, start: datetime, end: datetime) -> dict[str, Any]:
        """An override."""
        return {"id": id, "start": self.at(start), "end": self.at(end), "user": self.user(user)}


def _restriction(restriction: Restriction) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": f"{restriction.kind}_restriction",
        "start_time_of_day": restriction.start_time_of_day.isoformat(),
        "duration_seconds": restriction.duration_seconds,
    }
    if restriction.start_day_of_week is not None:
        told["start_day_of_week"] = restriction.start_day_of_week
    return told


def zone_of(schedule_zone: str) -> tzinfo:
    """A schedule's zone as Python knows it."""
    return ZoneInfo(zones.zone(schedule_zone))


def users_of(schedule: Schedule) -> list[str]:
    """Everybody who takes turns in it now, each once."""
    return list(dict.fromkeys(user for layer in reversed(schedule.layers) for user in layer.users))


def schedule(row: Any, fields: Mapping[str, Any]) -> Thing:
    """A schedule with these members beside its own."""
    own = {"name": row.name, "time_zone": row.time_zone, "description": row.description}
    return Thing("schedule", row.id, row.name, {**own, **fields})
