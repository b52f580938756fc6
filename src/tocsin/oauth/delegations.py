"""OAuth delegations (core:O12, ei:OD1): who may act as a person, and ending it.

1. What a person allowed to an app has the type integration; a session in a browser has the type web. There is no
   mobile app, so nothing has the type mobile.
2. Everybody sees and ends what acts as himself; the owner and admins end it for others.
3. Ending is done at once: no request for it is ever pending.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select

from tocsin.accounts.commands.sessions import IDLE
from tocsin.accounts.store import tables as accounts
from tocsin.core.clock import real_now
from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.core.recorded import live
from tocsin.oauth import wire
from tocsin.oauth.commands import ending
from tocsin.oauth.store import tokens
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, cursor_page
from tocsin.rest.permissions import Permission, may

KINDS, ENDABLE = ("web", "mobile", "integration"), ("web", "mobile")
STATES = ("issued", "revoked")


def _named(call: Call, parameter: str, allowed: Sequence[str]) -> list[str]:
    given = [part.strip() for part in (call.text(parameter) or "").split(",") if part.strip()]
    if unknown := [name for name in given if name not in allowed]:
        raise Invalid(f"{parameter} knows no {', '.join(unknown)[:100]}; it is one or more of {', '.join(allowed)}")
    return given


def _found(call: Call) -> Select[Any]:
    if live(call.conn, accounts.users, call.id) is None:
        raise NotFound()
    found = tokens.of_user(call.id, call.now, real_now() - IDLE)
    columns: Any = found.selected_columns
    if kinds := _named(call, "delegation_type", KINDS):
        found = found.where(columns.kind.in_(kinds))
    states = set(_named(call, "status", STATES))
    if len(states) == 1:
        ended = columns.revoked_at.is_not(None)
        found = found.where(ended if states == {"revoked"} else ~ended)
    return found


def _show(call: Call, row: Row[Any]) -> dict[str, Any]:
    status = "revoked" if row.revoked_at else "issued"
    return wire.delegation(call, row, status)


def list_delegations(call: Call) -> Page:
    """List what acts as a person: apps that were allowed to, and browsers that are signed in"""
    found = _found(call)
    columns: Any = found.selected_columns
    page = cursor_page(call, found, columns.created_at, columns.id, lambda rows: [_show(call, row) for row in rows])
    return Page(page.items, page.around | {"more": page.around["next_cursor"] is not None})


def get_delegation(call: Call) -> dict[str, Any]:
    """Get one of them"""
    found = _found(call)
    row = call.conn.execute(found.where(found.selected_columns.id == call.path["delegation_id"])).one_or_none()
    if row is None:
        raise NotFound()
    shown = _show(call, row)
    return shown | {"oauth_delegation": shown}  # bare in the document's schema, wrapped in its example


def delete_delegations(call: Call) -> dict[str, str]:
    """Sign a person out of the pages (`type=web`) or of the mobile app (`type=mobile`)"""
    user_id, kinds = call.text("user_id"), _named(call, "type", ENDABLE)
    missing = [name for name, given in (("user_id", user_id), ("type", kinds)) if not given]
    if missing:
        raise Invalid([f"{name} is required" for name in missing])
    if user_id != call.actor.user_id and not may(call.actor, Permission.ACCOUNT):
        raise Forbidden("Only the owner and admins may sign somebody else out")
    user = live(call.conn, accounts.users, str(user_id))
    if user is None:
        raise Invalid("user_id names no user of this account")
    if "web" in kinds:
        ending.sign_out(call.tx, call.actor, user)
    return {"status": "ok"}


def requests_status(call: Call) -> dict[str, Any]:
    """How many requests for revocation are pending: none, ever"""
    until = call.instant("requested_at_end") or call.now
    return {"requested_at_end": until, "pending_requests": 0, "status": "ok"}


_OF_USER = "/users/{id}/oauth_delegations"
_PENDING = "/oauth_delegations/revocation_requests/status"
_READ, _WRITE = "oauth_delegations.read", "oauth_delegations.write"

TABLE = Table(
    (
        Operation("GET", _OF_USER, list_delegations, 200, "oauth_delegations", _READ, Permission.OWN_PROFILE, "id"),
        Operation(
            "GET", f"{_OF_USER}/{{delegation_id}}", get_delegation, 200, None, _READ,
            Permission.OWN_PROFILE, "id",
        ),
        Operation(
            "DELETE", "/oauth_delegations", delete_delegations, 200, None, _WRITE, Permission.READ, audit="session",
            sees="all",
        ),
        Operation("GET", _PENDING, requests_status, 200, None, _READ, Permission.ACCOUNT),
    )
)  # fmt: skip
