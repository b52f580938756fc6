"""Schedules as rows: lists, names, teams, and who stands in the way of a deletion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.standing import seen_by_teams
from tocsin.accounts.store.tables import account, teams, users
from tocsin.core.together import Together, among
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.schedules.store.tables import overrides, schedule_layers, schedule_teams, schedules

_LIVE = schedules.c.deleted_at.is_(None)


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on schedules depend on: their teams."""
    query = (
        select(schedules.c.id, schedule_teams.c.team_id)
        .outerjoin(schedule_teams, schedule_teams.c.schedule_id == schedules.c.id)
        .where(schedules.c.id.in_(ids))
    )
    found: dict[str, set[str]] = {}
    for row in conn.execute(query):
        found.setdefault(row.id, set()).update([row.team_id] if row.team_id else [])
    return {id: Standing(frozenset(teams)) for id, teams in found.items()}


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the schedule is seen."""
    return seen_by_teams(sight, schedule_teams.c.team_id, schedule_teams.c.schedule_id == schedules.c.id)


def find(query: str | None = None, team_ids: Sequence[str] = (), sight: Sight = EVERYTHING) -> Select[Any]:
    """Live schedules by name."""
    found = select(schedules).where(_LIVE, seen(sight)).order_by(func.lower(schedules.c.name), schedules.c.id)
    if query:
        found = found.where(matching(schedules.c.name, query))
    if team_ids:
        of_team = (schedule_teams.c.schedule_id == schedules.c.id) & schedule_teams.c.team_id.in_(team_ids)
        found = found.where(exists().where(of_team))
    return found


_TEAMS = (
    select(schedule_teams.c.schedule_id, teams.c.id, teams.c.name, teams.c.deleted_at)
    .join(teams, teams.c.id == schedule_teams.c.team_id)
    .where(among(schedule_teams.c.schedule_id))
    .order_by(func.lower(teams.c.name))
)
_NAMES = select(users.c.id, users.c.name, users.c.deleted_at).where(among(users.c.id, "people"))
_VIEWERS = select(users.c.time_zone).where(among(users.c.id, "viewer")).scalar_subquery()
_ZONES = select(func.coalesce(_VIEWERS, account.c.time_zone).label("zone"))
_AROUND = Together(teams=_TEAMS, people=_NAMES, zones=_ZONES)


@dataclass(frozen=True, slots=True)
class Around:
    """What a list of schedules refers to: `people` by id, `teams` by schedule, the `zone` in which it is told."""

    people: dict[str, Any]
    teams: dict[str, list[Any]]
    zone: str


def around(conn: Connection, schedule_ids: Iterable[str], people: Iterable[str], viewer: str | None) -> Around:
    """The three of them in one statement; the zone is the viewer's, else the account's (core:S25)."""
    found = _AROUND.read(conn, ids=schedule_ids, people=people, viewer=[viewer] if viewer else [])
    zone = next((row.zone for row in found["zones"] if row.zone), "UTC")
    return Around({row.id: row for row in found["people"]}, _by_schedule(found["teams"]), zone)


def teams_of(conn: Connection, schedule_ids: Iterable[str]) -> dict[str, list[Any]]:
    """(id, name) of the teams of each schedule, by name."""
    return _by_schedule(conn.execute(_TEAMS, {"ids": list(schedule_ids)}))


def _by_schedule(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.schedule_id, []).append(row)
    return found


def names_of(conn: Connection, user_ids: Iterable[str]) -> dict[str, Any]:
    """(id, name, deleted_at) of people, the deleted ones too."""
    wanted = list(user_ids)
    if not wanted:
        return {}
    return {row.id: row for row in conn.execute(_NAMES, {"people": wanted})}


def on_schedules(conn: Connection, user_id: str, now: datetime) -> list[str]:
    """Names of the live schedules that count on this user."""
    return [row.name for row in counting_on(conn, user_id, now)]


def counting_on(conn: Connection, user_id: str, now: datetime) -> Sequence[Any]:
    """(id, name) of the live schedules with a layer of this user that goes on, or an override not yet over."""
    later = schedule_layers.alias("later")
    newer = exists().where(later.c.layer_id == schedule_layers.c.layer_id, later.c.term > schedule_layers.c.term)
    takes_turns = exists().where(
        schedule_layers.c.schedule_id == schedules.c.id, schedule_layers.c.users.contains([user_id]), ~newer,
        or_(schedule_layers.c.end.is_(None), schedule_layers.c.end > now),
    )  # fmt: skip
    stands_in = exists().where(
        overrides.c.schedule_id == schedules.c.id, overrides.c.user_id == user_id, overrides.c.end > now
    )
    query = select(schedules.c.id, schedules.c.name).where(_LIVE, or_(takes_turns, stands_in))
    return conn.execute(query.order_by(schedules.c.name)).all()


def of_team(conn: Connection, team_id: str) -> list[Row[Any]]:
    """Live schedules of a team."""
    query = select(schedules).join(schedule_teams, schedule_teams.c.schedule_id == schedules.c.id)
    return list(conn.execute(query.where(_LIVE, schedule_teams.c.team_id == team_id)))
