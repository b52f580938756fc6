"""Policies: made, changed, removed, linked to teams (core:P1-P8, core:T2).

1. A policy is changed as a whole: its rules are replaced, those that carry a known id keep it (core:P8).
2. What is on duty is not removed: the uses are asked of every later package.
3. Whom a policy names cannot be deleted meanwhile: his row is held until the policy stands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.commands import teams
from tocsin.accounts.store import people, tables
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, live, note
from tocsin.escalation import wire
from tocsin.escalation.store import policies
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.body import read

Uses = Callable[[Connection, str], Sequence[str]]
Known = Callable[[Connection, Sequence[str]], Iterable[str]]  # those of these schedule ids that exist
MOST_OF_TEAM = 100


def subject(row: Any) -> Subject:
    """What an audit record says of a policy."""
    return Subject("escalation_policy", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live policy, or `NotFound`."""
    row = live(conn, escalation_policies, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: wire.PolicyBody, schedules: Known) -> str:
    """Create a policy; the id. `schedules` tells which schedules there are."""
    _check(tx.conn, body, None, schedules)
    id = ids.thing()
    tx.conn.execute(escalation_policies.insert().values(_row(body) | {"id": id, "created_at": tx.now}))
    rules = _put_rules(tx.conn, id, body, {})
    note(tx, actor, "create", Subject("escalation_policy", id, body.name), None, _row(body) | {"rules": rules})
    return id


def add_default(tx: Tx, actor: Actor, owner_id: str) -> str:
    """The policy that every fresh account has: the owner, again and again (clients.md); the id."""
    rule = {"escalation_delay_in_minutes": 30, "targets": [{"id": owner_id, "type": "user"}]}
    body = read(wire.PolicyBody, {"name": "Default", "num_loops": 9, "escalation_rules": [rule]})
    return add(tx, actor, body, lambda conn, ids: ())


def edit(tx: Tx, actor: Actor, row: Row[Any], body: wire.PolicyBody, schedules: Known) -> None:
    """Change a policy and its rules; incidents under way keep their snapshot."""
    _check(tx.conn, body, row.id, schedules)
    stored = {rule.id: rule for rule in policies.rules_of(tx.conn, [row.id]).get(row.id, [])}
    before: dict[str, Any] = {"rules": [wire.rule_as_sent(rule) for rule in stored.values()]}
    before |= {name: row._mapping[name] for name in _row(body)}
    after = _row(body) | {"rules": _put_rules(tx.conn, row.id, body, stored)}
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        tx.conn.execute(escalation_policies.update().where(escalation_policies.c.id == row.id).values(_row(body)))
        old, new = ({name: told[name] for name in changed} for told in (before, after))
        note(tx, actor, "update", subject(row), old, new)


def drop(tx: Tx, actor: Actor, row: Row[Any], uses: Uses) -> None:
    """Remove a policy that no service uses."""
    if reasons := uses(tx.conn, row.id):
        raise Invalid(reasons)
    tx.conn.execute(escalation_policies.update().where(escalation_policies.c.id == row.id).values(deleted_at=tx.now))
    note(tx, actor, "delete", subject(row), {"name": row.name}, None)


def put_on_team(tx: Tx, actor: Actor, team_id: str, policy_id: str) -> None:
    """Give a policy to a team; its people come along as members (core:T2)."""
    team, row = teams.get(tx.conn, team_id, lock=True), get(tx.conn, policy_id, lock=True)
    if row.team_id == team_id:
        return
    if len(policies.of_team(tx.conn, team_id)) >= MOST_OF_TEAM:
        raise Invalid(f"A team may have {MOST_OF_TEAM} escalation policies")
    _set_team(tx, actor, row, team_id)
    rules = policies.rules_of(tx.conn, [policy_id]).get(policy_id, [])
    named = {target["id"] for rule in rules for target in rule.targets if target["kind"] == "user"}
    for user in people.live_users(tx.conn, named):
        if people.member(tx.conn, team_id, user) is None:
            teams.put_member(tx, actor, team, user, None)


