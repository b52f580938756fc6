"""Hand-off notification rules of a user (core:N30).

1. Every kind of contact method is taken, for clients set such rules for phones; what cannot be reached by a notice is
   told by mail instead.
2. A change asks, as a timer of the person, for a new look at the schedules that count on them.
"""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.commands import users
from tocsin.accounts.store import handoff_rules as stored
from tocsin.accounts.store import tables
from tocsin.accounts.wire_handoffs import HandoffRuleBody
from tocsin.core import ids, timers
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.core.timers import Timer

LOOK_AT_PERSON = "handoff.person"
MOST = 100


def _subject(user_id: str, id: str) -> Subject:
    return Subject("oncall_handoff_notification_rule", id, None, ("user", user_id))


def get(conn: Connection, user_id: str, id: str) -> Row[Any]:
    """A user's rule, or `NotFound`."""
    for row in stored.of_users(conn, [user_id]):
        if row.id == id:
            return row
    raise NotFound()


def add(tx: Tx, actor: Actor, user_id: str, body: HandoffRuleBody) -> str:
    """Create a rule; the id."""
    users.guard(actor, users.get(tx.conn, user_id, lock=True))
    if len(stored.of_users(tx.conn, [user_id])) >= MOST:
        raise Invalid(f"A user may have {MOST} hand-off notification rules")
    id = ids.thing()
    told = {"id": id, "user_id": user_id, "created_at": tx.now, "since": tx.now}
    create(tx, actor, tables.handoff_rules, told | _columns(tx.conn, user_id, body), _subject(user_id, id))
    _look(tx, user_id)
    return id


def edit(tx: Tx, actor: Actor, row: Row[Any], body: HandoffRuleBody) -> None:
    """Change a rule."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    values = _columns(tx.conn, row.user_id, body)
    if any(row._mapping[name] != value for name, value in values.items()):
        change(tx, actor, tables.handoff_rules, row, values | {"since": tx.now}, _subject(row.user_id, row.id))
        _look(tx, row.user_id)


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Delete a rule."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    remove(tx, actor, tables.handoff_rules, row, _subject(row.user_id, row.id))


def drop_those_of(tx: Tx, actor: Actor, user_id: str, method_id: str) -> None:
    """Delete the rules that use a contact method which goes (core:N15)."""
    for row in stored.of_users(tx.conn, [user_id]):
        if row.contact_method_id == method_id:
            remove(tx, actor, tables.handoff_rules, row, _subject(user_id, row.id))


def _columns(conn: Connection, user_id: str, body: HandoffRuleBody) -> dict[str, Any]:
    method = live(conn, tables.contact_methods, body.contact_method.id)
    if method is None or method.user_id != user_id:
        raise Invalid("Contact method Not Found")
    return {
        "contact_method_id": method.id, "handoff_type": body.handoff_type,
        "notify_advance_in_minutes": body.notify_advance_in_minutes,
        "as_reference": body.contact_method.type.endswith("_reference"),
    }  # fmt: skip


def _look(tx: Tx, user_id: str) -> None:
    timers.put(tx.conn, [Timer(user_id, LOOK_AT_PERSON, tx.now, int(tx.now.timestamp() * 1_000_000))])
