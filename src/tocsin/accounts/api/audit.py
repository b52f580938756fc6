"""Audit records: of the whole account, and of one thing (core:A1-A3). For the owner and admins only.

1. `since` to `until` are the last 24 hours unless said, and at most 31 days.
2. A thing's records are its own, those of what belongs to it, and those of its links; of a deleted one, too.
3. Types are read in singular and plural, with and without `_reference`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select

from tocsin.core import audit
from tocsin.core.actor import ActorKind
from tocsin.core.audit import audit_records
from tocsin.core.errors import Invalid
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, plural
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, cursor_page
from tocsin.rest.permissions import Permission

DEFAULT_SPAN, LONGEST_SPAN = timedelta(hours=24), timedelta(days=31)
EARLIEST = datetime.min.replace(tzinfo=UTC)
ACTIONS = ("create", "update", "delete")
METHODS = ("browser", "oauth", "api_token", "identity_provider", "other")
_KINDS = {kind.value: kind.value for kind in ActorKind} | {"api_key": ActorKind.ACCOUNT_KEY.value}
_FILTERS = {
    "actor_id": audit_records.c.actor_id,
    "method_type": audit_records.c.method,
    "method_truncated_token": audit_records.c.key_tail,
}
#: (type of the root, end of the resource's type) -> its collection below the root; what is not here has no address
_BELOW = {
    ("user", "_contact_method"): "contact_methods",
    ("user", "_notification_rule"): "notification_rules",
    ("user", "oauth_delegation"): "oauth_delegations",
    ("service", "_inbound_integration"): "integrations",
    ("schedule", "override"): "overrides",
}
_APART = {"app": "/tocsin/apps"}
_TEXT = (str, type(None))
Names = Mapping[tuple[str, str], str]


def _span(call: Call) -> tuple[datetime, datetime]:
    until = call.instant("until") or call.now
    since = call.instant("since") or max(until, EARLIEST + DEFAULT_SPAN) - DEFAULT_SPAN
    if since > until:
        raise Invalid("since must be before until", code=2005)
    if until - since > LONGEST_SPAN:
        raise Invalid("since and until may be at most 31 days apart", code=2005)
    return since, until


def _found(call: Call) -> Select[Any]:
    since, until = _span(call)
    record = audit_records.c
    found = select(audit_records).where(record.at >= since, record.at <= until)
    if call.text("actor_id") and not call.text("actor_type"):
        raise Invalid("actor_id needs actor_type")
    if call.text("method_truncated_token") and not call.text("method_type"):
        raise Invalid("method_truncated_token needs method_type")
    if call.text("method_type"):
        call.one_of("method_type", METHODS, "other")
    for name, column in _FILTERS.items():
        if value := call.text(name):
            found = found.where(column == value)
    if actions := call.many("actions"):
        found = found.where(record.action.in_(_of(actions, ACTIONS, "actions[]")))
    if roots := call.many("root_resource_types"):
        found = found.where(record.root_type.in_([_singular(name) for name in roots]))
    if kind := call.text("actor_type"):
        found = found.where(record.actor_kind == _kind(kind))
    return found


def _of(given: Sequence[str], allowed: Sequence[str], name: str) -> Sequence[str]:
    if set(given) - set(allowed):
        raise Invalid(f"{name} must be one of {', '.join(allowed)}")
    return given


def _singular(name: str) -> str:
    name = name.removesuffix("_reference")
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("s")


def _kind(actor_type: str) -> str:
    name = _singular(actor_type)
    if name not in _KINDS:
        raise Invalid("actor_type must be one of user_reference, api_key_reference, app_reference")
    return _KINDS[name]


def _page(call: Call, found: Select[Any]) -> Page:
    record = audit_records.c
    page = cursor_page(call, found, record.at, record.id, lambda rows: _show(call, rows))
    return Page(page.items, page.around | {"response_metadata": None})


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    named = {(type, id) for row in rows for _, type, id in _linked(row)}
    names = audit.names(call.conn, named | {(row.root_type, row.root_id) for row in rows})
    return [_shown(row, names) for row in rows]


def _linked(row: Row[Any]) -> list[tuple[str, str, str]]:
    return [*audit.links(row.before), *audit.links(row.after)]


def _shown(row: Row[Any], names: Names) -> dict[str, Any]:
    method = row.method if row.method in METHODS else "other"
    return {
        "id": row.id,
        "self": None,
        "execution_time": row.at,
        "execution_context": {"request_id": row.request_id, "remote_address": row.address},
        "actors": [_actor(row)] if row.actor_id else [],
        "method": {"type": method, "description": None, "truncated_token": row.key_tail},
        "root_resource": _ref(row.root_type, row.root_id, names, path=_APART.get(row.root_type)),
        "action": row.action,
        "details": {
            "resource": _resource(row, names),
            "fields": _fields(row.before or {}, row.after or {}),
            "references": _references(row, names),
        },
    }


def _actor(row: Row[Any]) -> Ref:
    if row.actor_kind == ActorKind.ACCOUNT_KEY:
        return Ref("api_key", row.actor_id, row.actor_name, f"/api_keys/{row.actor_id}")
    path = f"{_APART['app']}/{row.actor_id}" if row.actor_kind == ActorKind.APP else None
    return Ref(row.actor_kind, row.actor_id, row.actor_name, path)


def _ref(type: str, id: str, names: Names, path: str | None = None) -> Ref:
    return Ref(type, id, names.get((type, id)), f"{path}/{id}" if path else None)


def _resource(row: Row[Any], names: Names) -> Ref:
    """What was changed; what is gone or has no address of its own is a reference without one (core:K7)."""
    name = row.resource_name or names.get((row.resource_type, row.resource_id))
    if (row.root_type, row.root_id) == (row.resource_type, row.resource_id):
        path = f"{_APART[row.root_type]}/{row.root_id}" if row.root_type in _APART else None
        return Ref(row.resource_type, row.resource_id, name, path, gone=row.action == "delete")
    ends = [(end, many) for (root, end), many in _BELOW.items() if root == row.root_type]
    below = next((many for end, many in ends if row.resource_type.endswith(end)), None)
    path = f"/{plural(row.root_type)}/{row.root_id}/{below}/{row.resource_id}"
    return Ref(row.resource_type, row.resource_id, name, path, gone=below is None or row.action == "delete")


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    names = dict.fromkeys([*before, *after])
    return [{"name": name, "value": _said(after.get(name)), "before_value": _said(before.get(name))} for name in names]


def _references(row: Row[Any], names: Names) -> Sequence[dict[str, Any]]:
    """What the change linked and unlinked, by the name of the link; what stayed linked is left out."""
    before, after = list(audit.links(row.before)), list(audit.links(row.after))
    found: dict[str, dict[str, Any]] = {}
    for way, ours, others in (("added", after, before), ("removed", before, after)):
        for name, type, id in ours:
            if (name, type, id) not in others and (type, id) != (row.root_type, row.root_id):
                link = found.setdefault(name, {"name": name, "added": [], "removed": []})
                link[way].append(_ref(type, id, names, _APART.get(type)))
    return list(found.values())


def _said(value: Any) -> str | None:
    return value if isinstance(value, _TEXT) else msgspec.json.encode(value).decode()


def list_records(call: Call) -> Page:
    """List what was changed in the account, newest first"""
    return _page(call, _found(call))


def records_of(collection: str, type: str) -> Operation:
    """The operation that lists the records of one thing of this type (of deleted ones, too)."""

    def list_records_of(call: Call) -> Page:
        """List what was changed of it, newest first"""
        return _page(call, _found(call).where(audit.about(type, call.id)))

    path = f"/{collection}/{{id}}/audit/records"
    return Operation("GET", path, list_records_of, 200, "records", "audit_records.read", Permission.ACCOUNT)


TABLE = Table(
    (
        Operation("GET", "/audit/records", list_records, 200, "records", "audit_records.read", Permission.ACCOUNT),
        records_of("users", "user"),
        records_of("teams", "team"),
    )
)
