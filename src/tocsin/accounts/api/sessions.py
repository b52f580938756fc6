"""`/users/{id}/sessions` and `/session_configurations` (core:K17).

1. Only sessions of browsers are listed, as the document says: OAuth tokens stand under the delegations.
2. One's own are everybody's to end; another's those of people who manage people, an admin's only admins'.
"""

from typing import Any

from sqlalchemy import Row

from tocsin.accounts.commands import session_limits, sessions, users
from tocsin.core.clock import real_now
from tocsin.core.errors import Invalid, NotFound
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission

BROWSER = "browser"


def _person(call: Call) -> Row[Any]:
    row = users.get(call.conn, call.id)
    users.guard(call.actor, row)
    return row


def _session(call: Call) -> Row[Any]:
    if call.path["type"] != BROWSER:
        raise NotFound("There is no such session")
    return sessions.one(call.conn, _person(call).id, call.path["session_id"], real_now())


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id, "user_id": row.user_id, "created_at": row.created_at, "type": BROWSER,
        "summary": row.user_agent or "An unknown browser",
    }  # fmt: skip


def list_sessions(call: Call) -> list[dict[str, Any]]:
    """List a user's sessions in browsers"""
    return [_shown(row) for row in sessions.listed(call.conn, _person(call).id, real_now())]


def get_session(call: Call) -> dict[str, Any]:
    """Get one of a user's sessions"""
    return _shown(_session(call))


def delete_sessions(call: Call) -> None:
    """End all of a user's sessions"""
    sessions.end_some(call.tx, call.actor, _person(call).id)


def delete_session(call: Call) -> None:
    """End one of a user's sessions"""
    row = _session(call)
    sessions.end_some(call.tx, call.actor, row.user_id, only=row.id)


def _kinds(call: Call, needed: bool) -> list[str]:
    kinds = [kind.strip() for kind in (call.text("type") or "").split(",") if kind.strip()]
    if needed and not kinds:
        raise Invalid("type is required: web, mobile, or both with a comma")
    if unknown := [kind for kind in kinds if kind not in session_limits.KINDS]:
        raise Invalid(f"type must be web or mobile, not {', '.join(unknown)}")
    return list(dict.fromkeys(kinds)) or list(session_limits.KINDS)


def _limits(call: Call, kinds: list[str]) -> list[dict[str, Any]]:
    return [
        {"type": row.type, "absolute_session_ttl": row.absolute_seconds, "idle_session_ttl": row.idle_seconds}
        for row in session_limits.listed(call.conn, kinds)
    ]


def get_configurations(call: Call) -> list[dict[str, Any]]:
    """Get the limits of sessions, by type"""
    return _limits(call, _kinds(call, needed=False))


def put_configurations(call: Call) -> list[dict[str, Any]]:
    """Set the limits of sessions of one or both types; the present sessions of these types end"""
    kinds = _kinds(call, needed=True)
    session_limits.put(call.tx, call.actor, kinds, call.read(session_limits.LimitsBody))
    return _limits(call, kinds)


def delete_configurations(call: Call) -> None:
    """Go back to Tocsin's own limits"""
    session_limits.drop(call.tx, call.actor, _kinds(call, needed=True))


_ALL, _ONE = "/users/{id}/sessions", "/users/{id}/sessions/{type}/{session_id}"
_READ, _WRITE = "users:sessions.read", "users:sessions.write"
_OWN, _SET = Permission.OWN_PROFILE, "session_configurations"

TABLE = Table(
    (
        Operation("GET", _ALL, list_sessions, 200, "user_sessions", _READ, _OWN, "id"),
        Operation("DELETE", _ALL, delete_sessions, 204, None, _WRITE, _OWN, "id", "user"),
        Operation("GET", _ONE, get_session, 200, "user_session", _READ, _OWN, "id"),
        Operation("DELETE", _ONE, delete_session, 204, None, _WRITE, _OWN, "id", "user"),
        Operation("GET", f"/{_SET}", get_configurations, 200, _SET, f"{_SET}.read", Permission.ACCOUNT),
        Operation(
            "PUT", f"/{_SET}", put_configurations, 200, _SET, f"{_SET}.write", Permission.ACCOUNT,
            audit="session_configuration", takes="session_configuration", body=session_limits.LimitsBody,
        ),
        Operation(
            "DELETE", f"/{_SET}", delete_configurations, 204, None, f"{_SET}.write", Permission.ACCOUNT,
            audit="session_configuration",
        ),
    )
)  # fmt: skip
