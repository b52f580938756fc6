"""Which people may know of a thing, as `rest.permissions` has it: nobody is written to about what they may not see."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tocsin.accounts.store.standing import memberships
from tocsin.accounts.store.tables import team_members, teams, users
from tocsin.rest.permissions import EVERYTHING, SEE_ALL, SEE_OWN_TEAMS, Sight, Standing


def able(conn: Connection, user_ids: Iterable[str], standing: Standing) -> set[str]:
    """Those of these that are people of the account and see a thing that stands so."""
    u, m = users.c, team_members.c
    people = conn.execute(select(u.id, u.role).where(u.id.in_(list(user_ids)), u.deleted_at.is_(None))).all()
    if not standing.teams:
        return {row.id for row in people if row.role not in SEE_OWN_TEAMS or row.id in standing.people}
    closed = select(teams.c.id).where(teams.c.id.in_(standing.teams), teams.c.default_role == "none")
    private = frozenset(conn.scalars(closed))
    own: dict[str, set[str]] = {}
    query = select(m.user_id, m.team_id).where(m.team_id.in_(standing.teams), m.user_id.in_([row.id for row in people]))
    for row in conn.execute(query):
        own.setdefault(row.user_id, set()).add(row.team_id)
    return {row.id for row in people if _sight(row.id, row.role, own.get(row.id, set()), private).sees(standing)}


def _sight(id: str, role: str, own: set[str], private: frozenset[str]) -> Sight:
    if role in SEE_ALL:
        return EVERYTHING
    return Sight(frozenset(own) if role in SEE_OWN_TEAMS else None, private - own, id)


def of_person(conn: Connection, user_id: str, role: str) -> Sight:
    """What one person sees."""
    if role in SEE_ALL:
        return EVERYTHING
    own, closed = memberships(conn, user_id)
    return Sight(frozenset(own) if role in SEE_OWN_TEAMS else None, closed, user_id)
