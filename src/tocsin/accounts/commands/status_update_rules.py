"""A person's rules for status updates: where to, without a delay and without an urgency (core:N32)."""

from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.accounts import wire
from tocsin.accounts.commands import users
from tocsin.accounts.store import tables
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove

MOST = 20
_r, _m = tables.status_update_rules.c, tables.contact_methods.c


def _subject(user_id: str, id: str) -> Subject:
    return Subject("status_update_notification_rule", id, None, ("user", user_id))


def of_user(conn: Connection, user_id: str) -> list[Row[Any]]:
    """A user's rules with their contact methods' type, label and address, oldest first."""
    found = (
        select(tables.status_update_rules, _m.type.label("method_type"), _m.label, _m.address)
        .join(tables.contact_methods, _m.id == _r.contact_method_id)
        .where(_r.user_id == user_id)
        .order_by(_r.created_at, _r.id)
    )
    return list(conn.execute(found).all())


def get(conn: Connection, user_id: str, id: str) -> Row[Any]:
    """One of a user's rules, or `NotFound`."""
    found = [row for row in of_user(conn, user_id) if row.id == id]
    if not found:
        raise NotFound()
    return found[0]


def add(tx: Tx, actor: Actor, user_id: str, body: wire.StatusUpdateRuleBody) -> str:
    """Create a rule; the id."""
    users.guard(actor, users.get(tx.conn, user_id, lock=True))
    if len(of_user(tx.conn, user_id)) >= MOST:
        raise Invalid(f"A user may have {MOST} status update notification rules")
    row = {"id": ids.thing(), "user_id": user_id, "created_at": tx.now} | _values(tx.conn, user_id, body)
    create(tx, actor, tables.status_update_rules, row, _subject(user_id, str(row["id"])))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: wire.StatusUpdateRuleBody) -> None:
    """Let a rule use another contact method."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    values = _values(tx.conn, row.user_id, body, but=row.id)
    change(tx, actor, tables.status_update_rules, row, values, _subject(row.user_id, row.id))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Delete a rule."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    remove(tx, actor, tables.status_update_rules, row, _subject(row.user_id, row.id))


def drop_of_method(tx: Tx, actor: Actor, user_id: str, method_id: str) -> None:
    """The rules that use a contact method go with it (core:N15)."""
    for row in of_user(tx.conn, user_id):
        if row.contact_method_id == method_id:
            remove(tx, actor, tables.status_update_rules, row, _subject(user_id, row.id))


def _values(conn: Connection, user_id: str, body: wire.StatusUpdateRuleBody, but: str = "") -> dict[str, str]:
    method = live(conn, tables.contact_methods, body.contact_method.id)
    if method is None or method.user_id != user_id:
        raise Invalid("Contact method Not Found")
    if any(row.contact_method_id == method.id and row.id != but for row in of_user(conn, user_id)):
        raise Invalid("There is a status update notification rule for this contact method already")
    return {"contact_method_id": method.id}
