"""Schedules as rows: lists, names, teams, and who stands in the way of a deletion."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.standing import seen_by_teams
from tocsin.accounts.store.tables import account, teams, users
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


def teams_of(conn: Connection, schedule_ids: Iterable[str]) -> dict[str, list[Any]]:
    """(id, name) of the teams of each schedule, by name."""
    mine = schedule_teams.c.schedule_id.in_(list(schedule_ids))
    query = (
        select(schedule_teams.c.schedule_id, teams.c.id, teams.c.name, teams.c.deleted_at)
        .join(teams, teams.c.id == schedule_teams.c.team_id)
        .where(mine)
        .order_by(func.lower(teams.c.name))
    )
    found: dict[str, list[Any]] = {}
    for row in conn.execute(query):
        found.setdefault(row.schedule_id, []).append(row)
    return found


def names_of(conn: Connection, user_ids: Iterable[str]) -> dict[str, Any]:
    """(id, name, deleted_at) of people, the deleted ones too."""
    wanted = list(user_ids)
    if not wanted:
        return {}
    query = select(users.c.id, users.c.name, users.c.deleted_at).where(users.c.id.in_(wanted))
    return {row.id: row for row in conn.execute(query)}


def zone_of(conn: Connection, user_id: str | None) -> str:
    """The zone in which lists are told: the user's, else the account's (core:S25)."""
    own = conn.scalar(select(users.c.time_zone).where(users.c.id == user_id)) if user_id else None
    return own or conn.scalar(select(account.c.time_zone).limit(1)) or "UTC"


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
