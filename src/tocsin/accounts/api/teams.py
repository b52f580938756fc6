"""`/teams`, their members, and `/abilities`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts import wire
from tocsin.accounts.commands import teams
from tocsin.accounts.store import people, tables
from tocsin.core.errors import NotFound
from tocsin.core.recorded import by_id
from tocsin.rest.body import read
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

# Everything that clients are known to ask about; a self-hosted install has it all (core:R6).
ABILITIES = (
    "advanced_reports", "coordinated_responding", "event_rules", "global_event_rules", "manage_api_keys",
    "manage_schedules", "permissions_service", "preview_intelligent_alert_grouping", "read_only_users",
    "response_operations", "service_support_hours", "sso", "team_responders", "teams", "urgencies",
)  # fmt: skip


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    parents = by_id(call.conn, tables.teams, {row.parent_id for row in rows if row.parent_id})
    return [wire.team(row, parents) for row in rows]


def load_teams(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Teams for `include[]`."""
    return {thing.id: thing for thing in _show(call, list(by_id(call.conn, tables.teams, ids).values()))}


def list_teams(call: Call) -> Page:
    """List teams"""
    return offset_page(call, people.find_teams(call.text("query"), call.sight), lambda rows: _show(call, rows))


def get_team(call: Call) -> Thing:
    """Get a team"""
    return _show(call, [teams.get(call.conn, call.id)])[0]


def create_team(call: Call) -> Thing:
    """Create a team"""
    id = teams.add(call.tx, call.actor, call.read(wire.TeamBody))
    return _show(call, [teams.get(call.conn, id)])[0]


def update_team(call: Call) -> Thing:
    """Change a team"""
    row = teams.get(call.conn, call.id, lock=True)
    present = dict(row._mapping) | {"parent": {"id": row.parent_id} if row.parent_id else None}
    teams.edit(call.tx, call.actor, row, call.read(wire.TeamBody, over=present))
    return get_team(call)


def delete_team(call: Call) -> None:
    """Remove a team; what belongs to it goes to `reassignment_team`"""
    row = teams.get(call.conn, call.id, lock=True)
    teams.drop(call.tx, call.actor, row, call.text("reassignment_team"), call.uses("team"), call.moves("team"))


def list_members(call: Call) -> Page:
    """List a team's members and their roles on it"""
    teams.get(call.conn, call.id)

    def show(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        return [{"user": wire.user_ref(row.user_id, row.name), "role": row.role} for row in rows]

    return offset_page(call, people.find_members(call.id), show)


def put_member(call: Call) -> None:
    """Put a user on a team"""
    role = read(wire.MemberBody, call.body or {}).role
    teams.put_member(call.tx, call.actor, teams.get(call.conn, call.id, lock=True), call.path["user_id"], role)


def delete_member(call: Call) -> None:
    """Take a user off a team"""
    team = teams.get(call.conn, call.id, lock=True)
    teams.drop_member(call.tx, call.actor, team, call.path["user_id"], call.uses("team_member"))


def list_abilities(call: Call) -> list[str]:
    """List what this account can do"""
    return list(ABILITIES)


def test_ability(call: Call) -> None:
    """Test whether this account can do something"""
    if call.id not in ABILITIES:
        raise NotFound()


_MEMBER = "/teams/{id}/users/{user_id}"

TABLE = Table(
    (
        *resource(
            "/teams", "team", "teams", scope="teams", permission=Permission.MANAGE_TEAM, creates=Permission.CONFIGURE,
            body=wire.TeamBody, sees="filtered", bare=True, list=list_teams, create=create_team,
            get=get_team, update=update_team, delete=delete_team,
        ),
        Operation(
            "GET", "/teams/{id}/members", list_members, 200, "members", "teams.read", Permission.READ,
            includes={"users": "user"},
        ),
        Operation("PUT", _MEMBER, put_member, 204, None, "teams.write", Permission.MANAGE_TEAM, audit="team"),
        Operation("DELETE", _MEMBER, delete_member, 204, None, "teams.write", Permission.MANAGE_TEAM, audit="team"),
        Operation("GET", "/abilities", list_abilities, 200, "abilities", "abilities.read", Permission.READ, sees="all"),
        Operation("GET", "/abilities/{id}", test_ability, 204, None, "abilities.read", Permission.READ, sees="all"),
    ),
    {"team": load_teams},
)  # fmt: skip
