"""Escalation policies on the wire (core:P1-P8, core:G-11)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from sqlalchemy import Row

from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


def _target_kind(given: Any) -> Any:
    return given.removesuffix("_reference").removesuffix("_v3") if isinstance(given, str) else given


def _strategy(given: Any) -> Any:
    given = given[0] if isinstance(given, list) and len(given) == 1 else given  # the published example's form
    return given.get("type") if isinstance(given, Mapping) else given


class TargetBody(Body):
    """Whom a level points at; the type may come with or without `_reference`."""

    id: str
    kind: Annotated[Literal["user", "schedule"], BeforeValidator(_target_kind)] = Field(alias="type")


class RuleBody(Body):
    """One level. A delay of 0 is accepted: its pages are sent, then the next level is entered at once."""

    id: str | None = None
    escalation_delay_in_minutes: int = Field(ge=0, le=100_000)
    targets: list[TargetBody] = Field(min_length=1, max_length=50)
    escalation_rule_assignment_strategy: Annotated[
        Literal["assign_to_everyone", "round_robin"], BeforeValidator(_strategy)
    ] = "assign_to_everyone"


class PolicyBody(Body):
    """A policy as clients send one."""

    name: Name
    description: str | None = Field(None, max_length=10_000)
    num_loops: int = Field(0, ge=0, le=9)
    on_call_handoff_notifications: Literal["if_has_services", "always"] = "if_has_services"
    escalation_rules: list[RuleBody] = Field(min_length=1, max_length=20)
    teams: list[Pointer] = Field([], max_length=1)


def present(row: Row[Any], rules: Sequence[Row[Any]]) -> dict[str, Any]:
    """What is stored, as a request would say it."""
    return dict(row._mapping) | {
        "escalation_rules": [rule_as_sent(rule) for rule in rules],
        "teams": [{"id": row.team_id}] if row.team_id else [],
    }


def rule_as_sent(rule: Row[Any]) -> dict[str, Any]:
    """A stored rule, as a request would say it."""
    return {
        "id": rule.id, "escalation_delay_in_minutes": rule.delay_minutes,
        "escalation_rule_assignment_strategy": rule.strategy,
        "targets": [{"id": target["id"], "type": target["kind"]} for target in rule.targets],
    }  # fmt: skip


def policy_ref(row: Any) -> Ref:
    """A reference to a policy."""
    return Ref("escalation_policy", row.id, row.name, gone=row.deleted_at is not None)


def policy(
    row: Row[Any], rules: Sequence[Row[Any]], teams: Sequence[Ref], services: Sequence[Ref],
    targets: Mapping[tuple[str, str], Ref], strategies: bool,
) -> Thing:  # fmt: skip
    """A policy in full; `strategies` shows each level's, which the wire does only when asked."""
    fields = {
        "name": row.name, "description": row.description, "num_loops": row.num_loops,
        "on_call_handoff_notifications": row.on_call_handoff_notifications,
        "escalation_rules": [_rule(rule, targets, strategies) for rule in rules],
        "services": list(services), "teams": list(teams),
    }  # fmt: skip
    return Thing("escalation_policy", row.id, row.name, fields)


def _rule(rule: Row[Any], targets: Mapping[tuple[str, str], Ref], strategies: bool) -> dict[str, Any]:
    shown = {
        "id": rule.id, "escalation_delay_in_minutes": rule.delay_minutes,
        "targets": [targets[target["kind"], target["id"]] for target in rule.targets],
    }  # fmt: skip
    return shown | ({"escalation_rule_assignment_strategy": {"type": rule.strategy}} if strategies else {})
