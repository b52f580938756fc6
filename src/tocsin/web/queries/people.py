"""People, teams and keys as their pages list them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tocsin.accounts.commands import links, second_factor
from tocsin.accounts.store import people
from tocsin.accounts.store.standing import seen_by_team
from tocsin.accounts.store.tables import api_keys, team_members, teams, users
from tocsin.rest.permissions import EVERYTHING, Sight

MOST = 1000


@dataclass(frozen=True, slots=True)
class Listed:
    """One person in the list. `state`: active | invited | lapsed (the invitation ran out) | none (no password)."""

    row: Row[Any]
    teams: tuple[Any, ...]
    state: str
    second_factor: bool


def state_of(user: Any, invited: set[str]) -> str:
    """How far a person has come into the account."""
    if user.password_hash is not None:
        return "active"
    if user.id in invited:
        return "invited"
    return "lapsed" if user.invitation_sent else "none"


def listed(conn: Connection, query: str, now: datetime, sight: Sight = EVERYTHING) -> list[Listed]:
    """Living people by name, with their teams, their state, and whether they have a second factor."""
    rows = conn.execute(people.find_users(query or None, (), sight).limit(MOST)).all()
    ids = [row.id for row in rows]
    of: dict[str, list[Any]] = {}
    for membership in (row for row in people.teams_of(conn, ids) if sight.sees_team(row.id)):
        of.setdefault(membership.user_id, []).append(membership)
    secured, invited = second_factor.enrolled(conn, ids), links.invited(conn, now)
    return [Listed(row, tuple(of.get(row.id, ())), state_of(row, invited), row.id in secured) for row in rows]


def keys_of(conn: Connection, user_id: str) -> Sequence[Row[Any]]:
    """A person's keys that are not revoked, the newest first."""
    key = api_keys.c
    mine = (key.user_id == user_id) & key.revoked_at.is_(None)
    return conn.execute(select(api_keys).where(mine).order_by(key.created_at.desc(), key.id)).all()


def all_keys(conn: Connection) -> Sequence[Row[Any]]:
    """Every key that is not revoked, the account's first, with its person's name and its maker's."""
    key, maker = api_keys.c, users.alias("maker")
    query = (
        select(api_keys, users.c.name.label("person"), maker.c.name.label("maker"))
        .outerjoin(users, users.c.id == key.user_id)
        .outerjoin(maker, maker.c.id == key.created_by)
        .where(key.revoked_at.is_(None))
        .order_by(key.user_id.is_not(None), func.lower(users.c.name), key.created_at.desc(), key.id)
        .limit(MOST)
    )
    return conn.execute(query).all()


def all_teams(conn: Connection, sight: Sight = EVERYTHING) -> Sequence[Row[Any]]:
    """Living teams by name, with their parent's name and how many members they have."""
    above = teams.alias("above")
    count = select(team_members.c.team_id, func.count().label("n")).group_by(team_members.c.team_id).subquery()
    query = (
        select(teams, above.c.name.label("parent"), func.coalesce(count.c.n, 0).label("members"))
        .outerjoin(above, above.c.id == teams.c.parent_id)
        .outerjoin(count, count.c.team_id == teams.c.id)
        .where(teams.c.deleted_at.is_(None), seen_by_team(sight, teams.c.id))
        .order_by(func.lower(teams.c.name), teams.c.id)
        .limit(MOST)
    )
    return conn.execute(query).all()
