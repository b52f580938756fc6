"""Which policies point at which schedules (core:S2, core:S30, core:P11)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, or_, select

from tocsin.escalation.store.tables import escalation_policies, escalation_rules


def policies_naming(conn: Connection, schedule_ids: Iterable[str]) -> dict[str, list[Any]]:
    """(id, name) of the live policies that point at each of these schedules, by name."""
    wanted = list(schedule_ids)
    if not wanted:
        return {}
    targets, policy = escalation_rules.c.targets, escalation_policies.c
    query = (
        select(policy.id, policy.name, targets.label("targets"))
        .join(escalation_rules, escalation_rules.c.policy_id == policy.id)
        .where(policy.deleted_at.is_(None), or_(*(targets.contains([_target(id)]) for id in wanted)))
        .order_by(policy.name, policy.id)
    )
    found: dict[str, dict[str, Any]] = {id: {} for id in wanted}
    for row in conn.execute(query):
        for target in row.targets:
            if target["kind"] == "schedule" and target["id"] in found:
                found[target["id"]][row.id] = row
    return {id: list(rows.values()) for id, rows in found.items()}


def _target(schedule_id: str) -> dict[str, str]:
    return {"kind": "schedule", "id": schedule_id}
