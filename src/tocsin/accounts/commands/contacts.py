"""Contact methods and notification rules of a user (core:N10-N15, core:N20)."""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts import wire
from tocsin.accounts.commands import handoff_rules, status_update_rules, users
from tocsin.accounts.store import people, tables
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove

MOST_METHODS = 10
MOST_OF_TYPE = {"phone": 3, "sms": 3}
MOST_EDITS_A_DAY = 10


def _subject(user_id: str, id: str, type: str, label: str) -> Subject:
    return Subject(f"{type}_contact_method", id, label, ("user", user_id))


def _rule_subject(user_id: str, id: str) -> Subject:
    return Subject("assignment_notification_rule", id, None, ("user", user_id))


def method(conn: Connection, user_id: str, id: str, lock: bool = False) -> Row[Any]:
    """A user's contact method, or `NotFound`."""
    row = live(conn, tables.contact_methods, id, lock)
    if row is None or row.user_id != user_id:
        raise NotFound()
    return row


def add_method(tx: Tx, actor: Actor, user_id: str, body: wire.MethodBody) -> str:
    """Create a contact method; the id."""
    users.guard(actor, users.get(tx.conn, user_id, lock=True))  # the lock makes the counts below true
    _has_room(tx.conn, user_id, body.type)
    row = body.row() | {"id": ids.thing(), "user_id": user_id, "created_at": tx.now}
    _is_unique(tx.conn, row)
    create(tx, actor, tables.contact_methods, row, _subject(user_id, row["id"], body.type, body.label))
    return str(row["id"])


def edit_method(tx: Tx, actor: Actor, row: Row[Any], body: wire.MethodBody) -> None:
    """Change a contact method; its type stays."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    if body.type != row.type:
        raise Invalid("type cannot be changed")
    values = body.row()
    _is_unique(tx.conn, values | {"id": row.id, "user_id": row.user_id})
    if people.method_edits(tx.conn, row.user_id, tx.now) >= MOST_EDITS_A_DAY:
        raise Invalid(f"Contact methods were edited {MOST_EDITS_A_DAY} times in the last 24 hours", code=2017)
    change(tx, actor, tables.contact_methods, row, values, _subject(row.user_id, row.id, row.type, row.label))


def drop_method(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Delete a contact method and the rules that use it (core:N15)."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    for rule in people.rules_of(tx.conn, [row.user_id]):
        if rule.contact_method_id == row.id:
            remove(tx, actor, tables.notification_rules, rule, _rule_subject(row.user_id, rule.id))
    status_update_rules.drop_of_method(tx, actor, row.user_id, row.id)
    handoff_rules.drop_those_of(tx, actor, row.user_id, row.id)
    remove(tx, actor, tables.contact_methods, row, _subject(row.user_id, row.id, row.type, row.label))


def _has_room(conn: Connection, user_id: str, type: str) -> None:
    present = [row.type for row in people.methods_of(conn, [user_id])]
    if len(present) >= MOST_METHODS:
        raise Invalid(f"A user may have {MOST_METHODS} contact methods")
    most = MOST_OF_TYPE.get(type)
    if most and present.count(type) >= most:
        raise Invalid(f"A user may have {most} contact methods of type {type}")


def _is_unique(conn: Connection, row: dict[str, Any]) -> None:
    if people.same_method(conn, row):
        raise Invalid("User Contact method must be unique")


def _is_alone(conn: Connection, row: dict[str, Any]) -> None:
    if people.same_rule(conn, row):  # in the words that the Terraform provider knows it by
        raise Invalid("Channel Start delay must be unique for a given contact method")


def rule(conn: Connection, user_id: str, id: str) -> Row[Any]:
    """A user's notification rule with its method's type, or `NotFound`."""
    found = [row for row in people.rules_of(conn, [user_id]) if row.id == id]
    if not found:
        raise NotFound()
    return found[0]


def add_rule(tx: Tx, actor: Actor, user_id: str, body: wire.RuleBody) -> str:
    """Create a notification rule; the id."""
    users.guard(actor, users.get(tx.conn, user_id, lock=True))
    row = _rule_row(tx.conn, user_id, body) | {"id": ids.thing(), "user_id": user_id, "created_at": tx.now}
    _is_alone(tx.conn, row)
    create(tx, actor, tables.notification_rules, row, _rule_subject(user_id, row["id"]))
    return str(row["id"])


def edit_rule(tx: Tx, actor: Actor, row: Row[Any], body: wire.RuleBody) -> None:
    """Change a notification rule."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    values = _rule_row(tx.conn, row.user_id, body)
    _is_alone(tx.conn, values | {"id": row.id, "user_id": row.user_id})
    change(tx, actor, tables.notification_rules, row, values, _rule_subject(row.user_id, row.id))


def drop_rule(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Delete a notification rule."""
    users.guard(actor, users.get(tx.conn, row.user_id, lock=True))
    remove(tx, actor, tables.notification_rules, row, _rule_subject(row.user_id, row.id))


def _rule_row(conn: Connection, user_id: str, body: wire.RuleBody) -> dict[str, Any]:
    target = live(conn, tables.contact_methods, body.contact_method.id)
    if target is None or target.user_id != user_id:
        raise Invalid("Contact method Not Found")
    return {
        "contact_method_id": target.id, "urgency": body.urgency,
        "start_delay_in_minutes": body.start_delay_in_minutes,
    }  # fmt: skip
