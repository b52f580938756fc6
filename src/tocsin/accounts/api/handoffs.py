"""`/users/{id}/oncall_handoff_notification_rules` (core:N30)."""

from typing import Any

from tocsin.accounts import wire_handoffs as wire
from tocsin.accounts.commands import handoff_rules, users
from tocsin.accounts.store import handoff_rules as stored
from tocsin.rest.call import Call
from tocsin.rest.operations import Table, resource
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission

KEY = "oncall_handoff_notification_rule_id"


def _row(call: Call) -> Any:
    return handoff_rules.get(call.conn, call.id, call.path[KEY])


def list_rules(call: Call) -> Page:
    """List a user's hand-off notification rules"""
    users.get(call.conn, call.id)
    return all_of([wire.handoff_rule(row) for row in stored.of_users(call.conn, [call.id])])


def get_rule(call: Call) -> dict[str, Any]:
    """Get a hand-off notification rule"""
    return wire.handoff_rule(_row(call))


def create_rule(call: Call) -> dict[str, Any]:
    """Add a hand-off notification rule"""
    id = handoff_rules.add(call.tx, call.actor, call.id, call.read(wire.HandoffRuleBody))
    return wire.handoff_rule(handoff_rules.get(call.conn, call.id, id))


def update_rule(call: Call) -> dict[str, Any]:
    """Change a hand-off notification rule"""
    row = _row(call)
    handoff_rules.edit(call.tx, call.actor, row, call.read(wire.HandoffRuleBody, over=wire.present(row, call.body)))
    return get_rule(call)


def delete_rule(call: Call) -> None:
    """Remove a hand-off notification rule"""
    handoff_rules.drop(call.tx, call.actor, _row(call))


TABLE = Table(
    resource(
        "/users/{id}/oncall_handoff_notification_rules", "oncall_handoff_notification_rule",
        "oncall_handoff_notification_rules", key=KEY, scope="users", permission=Permission.OWN_PROFILE, subject="id",
        audit="user", body=wire.HandoffRuleBody, list=list_rules, create=create_rule, get=get_rule,
        update=update_rule, delete=delete_rule,
    ),
)  # fmt: skip