def take_off_team(tx: Tx, actor: Actor, team_id: str, policy_id: str) -> None:
    """Take a policy from a team."""
    row = get(tx.conn, policy_id, lock=True)
    if row.team_id != team_id:
        raise NotFound()
    _set_team(tx, actor, row, None)


def stand_in(tx: Tx, actor: Actor, leaver: str, other: str) -> None:
    """Put another person in the place of one who leaves, on every policy that names them (core:P62)."""
    for found in policies.naming(tx.conn, "user", leaver):
        row = get(tx.conn, found.id, lock=True)
        stored = policies.rules_of(tx.conn, [row.id]).get(row.id, [])
        rules = [_with_other(wire.rule_as_sent(rule), leaver, other) for rule in stored]
        body = read(wire.PolicyBody, wire.present(row, stored) | {"escalation_rules": rules})
        edit(tx, actor, row, body, lambda _, ids: ids)
        if row.team_id and people.member(tx.conn, row.team_id, other) is None:
            teams.put_member(tx, actor, teams.get(tx.conn, row.team_id, lock=True), other, None)


def _with_other(rule: dict[str, Any], leaver: str, other: str) -> dict[str, Any]:
    kept: dict[tuple[str, str], dict[str, str]] = {}
    for target in rule["targets"]:
        id = other if (target["type"], target["id"]) == ("user", leaver) else target["id"]
        kept.setdefault((target["type"], id), {"type": target["type"], "id": id})
    return rule | {"targets": list(kept.values())}


def move_team(tx: Tx, actor: Actor, source: str, target: str) -> None:
    """Hand a team's policies to another before it goes (core:T4)."""
    for row in policies.of_team(tx.conn, source):
        _set_team(tx, actor, row, target)


def _set_team(tx: Tx, actor: Actor, row: Row[Any], team_id: str | None) -> None:
    tx.conn.execute(escalation_policies.update().where(escalation_policies.c.id == row.id).values(team_id=team_id))
    note(tx, actor, "update", subject(row), {"team_id": row.team_id}, {"team_id": team_id})


def _row(body: wire.PolicyBody) -> dict[str, Any]:
    return {
        "name": body.name, "description": body.description, "num_loops": body.num_loops,
        "on_call_handoff_notifications": body.on_call_handoff_notifications,
        "team_id": body.teams[0].id if body.teams else None,
    }  # fmt: skip


def _put_rules(
    conn: Connection, policy_id: str, body: wire.PolicyBody, stored: Mapping[str, Any]
) -> list[dict[str, Any]]:
    free = dict(stored)
    rows = []
    for position, rule in enumerate(body.escalation_rules):
        known = free.pop(rule.id, None) if rule.id else None  # the same id twice keeps it once
        targets = [{"kind": target.kind, "id": target.id} for target in rule.targets]
        rows.append({
            "id": known.id if known else ids.thing(), "position": position, "targets": targets,
            "delay_minutes": rule.escalation_delay_in_minutes, "strategy": rule.escalation_rule_assignment_strategy,
        })  # fmt: skip
    policies.put_rules(conn, policy_id, rows)
    return [wire.rule_as_sent(rule) for rule in policies.rules_of(conn, [policy_id])[policy_id]]


def _check(conn: Connection, body: wire.PolicyBody, own: str | None, schedules: Known) -> None:
    errors = []
    if people.live_named(conn, escalation_policies, body.name, own):
        errors.append("Escalation Policy has already been taken")
    named = [target for rule in body.escalation_rules for target in rule.targets]
    users = {target.id for target in named if target.kind == "user"}
    wanted = {target.id for target in named if target.kind == "schedule"}
    errors += [f"User {id} Not Found" for id in sorted(users - set(people.live_users(conn, users, hold=True)))]
    errors += [f"Schedule {id} Not Found" for id in sorted(wanted - set(schedules(conn, sorted(wanted))))]
    errors += [f"Team {team.id} Not Found" for team in body.teams if live(conn, tables.teams, team.id) is None]
    if errors:
        raise Invalid(errors)
