"""`/escalation_policies`, and the policies of a team."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func

from tocsin.accounts import acting
from tocsin.accounts.api.audit import records_of
from tocsin.accounts.wire import team_ref, user_ref
from tocsin.escalation import commands, wire
from tocsin.escalation.store import policies
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

INCLUDES = {
    "targets": "escalation_rules.targets", "services": "services", "teams": "teams",
    "escalation_rule_assignment_strategies": "",
}  # fmt: skip


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    return _shown(call, rows, policies.around(call.conn, [row.id for row in rows]))


def _shown(call: Call, rows: Sequence[Any], around: Mapping[str, Sequence[Any]]) -> list[Thing]:
    rules: defaultdict[str, list[Any]] = defaultdict(list)
    for rule in around["rules"]:
        rules[rule.policy_id].append(rule)
    targets, named = _targets(around), {team.id: team for team in around["teams"]}
    facts = call.facts("escalation_policy", [row.id for row in rows])
    asked = call.wants("escalation_rule_assignment_strategies")

    def show(row: Any) -> Thing:
        team = [team_ref(row.team_id, named[row.team_id].name)] if row.team_id in named else []
        services = facts.get(row.id, {}).get("services", [])
        return wire.policy(row, rules[row.id], team, services, targets, asked)

    return [show(row) for row in rows]


def _targets(around: Mapping[str, Sequence[Any]]) -> dict[tuple[str, str], Ref]:
    """References to the targets of rules; one that was deleted stays visible by its id (core:K7)."""
    named = {(target["kind"], target["id"]) for rule in around["rules"] for target in rule.targets}
    refs = {("user", row.id): user_ref(row.id, row.name, row.deleted_at is not None) for row in around["users"]}
    live = {row.id: row.name for row in around["schedules"] if row.deleted_at is None}
    for kind, id in named - refs.keys():
        refs[kind, id] = Ref(kind, id, live.get(id), gone=id not in live)
    return refs


def _known_schedules(call: Call) -> commands.Known:
    """The port tells names by id; a schedule that it does not know does not exist."""

    def known(conn: Connection, ids: Sequence[str]) -> Iterable[str]:
        return call.facts("schedule", ids)

    return known


def _one(call: Call, id: str) -> Thing:
    return _show(call, [commands.get(call.conn, id)])[0]


def load_policies(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Policies for `include[]`."""
    around = policies.around(call.conn, ids)
    return {thing.id: thing for thing in _shown(call, around["policies"], around)}


def list_policies(call: Call) -> Page:
    """List escalation policies"""
    found = policies.find(call.text("query"), call.many("user_ids"), call.many("team_ids"), call.sight)
    order = call.sort({"name": func.lower(escalation_policies.c.name)}, "name:asc")
    return offset_page(call, found.order_by(order, escalation_policies.c.id), lambda rows: _show(call, rows))


def get_policy(call: Call) -> Thing:
    """Get an escalation policy"""
    return _one(call, call.id)


def create_policy(call: Call) -> Thing:
    """Create an escalation policy"""
    body = call.read(wire.PolicyBody)
    call.demand(Permission.CONFIGURE, "team", [team.id for team in body.teams or []])
    return _one(call, commands.add(call.tx, acting.optional(call), body, _known_schedules(call)))


def update_policy(call: Call) -> Thing:
    """Change an escalation policy; its rules are replaced as a whole"""
    row = commands.get(call.conn, call.id, lock=True)
    over = wire.present(row, policies.rules_of(call.conn, [row.id]).get(row.id, []))
    body = call.read(wire.PolicyBody, over=over)
    if moves := {team.id for team in body.teams or []} - {row.team_id}:
        call.demand(Permission.CONFIGURE, "team", moves)
    commands.edit(call.tx, call.actor, row, body, _known_schedules(call))
    return get_policy(call)


def delete_policy(call: Call) -> None:
    """Remove an escalation policy that no service uses"""
    row = commands.get(call.conn, call.id, lock=True)
    commands.drop(call.tx, call.actor, row, call.uses("escalation_policy"))


def put_on_team(call: Call) -> None:
    """Give an escalation policy to a team"""
    call.demand(Permission.CONFIGURE, "escalation_policy", [call.path["escalation_policy_id"]])
    commands.put_on_team(call.tx, call.actor, call.id, call.path["escalation_policy_id"])


def take_off_team(call: Call) -> None:
    """Take an escalation policy from a team"""
    call.demand(Permission.CONFIGURE, "escalation_policy", [call.path["escalation_policy_id"]])
    commands.take_off_team(call.tx, call.actor, call.id, call.path["escalation_policy_id"])


_ON_TEAM = "/teams/{id}/escalation_policies/{escalation_policy_id}"
_LINK: dict[str, Any] = {"scope": "teams.write", "permission": Permission.CONFIGURE, "audit": "escalation_policy"}

TABLE = Table(
    (
        *resource(
            "/escalation_policies", "escalation_policy", "escalation_policies", scope="escalation_policies",
            body=wire.PolicyBody, includes=INCLUDES, in_body=True, sees="filtered", list=list_policies,
            create=create_policy, get=get_policy,
            update=update_policy, delete=delete_policy,
        ),
        Operation("PUT", _ON_TEAM, put_on_team, 204, None, **_LINK),
        Operation("DELETE", _ON_TEAM, take_off_team, 204, None, **_LINK),
        records_of("escalation_policies", "escalation_policy"),
    ),
    {"escalation_policy": load_policies},
)  # fmt: skip
