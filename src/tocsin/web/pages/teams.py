"""Teams: the list, one team, its members and their roles on it (core:T1-T6)."""

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.accounts.commands import teams
from tocsin.accounts.store import people as stored
from tocsin.accounts.wire import MemberBody, TeamBody
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.escalation import commands as escalation_commands
from tocsin.escalation import ports as escalation_ports
from tocsin.escalation.store import policies
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.schedules import commands as schedules_commands
from tocsin.schedules import ports as schedules_ports
from tocsin.schedules.store import finding
from tocsin.services import commands_business
from tocsin.services import ports as services_ports
from tocsin.services.store import business
from tocsin.web.pages.frame import framed
from tocsin.web.queries import names, people
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/teams"
ROLES = {"manager": "Manager", "responder": "Responder", "observer": "Observer"}
TOLD = {
    "made": "The team is made.", "saved": "Saved.", "member": "Saved.", "gone": "They are off the team.",
    "removed": "The team is removed.",
}  # fmt: skip


def every(ask: Ask) -> Response:
    """All teams."""
    return framed(
        ask, "teams.html", teams=people.all_teams(ask.tx.conn, ask.sight),
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""), given=_given(ask),
    )  # fmt: skip


def _given(ask: Ask) -> dict[str, str]:
    return {name: ask.field(name)[:1100] for name in ("name", "description", "default_role", "parent")}


def _body(ask: Ask) -> TeamBody:
    given: dict[str, Any] = _given(ask)
    parent = given.pop("parent")
    given["description"] = given["description"].strip() or None
    return read(TeamBody, given | ({"parent": {"id": parent}} if parent else {}))


def make(ask: Ask) -> Response:
    """A new team."""
    return go(f"{HERE}/{teams.add(ask.tx, ask.actor, _body(ask))}?done=made")


def show(ask: Ask) -> Response:
    """One team."""
    conn, row = ask.tx.conn, teams.get(ask.tx.conn, ask.param("id"))
    members = conn.execute(stored.find_members(row.id)).all()
    on_it = {member.user_id for member in members}
    everywhere = people.all_teams(conn, ask.sight)
    return framed(
        ask, "team.html", team=row, members=members, roles=ROLES, told=TOLD.get(ask.query("done"), ""),
        parent=next((team for team in everywhere if team.id == row.parent_id), None),
        below=[team for team in everywhere if team.parent_id == row.id],
        others=[(id, name) for id, name in names.everybody(conn) if id not in on_it],
        parents=[team for team in everywhere if team.id != row.id],
        policies=policies.of_team(conn, row.id), schedules=finding.of_team(conn, row.id),
        businesses=business.of_team(conn, row.id),
        may_change=ask.may(Permission.MANAGE_TEAM, "team", row.id),
        may_staff=ask.may(Permission.MANAGE_TEAM, "team", row.id),
    )  # fmt: skip


def _locked(ask: Ask) -> Any:
    return teams.get(ask.tx.conn, ask.param("id"), lock=True)


def _done(ask: Ask, what: str) -> Response:
    return go(f"{HERE}/{ask.param('id')}?done={what}")


def edit(ask: Ask) -> Response:
    """Name, description, what members get by default, and the team above."""
    teams.edit(ask.tx, ask.actor, _locked(ask), _body(ask))
    return _done(ask, "saved")


def put_member(ask: Ask) -> Response:
    """Somebody new, or another role."""
    role = read(MemberBody, {"role": ask.field("role") or None}).role
    teams.put_member(ask.tx, ask.actor, _locked(ask), ask.field("user"), role)
    return _done(ask, "member")


def drop_member(ask: Ask) -> Response:
    """Off the team."""
    teams.drop_member(ask.tx, ask.actor, _locked(ask), ask.field("user"), escalation_ports.uses_of_member)
    return _done(ask, "gone")


def remove(ask: Ask) -> Response:
    """Remove a team; what belongs to it goes to another, if one is chosen."""
    teams.drop(ask.tx, ask.actor, _locked(ask), ask.field("to") or None, _uses, _move)
    return go(f"{HERE}?done=removed")


def _uses(conn: Connection, id: str) -> list[str]:
    asked = (escalation_ports.uses_of_team, schedules_ports.uses_of_team, services_ports.uses_of_team)
    return [why for uses in asked for why in uses(conn, id)]


def _move(tx: Tx, actor: Actor, source: str, target: str) -> None:
    escalation_commands.move_team(tx, actor, source, target)
    schedules_commands.move_to_team(tx, actor, source, target)
    commands_business.move_team(tx, actor, source, target)


_ONE = HERE + "/{id}"
PAGES = (
    Page("GET", HERE, every, sees="filtered"),
    Page("POST", HERE, make, again=every, needs=Permission.CONFIGURE),
    Page("GET", _ONE, show),
    Page("POST", _ONE, edit, again=show, needs=Permission.MANAGE_TEAM),
    Page("POST", f"{_ONE}/members", put_member, again=show, needs=Permission.MANAGE_TEAM),
    Page("POST", f"{_ONE}/members/remove", drop_member, again=show, needs=Permission.MANAGE_TEAM),
    Page("POST", f"{_ONE}/remove", remove, again=show, needs=Permission.MANAGE_TEAM),
)
