"""The SQL over policies and their rules, for the API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, delete, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.standing import seen_by_team
from tocsin.accounts.store.tables import teams, users
from tocsin.core.db import insert_rows
from tocsin.core.together import Found, Together, among
from tocsin.escalation.store.tables import escalation_policies, escalation_rules, rings
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.schedules.store.tables import schedules


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
        named = or_(*[_naming("user", id) for id in user_ids])
        found = found.where(exists().where(escalation_rules.c.policy_id == escalation_policies.c.id, named))
    return found


def _naming(kind: str, id: str) -> Any:
    return escalation_rules.c.targets.contains([{"kind": kind, "id": id}])


def naming(conn: Connection, kind: str, id: str, team_id: str | None = None) -> Sequence[Row[Any]]:
    """Live policies (of a team) that name this user or schedule."""
    policy = escalation_policies.c
    named = exists().where(escalation_rules.c.policy_id == policy.id, _naming(kind, id))
    found = select(escalation_policies).where(policy.deleted_at.is_(None), named).order_by(func.lower(policy.name))
    return conn.execute(found.where(policy.team_id == team_id) if team_id else found).all()


def of_team(conn: Connection, team_id: str) -> Sequence[Row[Any]]:
    """Live policies of a team."""
    policy = escalation_policies.c
    found = select(escalation_policies).where(policy.deleted_at.is_(None), policy.team_id == team_id)
    return conn.execute(found.order_by(func.lower(policy.name))).all()


def rules_of(conn: Connection, policy_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Rules by policy, in order."""
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(_RULES, {"ids": list(policy_ids)}):
        grouped.setdefault(row.policy_id, []).append(row)
    return grouped


_RULES = select(escalation_rules).where(among(escalation_rules.c.policy_id)).order_by(escalation_rules.c.position)


def _targets(kind: str) -> Any:
    """The ids that these policies' rules name."""
    each = func.jsonb_array_elements(escalation_rules.c.targets).table_valued("value").render_derived()
    target = each.c.value.cast(JSONB)
    return (
        select(target["id"].astext)
        .select_from(escalation_rules.join(each, true()))
        .where(among(escalation_rules.c.policy_id), target["kind"].astext == kind)
    )


def _names(table: Table, kind: str) -> Select[Any]:
    return select(table.c.id, table.c.name, table.c.deleted_at).where(table.c.id.in_(_targets(kind)))


_POLICIES = select(escalation_policies).where(among(escalation_policies.c.id))
_AROUND = Together(
    policies=_POLICIES.where(escalation_policies.c.deleted_at.is_(None)), rules=_RULES,
    users=_names(users, "user"), schedules=_names(schedules, "schedule"),
    teams=select(teams).where(teams.c.id.in_(_POLICIES.with_only_columns(escalation_policies.c.team_id))),
)  # fmt: skip


def around(conn: Connection, ids: Iterable[str]) -> dict[str, list[Found]]:
    """The live `policies` among these; of all, `rules` in order, `users` and `schedules` named, `teams`."""
    return _AROUND.read(conn, ids=ids)


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
