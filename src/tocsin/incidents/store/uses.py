"""Whom and what open incidents still need: neither can be deleted meanwhile (core:P11, core:N4)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

SCHEDULE = "Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"
ASSIGNED = "User is assigned to open incidents"
CLIMBED = "User is on an escalation policy snapshot with open incidents"
ASKED = "User is asked to help with open incidents"

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

_PENDING = """jsonb_path_exists(i.requests, '$[*].targets[*] ? (@.state == "pending").responders[*] ?
 (@.state == "pending" && @.user_id == $id)', jsonb_build_object('id', CAST(:id AS text)))"""
_WALKED = """jsonb_path_exists(i.requests, '$[*].targets[*] ? (@.state == "pending")
 .snapshot.levels[*].targets[*] ? (@.kind == $kind && @.id == $id)',
 jsonb_build_object('id', CAST(:id AS text), 'kind', CAST(:kind AS text)))"""
_OPEN = "SELECT 1 FROM incidents i WHERE i.status <> 'resolved' AND i.requests <> '[]'::jsonb AND "
_IS_ASKED = text(f"{_OPEN}{_PENDING} LIMIT 1")
_MAY_BE_ASKED = text(f"{_OPEN}{_WALKED} LIMIT 1")

_HELD = text(
    "SELECT i.id, i.number, i.title, i.status, i.assignments @> "
    "jsonb_build_array(jsonb_build_object('user_id', CAST(:id AS text))) AS theirs FROM incidents i "
    "WHERE i.status <> 'resolved' AND ("
    "i.assignments @> jsonb_build_array(jsonb_build_object('user_id', CAST(:id AS text)))"
    " OR i.acknowledgements @> jsonb_build_array(jsonb_build_object('id', CAST(:id AS text)))"
    " OR EXISTS (SELECT 1 FROM policy_snapshots p WHERE p.id = i.snapshot_id AND jsonb_path_exists(p.body, "
    "'$.levels[*].targets[*] ? (@.kind == \"user\" && @.id == $id)', jsonb_build_object('id', CAST(:id AS text))))"
    f" OR {_PENDING} OR {_WALKED})"
    " ORDER BY i.number"
)
_LOCK = text("SELECT id FROM incidents WHERE status <> 'resolved' ORDER BY id FOR NO KEY UPDATE")


def held_by(conn: Connection, user_id: str) -> Sequence[Any]:
    """(id, number, title, status, theirs) of open incidents that a person has, acknowledged, or may yet get."""
    return conn.execute(_HELD, {"id": user_id, "kind": "user"}).all()


def lock_open(conn: Connection) -> None:
    """Let nobody decide anything about an open incident until the transaction ends."""
    conn.execute(_LOCK)


def uses_of_schedule(conn: Connection, id: str) -> Sequence[str]:
    """Why a schedule cannot go: the snapshot of an open incident points at it."""
    return [SCHEDULE] if _named(conn, id, "schedule") else []


def _named(conn: Connection, id: str, kind: str) -> bool:
    """Whether a snapshot that an open incident, or a request on one, still climbs names it."""
    return any(conn.execute(query, {"id": id, "kind": kind}).first() for query in (_NAMED, _MAY_BE_ASKED))


def uses_of_user(conn: Connection, id: str) -> Sequence[str]:
    """Why a person cannot go: an open incident is theirs, or climbs through them."""
    found = [ASSIGNED] if conn.execute(_ASSIGNED, {"id": id}).first() else []
    found += [ASKED] if conn.execute(_IS_ASKED, {"id": id}).first() else []
    return [*found, CLIMBED] if _named(conn, id, "user") else found
