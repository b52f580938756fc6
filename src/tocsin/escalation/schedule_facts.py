"""What policies tell of schedules: which there are, and who uses them (core:S2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.core.recorded import by_id
from tocsin.escalation.store.naming import policies_naming
from tocsin.rest.objects import Ref
from tocsin.schedules.store.tables import schedules


def facts_of_schedules(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Live schedules alone: their name, and references to the policies that point at them."""
    rows = [row for row in by_id(conn, schedules, ids).values() if row.deleted_at is None]
    named = policies_naming(conn, ids)
    return {
        row.id: {
            "summary": row.name,
            "escalation_policies": [Ref("escalation_policy", policy.id, policy.name) for policy in named[row.id]],
        }
        for row in rows
    }
