"""`/users`, `/users/me`, their contact methods and notification rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts import acting, wire
from tocsin.accounts.api import calendars
from tocsin.accounts.commands import contacts, links, users
from tocsin.accounts.store import people, tables
from tocsin.core.errors import Invalid
from tocsin.core.recorded import by_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission

INCLUDES = {
    "contact_methods": "contact_methods", "notification_rules": "notification_rules", "teams": "teams",
    "calendar_urls": "",
}  # fmt: skip
METHOD_TYPES = ("email", "phone", "sms", "whatsapp", "push_notification")


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    return _shown(call, rows, people.around_users(call.conn, [row.id for row in rows]))


def _shown(call: Call, rows: Sequence[Any], around: Mapping[str, Sequence[Any]]) -> list[Thing]:
    methods, rules = _by_user(around["methods"]), _by_user(around["rules"])
    teams = _by_user([row for row in around["teams"] if call.sight.sees_team(row.id)])
    return [wire.user(row, methods[row.id], rules[row.id], teams[row.id]) for row in rows]


def _by_user(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    grouped: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.user_id].append(row)
    return grouped


def _one(call: Call, id: str) -> Thing:
    return _show(call, [users.get(call.conn, id)])[0]


def load_users(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Users for `include[]`."""
    around = people.around_users(call.conn, ids)
    return {thing.id: thing for thing in _shown(call, around["users"], around)}


def load_methods(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Contact methods for `include[]`."""
    return {id: wire.method(row) for id, row in by_id(call.conn, tables.contact_methods, ids).items()}


def load_rules(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Notification rules for `include[]`."""
    owners = {row.user_id for row in by_id(call.conn, tables.notification_rules, ids).values()}
    return {row.id: wire.rule(row) for row in people.rules_of(call.conn, owners)}


def list_users(call: Call) -> Page:
    """List users"""
    found = people.find_users(call.text("query"), call.many("team_ids"), call.sight)
    return offset_page(call, found, lambda rows: _show(call, rows))


def create_user(call: Call) -> Thing:
    """Create a user, who is reachable by e-mail at once; `From` is welcome but not needed (the Terraform provider)"""
    return _one(call, links.add_invited(call.tx, acting.optional(call), call.read(wire.UserBody)))


def get_user(call: Call) -> Thing:
    """Get a user"""
    return _detailed(call, call.id)


def _detailed(call: Call, id: str) -> Thing:
    shown = _one(call, id)
    shown.fields.update(calendars.addresses(call, id))
    return shown


def get_me(call: Call) -> Thing:
    """Get the user whom the key belongs to"""
    if call.actor.user_id is None:
        refusal = Invalid("This operation needs a user's key: an account-level access token belongs to no user")
        # The official client asks `"account-level access token" in error`: true of a text and of an object's member.
        refusal.also["account-level access token"] = "The key belongs to no user"
        raise refusal
    return _detailed(call, call.actor.user_id)


def update_user(call: Call) -> Thing:
    """Change a user"""
    row = users.get(call.conn, call.id, lock=True)
    users.edit(call.tx, call.actor, row, call.read(wire.UserBody, over=dict(row._mapping)))
    return _one(call, call.id)


def delete_user(call: Call) -> None:
    """Remove a user whom nothing uses"""
    users.drop(call.tx, call.actor, users.get(call.conn, call.id, lock=True), call.uses("user"))


def list_methods(call: Call) -> Page:
    """List a user's contact methods"""
    users.get(call.conn, call.id)
    return all_of([wire.method(row) for row in people.methods_of(call.conn, [call.id])])


def get_method(call: Call) -> Thing:
    """Get a contact method"""
    return wire.method(contacts.method(call.conn, call.id, call.path["contact_method_id"]))


def create_method(call: Call) -> Thing:
    """Add a contact method"""
    id = contacts.add_method(call.tx, call.actor, call.id, call.read(wire.MethodBody))
    return wire.method(contacts.method(call.conn, call.id, id))


def update_method(call: Call) -> Thing:
    """Change a contact method"""
    row = contacts.method(call.conn, call.id, call.path["contact_method_id"], lock=True)
    contacts.edit_method(call.tx, call.actor, row, call.read(wire.MethodBody, over=dict(row._mapping)))
    return get_method(call)


def delete_method(call: Call) -> None:
    """Remove a contact method and the notification rules that use it"""
    row = contacts.method(call.conn, call.id, call.path["contact_method_id"], lock=True)
    contacts.drop_method(call.tx, call.actor, row)


def list_rules(call: Call) -> Page:
    """List a user's notification rules: those for high urgency unless `urgency` says low or all"""
    users.get(call.conn, call.id)
    urgency = call.one_of("urgency", ("high", "low", "all"), "high")
    rows = people.rules_of(call.conn, [call.id], None if urgency == "all" else urgency)
    return all_of([wire.rule(row) for row in rows])


def get_rule(call: Call) -> Thing:
    """Get a notification rule"""
    return wire.rule(contacts.rule(call.conn, call.id, call.path["notification_rule_id"]))


def create_rule(call: Call) -> Thing:
    """Add a notification rule"""
    id = contacts.add_rule(call.tx, call.actor, call.id, call.read(wire.RuleBody))
    return wire.rule(contacts.rule(call.conn, call.id, id))


def update_rule(call: Call) -> Thing:
    """Change a notification rule"""
    row = contacts.rule(call.conn, call.id, call.path["notification_rule_id"])
    present = dict(row._mapping) | {"contact_method": {"id": row.contact_method_id}}
    contacts.edit_rule(call.tx, call.actor, row, call.read(wire.RuleBody, over=present))
    return get_rule(call)


def delete_rule(call: Call) -> None:
    """Remove a notification rule"""
    row = contacts.rule(call.conn, call.id, call.path["notification_rule_id"])
    contacts.drop_rule(call.tx, call.actor, row)


_OWN: dict[str, Any] = {"scope": "users:contact_methods", "permission": Permission.OWN_PROFILE, "subject": "id"}

TABLE = Table(
    (
        *resource(
            "/users", "user", "users", scope="users", permission=Permission.MANAGE_PEOPLE, subject="id",
            body=wire.UserBody, includes=INCLUDES, sees="filtered", list=list_users, create=create_user, get=get_user,
            delete=delete_user,
        ),
        Operation(
            "PUT", "/users/{id}", update_user, 200, "user", "users.write", Permission.OWN_PROFILE, "id", "user",
            "user", wire.UserBody,
        ),
        Operation("GET", "/users/me", get_me, 200, "user", None, Permission.OWN_PROFILE, "me", includes=INCLUDES),
        *resource(
            "/users/{id}/contact_methods", "contact_method", "contact_methods", key="contact_method_id",
            body=wire.MethodBody, audit="user", list=list_methods, create=create_method, get=get_method,
            update=update_method, delete=delete_method, **_OWN,
        ),
        *resource(
            "/users/{id}/notification_rules", "notification_rule", "notification_rules", key="notification_rule_id",
            body=wire.RuleBody, audit="user", includes={"contact_methods": "contact_method"}, list=list_rules,
            create=create_rule, get=get_rule, update=update_rule, delete=delete_rule, **_OWN,
        ),
    ),
    {"user": load_users, "assignment_notification_rule": load_rules}
    | {f"{type}_contact_method": load_methods for type in METHOD_TYPES},
)  # fmt: skip
