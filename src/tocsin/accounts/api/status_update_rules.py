"""`/users/{id}/status_update_notification_rules` (core:N32)."""

from typing import Any

from sqlalchemy import Row

from tocsin.accounts import wire
from tocsin.accounts.commands import status_update_rules as commands
from tocsin.accounts.commands import users
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission

KEY = "status_update_notification_rule_id"


def _row(call: Call) -> Row[Any]:
    return commands.get(call.conn, call.id, call.path[KEY])


def list_rules(call: Call) -> Page:
    """List where a user gets status updates"""
    users.get(call.conn, call.id)
    return all_of([wire.status_update_rule(row) for row in commands.of_user(call.conn, call.id)])


def get_rule(call: Call) -> Thing:
    """Get a status update notification rule"""
    return wire.status_update_rule(_row(call))


def create_rule(call: Call) -> Thing:
    """Add a status update notification rule"""
    id = commands.add(call.tx, call.actor, call.id, call.read(wire.StatusUpdateRuleBody))
    return wire.status_update_rule(commands.get(call.conn, call.id, id))


def update_rule(call: Call) -> Thing:
    """Change a status update notification rule"""
    row = _row(call)
    present = {"contact_method": {"id": row.contact_method_id}}
    commands.edit(call.tx, call.actor, row, call.read(wire.StatusUpdateRuleBody, over=present))
    return get_rule(call)


def delete_rule(call: Call) -> None:
    """Remove a status update notification rule"""
    commands.drop(call.tx, call.actor, _row(call))


_PATH, _ONE = "/users/{id}/status_update_notification_rules", "status_update_notification_rule"
_INCLUDES = {"contact_methods": "contact_method"}

TABLE = Table(
    (
        *resource(
            _PATH, _ONE, f"{_ONE}s", key=KEY, scope="users", permission=Permission.OWN_PROFILE, subject="id",
            audit="user", body=wire.StatusUpdateRuleBody, includes=_INCLUDES, list=list_rules, create=create_rule,
            get=get_rule, delete=delete_rule,
        ),
        Operation(
            "PUT", f"{_PATH}/{{{KEY}}}", update_rule, 200, _ONE, "users.write", Permission.OWN_PROFILE, "id", "user",
            _ONE, wire.StatusUpdateRuleBody,
        ),
    )
)  # fmt: skip
