"""Audit records: of the whole account, and of one thing (core:A1-A3). For the owner and admins only."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, Select, select

from tocsin.core.actor import ActorKind
from tocsin.core.audit import audit_records
from tocsin.core.errors import Invalid
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, cursor_page
from tocsin.rest.permissions import Permission

DEFAULT_SPAN, LONGEST_SPAN = timedelta(hours=24), timedelta(days=31)
EARLIEST = datetime.min.replace(tzinfo=UTC)
_METHODS = {"browser", "oauth", "api_token", "identity_provider"}
_FILTERS = {
    "actor_id": audit_records.c.actor_id,
    "method_type": audit_records.c.method,
    "method_truncated_token": audit_records.c.key_tail,
}
_TEXT = (str, type(None))


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
    for name, column in _FILTERS.items():
        if value := call.text(name):
            found = found.where(column == value)
    if call.text("actor_id") and not call.text("actor_type"):
        raise Invalid("actor_id needs actor_type")
    if call.text("method_truncated_token") and not call.text("method_type"):
        raise Invalid("method_truncated_token needs method_type")
    if actions := call.many("actions"):
        found = found.where(record.action.in_(actions))
    if roots := call.many("root_resource_types"):
        found = found.where(record.root_type.in_([name.removesuffix("_reference") for name in roots]))
    if kind := call.text("actor_type"):
        found = found.where(record.actor_kind == _kind(kind))
    return found


def _kind(actor_type: str) -> str:
    name = actor_type.removesuffix("_reference")
    return ActorKind.ACCOUNT_KEY.value if name == "api_key" else name


def _page(call: Call, found: Select[Any]) -> Page:
    record = audit_records.c
    page = cursor_page(call, found, record.at, record.id, lambda rows: [_shown(row) for row in rows])
    return Page(page.items, page.around | {"response_metadata": None})


def _shown(row: Row[Any]) -> dict[str, Any]:
    method = row.method if row.method in _METHODS else "other"
    return {
        "id": row.id,
        "self": None,
        "execution_time": row.at,
        "execution_context": {"request_id": row.request_id, "remote_address": row.address},
        "actors": [_actor(row)] if row.actor_id else [],
        "method": {"type": method, "description": None, "truncated_token": row.key_tail},
        "root_resource": Ref(row.root_type, row.root_id, _root_name(row)),
        "action": row.action,
        "details": {
            "resource": Ref(row.resource_type, row.resource_id, row.resource_name, _path(row)),
            "fields": _fields(row.before or {}, row.after or {}),
            "references": [],
        },
    }


def _actor(row: Row[Any]) -> Ref:
    kind = "api_key" if row.actor_kind == ActorKind.ACCOUNT_KEY else row.actor_kind
    return Ref(kind, row.actor_id, row.actor_name, None if kind == "user" else f"/{kind}s/{row.actor_id}")


def _root_name(row: Row[Any]) -> str | None:
    return row.resource_name if row.root_id == row.resource_id else None


def _path(row: Row[Any]) -> str | None:
    if row.root_id == row.resource_id:
        return None
    collection = row.resource_type + "s"
    if row.root_type == "user":
        collection = "contact_methods" if collection.endswith("contact_methods") else "notification_rules"
    return f"/{row.root_type}s/{row.root_id}/{collection}/{row.resource_id}"


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    names = dict.fromkeys([*before, *after])
    return [{"name": name, "value": _said(after.get(name)), "before_value": _said(before.get(name))} for name in names]


def _said(value: Any) -> str | None:
    return value if isinstance(value, _TEXT) else msgspec.json.encode(value).decode()


def list_records(call: Call) -> Page:
    """List what was changed in the account, newest first"""
    return _page(call, _found(call))


def records_of(collection: str, type: str) -> Operation:
    """The operation that lists the records of one thing of this type (of deleted ones, too)."""

    def list_records_of(call: Call) -> Page:
        """List what was changed of it, newest first"""
        record = audit_records.c
        return _page(call, _found(call).where(record.root_type == type, record.root_id == call.id))

    path = f"/{collection}/{{id}}/audit/records"
    return Operation("GET", path, list_records_of, 200, "records", "audit_records.read", Permission.ACCOUNT)


TABLE = Table(
    (
        Operation("GET", "/audit/records", list_records, 200, "records", "audit_records.read", Permission.ACCOUNT),
        records_of("users", "user"),
        records_of("teams", "team"),
    )
)
