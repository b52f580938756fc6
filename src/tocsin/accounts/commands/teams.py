"""Teams and who is on them (core:T1-T6)."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts import wire
from tocsin.accounts.commands import users
from tocsin.accounts.store import people, tables
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, note, remove

Uses = Callable[[Connection, str], Sequence[str]]
Move = Callable[[Tx, Actor, str, str], None]
MOST_MEMBERS, MOST_TEAMS_OF_A_USER = 500, 400
_DEFAULT_ROLE = {"limited_user": "responder", "user": "manager", "admin": "manager", "owner": "manager"}
NEVER_MEMBERS = ("read_only_user", "read_only_limited_user")


def subject(row: Any) -> Subject:
    """What an audit record says of a team."""
    return Subject("team", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live team, or `NotFound`."""
    row = live(conn, tables.teams, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: wire.TeamBody) -> str:
    """Create a team; the id."""
    row = _row(tx.conn, body, None) | {"id": ids.thing(), "created_at": tx.now}
    create(tx, actor, tables.teams, row, Subject("team", row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: wire.TeamBody) -> None:
    """Change a team."""
    change(tx, actor, tables.teams, row, _row(tx.conn, body, row.id), subject(row))


def _row(conn: Connection, body: wire.TeamBody, own: str | None) -> dict[str, Any]:
    if people.live_named(conn, tables.teams, body.name, own):
        raise Invalid("Name has already been taken", code=6001)
    parent = body.parent.id if body.parent else None
    above = parent
    while above:
        if above == own:
            raise Invalid("A team cannot stand below itself")
        found = live(conn, tables.teams, above)
        if found is None:
            raise Invalid("Parent team Not Found")
        above = found.parent_id
    return {
        "name": body.name, "description": body.description, "default_role": body.default_role, "parent_id": parent,
    }  # fmt: skip


def drop(tx: Tx, actor: Actor, row: Row[Any], to: str | None, uses: Uses, move: Move) -> None:
    """Remove a team that nothing belongs to, or whose belongings go to the team `to` (core:T4)."""
    if to:
        if to == row.id or live(tx.conn, tables.teams, to) is None:
            raise Invalid("Reassignment team Not Found")
        move(tx, actor, row.id, to)
        for below in people.subteams(tx.conn, row.id):
            change(tx, actor, tables.teams, below, {"parent_id": None if below.id == to else to}, subject(below))
    below_it = [f"The team {below.name} stands below it" for below in people.subteams(tx.conn, row.id)]
    if reasons := [*below_it, *uses(tx.conn, row.id)]:
        raise Invalid(reasons, code=6006)
    remove(tx, actor, tables.teams, row, subject(row))


def put_member(tx: Tx, actor: Actor, team: Row[Any], user_id: str, role: str | None) -> None:
    """Make someone a member with this role, else the one that follows from his own (core:T2, core:T6)."""
    user = users.get(tx.conn, user_id)
    if user.role in NEVER_MEMBERS:
        raise Invalid("A stakeholder cannot be on a team")
    present = people.member(tx.conn, team.id, user_id)
    role = role or (present.role if present else _DEFAULT_ROLE.get(user.role, "observer"))
    if present and present.role == role:
        return
    if not present:
        _has_room(tx.conn, team.id, user_id)
    people.put_member(tx.conn, team.id, user_id, role)
    before = {"member": user_id, "role": present.role} if present else None
    note(tx, actor, "update", subject(team), before, {"member": user_id, "role": role})


def _has_room(conn: Connection, team_id: str, user_id: str) -> None:
    if len(conn.execute(people.find_members(team_id)).all()) >= MOST_MEMBERS:
        raise Invalid(f"A team may have {MOST_MEMBERS} members")
    if len(people.teams_of(conn, [user_id])) >= MOST_TEAMS_OF_A_USER:
        raise Invalid(f"A user may be on {MOST_TEAMS_OF_A_USER} teams")


def stand_in(tx: Tx, actor: Actor, leaver: str, other: str) -> None:
    """Where the one who leaves is the only manager of a team, the other becomes one: it must have somebody to tell."""
    for mine in people.teams_of(tx.conn, [leaver]):
        managers = [row for row in tx.conn.execute(people.find_members(mine.id)) if row.role == "manager"]
        if mine.role == "manager" and {row.user_id for row in managers} == {leaver}:
            put_member(tx, actor, get(tx.conn, mine.id, lock=True), other, "manager")


def drop_member(tx: Tx, actor: Actor, team: Row[Any], user_id: str, uses: Uses) -> None:
    """Take someone off a team, unless an escalation policy of the team needs him (core:T3)."""
    present = people.member(tx.conn, team.id, user_id)
    if present is None:
        raise NotFound()
    if reasons := uses(tx.conn, f"{team.id}/{user_id}"):
        raise Invalid(reasons)
    people.drop_member(tx.conn, team.id, user_id)
    note(tx, actor, "update", subject(team), {"member": user_id, "role": present.role})
