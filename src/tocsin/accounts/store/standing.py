"""What rights on people and teams depend on, and whose team an actor is on (core:T1, core:R3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, exists, or_, select, true

from tocsin.accounts.store.tables import team_members, teams, users
from tocsin.rest.permissions import Sight, Standing


def memberships(conn: Connection, user_id: str) -> tuple[dict[str, str], frozenset[str]]:
    """A person's own teams (id -> role on it), and the private teams of others."""
    own = and_(team_members.c.team_id == teams.c.id, team_members.c.user_id == user_id)
    found = (
        select(teams.c.id, team_members.c.role)
        .outerjoin(team_members, own)
        .where(teams.c.deleted_at.is_(None), or_(team_members.c.role.is_not(None), teams.c.default_role == "none"))
    )
    rows = conn.execute(found).all()
    closed = frozenset(row.id for row in rows if row.role is None)
    return {row.id: row.role for row in rows if row.role is not None}, closed


def of_users(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """People are seen by everybody but those who see their own teams alone."""
    found = (
        select(users.c.id, team_members.c.team_id)
        .outerjoin(team_members, team_members.c.user_id == users.c.id)
        .where(users.c.id.in_(ids), users.c.deleted_at.is_(None))
    )
    on: dict[str, set[str]] = {}
    for row in conn.execute(found):
        on.setdefault(row.id, set()).update([row.team_id] if row.team_id else [])
    return {id: Standing(frozenset(mine), frozenset({id}), open=True) for id, mine in on.items()}


def of_teams(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """A team belongs to itself."""
    found = conn.scalars(select(teams.c.id).where(teams.c.id.in_(ids), teams.c.deleted_at.is_(None)))
    return {id: Standing(frozenset({id})) for id in found}


def seen_by_team(sight: Sight, team: Column[Any]) -> ColumnElement[bool]:
    """A condition: what belongs to the team in this column (or to none) is seen."""
    if sight.everything:
        return true()
    if sight.only is not None:
        return team.in_(sight.only)
    return or_(team.is_(None), team.not_in(sight.never))


def seen_by_teams(sight: Sight, link: Column[Any], owner: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same for what belongs to several teams: `link` is the column of the link table, `owner` joins it."""
    if sight.everything:
        return true()
    if sight.only is not None:
        return exists().where(owner, link.in_(sight.only))
    return or_(~exists().where(owner), exists().where(owner, link.not_in(sight.never)))


def seen_people(sight: Sight) -> ColumnElement[bool]:
    """A condition: oneself, and who shares a team with those who see their own teams alone."""
    shares = (team_members.c.user_id == users.c.id) & team_members.c.team_id.in_(sight.only or ())
    return or_(users.c.id == sight.user_id, exists().where(shares))
