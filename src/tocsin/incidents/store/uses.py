"""Whom and what open incidents still need: neither can be deleted meanwhile (core:P11, core:N4)."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

SCHEDULE = "Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"
ASSIGNED = "User is assigned to open incidents"
CLIMBED = "User is on an escalation policy snapshot with open incidents"

_NAMED = text(
    "SELECT 1 FROM policy_snapshots p WHERE EXISTS "
    "(SELECT 1 FROM incidents i WHERE i.snapshot_id = p.id AND i.status <> 'resolved') "
    "AND jsonb_path_exists(p.body, '$.levels[*].targets[*] ? (@.kind == $kind && @.id == $id)', "
    "jsonb_build_object('id', CAST(:id AS text), 'kind', CAST(:kind AS text))) LIMIT 1"
)
_ASSIGNED = text(
    "SELECT 1 FROM incidents WHERE status <> 'resolved'"
    " AND assignments @> jsonb_build_array(jsonb_build_object('user_id', CAST(:id AS text))) LIMIT 1"
)


def uses_of_schedule(conn: Connection, id: str) -> Sequence[str]:
    """Why a schedule cannot go: the snapshot of an open incident points at it."""
    return [SCHEDULE] if conn.execute(_NAMED, {"id": id, "kind": "schedule"}).first() else []


def uses_of_user(conn: Connection, id: str) -> Sequence[str]:
    """Why a person cannot go: an open incident is theirs, or climbs through them."""
    found = [ASSIGNED] if conn.execute(_ASSIGNED, {"id": id}).first() else []
    return [*found, CLIMBED] if conn.execute(_NAMED, {"id": id, "kind": "user"}).first() else found
