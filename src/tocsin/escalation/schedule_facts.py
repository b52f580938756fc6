"""What policies tell of schedules: which there are, and who uses them (core:S2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.escalation.store.naming import schedules_with_policies
from tocsin.rest.objects import Ref


def facts_of_schedules(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Live schedules alone: their name, and references to the policies that point at them."""
    return {
        row.id: {
            "summary": row.name,
            "escalation_policies": [Ref("escalation_policy", policy.id, policy.name) for policy in policies],
        }
        for row, policies in schedules_with_policies(conn, ids)
    }
