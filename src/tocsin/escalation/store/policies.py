"""The SQL over policies and their rules, for the API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, or_, select

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.standing import seen_by_team
from tocsin.core.db import insert_rows
from tocsin.escalation.store.tables import escalation_policies, escalation_rules, rings
from tocsin.rest.permissions import EVERYTHING, Sight, Standing


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on policies depend on: their team."""
    policy = escalation_policies.c
    found = conn.execute(select(policy.id, policy.team_id).where(policy.id.in_(ids)))
    return {row.id: Standing(frozenset({row.team_id} - {None})) for row in found}


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the policy is seen."""
    return seen_by_team(sight, escalation_policies.c.team_id)


def seen_ids(sight: Sight) -> Any:
    """The ids of the policies that are seen, the deleted ones too."""
    return select(escalation_policies.c.id).where(seen(sight)).scalar_subquery()


def find(query: str | None, user_ids: Sequence[str], team_ids: Sequence[str], sight: Sight = EVERYTHING) -> Select[Any]:
    """Live policies, unordered."""
    found = select(escalation_policies).where(escalation_policies.c.deleted_at.is_(None), seen(sight))
    if query:
        found = found.where(matching(escalation_policies.c.name, query))
    if team_ids:
        found = found.where(escalation_policies.c.team_id.in_(team_ids))
    if user_ids:
        named = or_(*[_names("user", id) for id in user_ids])
        found = found.where(exists().where(escalation_rules.c.policy_id == escalation_policies.c.id, named))
    return found


def _names(kind: str, id: str) -> Any:
    return escalation_rules.c.targets.contains([{"kind": kind, "id": id}])


def naming(conn: Connection, kind: str, id: str, team_id: str | None = None) -> Sequence[Row[Any]]:
    """Live policies (of a team) that name this user or schedule."""
    policy = escalation_policies.c
    named = exists().where(escalation_rules.c.policy_id == policy.id, _names(kind, id))
    found = select(escalation_policies).where(policy.deleted_at.is_(None), named).order_by(func.lower(policy.name))
    return conn.execute(found.where(policy.team_id == team_id) if team_id else found).all()


def of_team(conn: Connection, team_id: str) -> Sequence[Row[Any]]:
    """Live policies of a team."""
    policy = escalation_policies.c
    found = select(escalation_policies).where(policy.deleted_at.is_(None), policy.team_id == team_id)
    return conn.execute(found.order_by(func.lower(policy.name))).all()


def rules_of(conn: Connection, policy_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Rules by policy, in order."""
    rule = escalation_rules.c
    found = select(escalation_rules).where(rule.policy_id.in_(list(policy_ids))).order_by(rule.position)
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(found):
        grouped.setdefault(row.policy_id, []).append(row)
    return grouped


def put_rules(conn: Connection, policy_id: str, rows: Sequence[dict[str, Any]]) -> None:
    """Make these a policy's rules; the queue of a rule that goes, goes with it."""
    kept = [row["id"] for row in rows]
    gone = (escalation_rules.c.policy_id == policy_id) & escalation_rules.c.id.not_in(kept)
    conn.execute(delete(escalation_rules).where(gone))
    conn.execute(delete(rings).where(rings.c.policy_id == policy_id, rings.c.rule_id.not_in(kept)))
    names = [column.name for column in escalation_rules.c if column.name != "id"]
    insert_rows(
        conn, escalation_rules, [row | {"policy_id": policy_id} for row in rows],
        "(id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in names),
    )  # fmt: skip
