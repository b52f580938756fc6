"""A person's calendar feed on the wire: its addresses, and a new key for them (core:N1, core:N5).

1. The addresses are shown on one user alone, never in a list: to that person by their own key, to owner and admins who
   ask with `include[]=calendar_urls`; never to a read-only key.
2. A person makes a new key for themselves; owner and admins for anybody.
"""

from typing import Any

from tocsin.accounts.commands import calendar_feeds, users
from tocsin.core.errors import Forbidden
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission, may


def addresses(call: Call, user_id: str) -> dict[str, Any]:
    """The members that tell the addresses, where the caller may know them."""
    own = call.actor.user_id == user_id
    asked = call.wants("calendar_urls") and may(call.actor, Permission.ACCOUNT)
    if call.actor.read_only or not (own or asked):
        return {}
    return calendar_feeds.addresses(call.tx, calendar_feeds.USER, user_id, call.links.base)


def regenerate_key(call: Call) -> dict[str, str]:
    """Make a new key for the addresses of a user's calendar feed; the old ones end"""
    row = users.get(call.conn, call.id, lock=True)
    if call.actor.user_id != row.id and not may(call.actor, Permission.ACCOUNT):
        raise Forbidden("Only admins make a new calendar address for somebody else")
    users.guard(call.actor, row)
    return {"private_url_key": calendar_feeds.rotate(call.tx, call.actor, calendar_feeds.USER, users.subject(row))}


TABLE = Table(
    (
        Operation(
            "POST", "/users/{id}/regenerate_private_url_key", regenerate_key, 200, None, "users.write",
            Permission.OWN_PROFILE, "id", "user",
        ),
    )
)  # fmt: skip
