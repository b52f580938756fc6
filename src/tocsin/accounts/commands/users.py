"""Users: made, changed, removed (core:N1-N4, core:R2).

1. A new user gets an e-mail contact method and an immediate e-mail rule for **both** urgencies: nobody is silent.
2. The owner is made by the bootstrap alone; only owner and admins touch admins, and nobody raises himself.
3. Nobody who is still in use is removed: the uses are asked of every later package.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete

from tocsin.accounts.commands import keys
from tocsin.accounts.store import people, tables
from tocsin.accounts.wire import UserBody
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.rest.permissions import Permission, may

Uses = Callable[[Connection, str], Sequence[str]]
_ABOVE = ("owner", "admin")
#: What opens doors for a person and ends with them.
_OF_A_PERSON = (tables.sessions, tables.second_factors, tables.recovery_codes, tables.account_links)


def subject(row: Any) -> Subject:
    """What an audit record says of a user."""
    return Subject("user", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live user, or `NotFound`."""
    row = live(conn, tables.users, id, lock)
    if row is None:
        raise NotFound()
    return row


def guard(actor: Actor, row: Row[Any]) -> None:
    """`Forbidden` when someone below the admins touches an admin or the owner other than himself."""
    if row.role in _ABOVE and actor.role not in _ABOVE and actor.user_id != row.id:
        raise Forbidden("Only the owner and admins may change an admin")


def add(tx: Tx, actor: Actor, body: UserBody) -> str:
    """Create a user with a way to reach him; the id."""
    if body.role == "owner":
        raise Invalid("role owner cannot be given")
    return insert(tx, actor, body)


def insert(tx: Tx, actor: Actor, body: UserBody, password_hash: str | None = None) -> str:
    """The part of `add` that the bootstrap shares."""
    _may_give(actor, body.role)
    _is_free(tx.conn, body.email)
    account = people.the_account(tx.conn)
    row = {
        **body.model_dump(), "id": ids.thing(), "created_at": tx.now, "password_hash": password_hash,
        "time_zone": body.time_zone or (account.time_zone if account else "UTC"),
    }  # fmt: skip
    create(tx, actor, tables.users, row, Subject("user", row["id"], body.name))
    _reachable(tx, actor, row)
    return str(row["id"])


def _reachable(tx: Tx, actor: Actor, user: dict[str, Any]) -> None:
    root = ("user", user["id"])
    method = {
        "id": ids.thing(), "user_id": user["id"], "type": "email", "address": user["email"],
        "label": "Default", "country_code": None, "created_at": tx.now,
    }  # fmt: skip
    create(tx, actor, tables.contact_methods, method, Subject("email_contact_method", method["id"], "Default", root))
    for urgency in ("high", "low"):
        rule = {
            "id": ids.thing(), "user_id": user["id"], "contact_method_id": method["id"],
            "urgency": urgency, "start_delay_in_minutes": 0, "created_at": tx.now,
        }  # fmt: skip
        create(
            tx, actor, tables.notification_rules, rule, Subject("assignment_notification_rule", rule["id"], None, root)
        )


def edit(tx: Tx, actor: Actor, row: Row[Any], body: UserBody) -> None:
    """Change a user (locked before)."""
    guard(actor, row)
    if body.role != row.role:
        _may_give(actor, body.role)
        if "owner" in (row.role, body.role):
            raise Invalid("The owner's role can neither be given nor taken")
    if body.email.lower() != row.email.lower():
        _is_free(tx.conn, body.email)
    values = body.model_dump() | {"time_zone": body.time_zone or row.time_zone}
    change(tx, actor, tables.users, row, values, subject(row))


def drop(tx: Tx, actor: Actor, row: Row[Any], uses: Uses) -> None:
    """Remove a user whom nothing uses: his keys, sessions and memberships end with him."""
    may_drop(actor, row)
    if reasons := uses(tx.conn, row.id):
        raise Invalid(reasons)
    for key in people.keys_of(tx.conn, row.id):
        keys.revoke(tx, actor, key.id)
    for table in _OF_A_PERSON:
        tx.conn.execute(delete(table).where(table.c.user_id == row.id))
    tx.conn.execute(delete(tables.team_members).where(tables.team_members.c.user_id == row.id))
    remove(tx, actor, tables.users, row, subject(row))


def may_drop(actor: Actor, row: Row[Any]) -> None:
    """Whether this user can be removed at all, whatever he is part of (core:N4)."""
    guard(actor, row)
    if row.role == "owner":
        raise Invalid("The owner of the account cannot be deleted")
    if row.id == actor.user_id:
        raise Invalid("You cannot delete yourself")


def set_password(tx: Tx, actor: Actor, row: Row[Any], password_hash: str, keep: str | None = None) -> None:
    """Give a user a new password; every session of his ends, but the one with the id `keep`."""
    guard(actor, row)
    change(tx, actor, tables.users, row, {"password_hash": password_hash}, subject(row))
    mine = delete(tables.sessions).where(tables.sessions.c.user_id == row.id)
    tx.conn.execute(mine.where(tables.sessions.c.id != keep) if keep else mine)


def _may_give(actor: Actor, role: str) -> None:
    if not may(actor, Permission.MANAGE_PEOPLE) or (role in _ABOVE and actor.role not in _ABOVE):
        raise Forbidden(f"You may not give the role {role}")


def _is_free(conn: Connection, email: str) -> None:
    if people.user_by_email(conn, email):
        raise Invalid("Email has already been taken")
