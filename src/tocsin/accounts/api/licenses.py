"""`/licenses`, `/license_allocations` and a user's licence (core:R7, clients.md 11)."""

from typing import Any

from sqlalchemy import func, select

from tocsin.accounts.commands import users
from tocsin.accounts.licenses import LICENSES, License, license_of
from tocsin.accounts.store import people, tables
from tocsin.accounts.wire import user_ref
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission


def _shown(one: License) -> dict[str, Any]:
    return {
        "id": one.id, "type": "license", "summary": one.name, "self": None, "html_url": None, "name": one.name,
        "description": "", "valid_roles": list(one.roles), "role_group": one.group,
    }  # fmt: skip


def list_licenses(call: Call) -> Page:
    """List the licences and how many people have each; there is no end of any"""
    role = tables.users.c.role
    counted = select(role, func.count()).where(tables.users.c.deleted_at.is_(None)).group_by(role)
    held: dict[str, int] = {}
    for name, count in call.conn.execute(counted):
        held[license_of(name).id] = held.get(license_of(name).id, 0) + count
    free = {"allocations_available": None}
    return all_of([_shown(one) | {"current_value": held.get(one.id, 0)} | free for one in LICENSES.values()])


def list_allocations(call: Call) -> Page:
    """List who has which licence"""
    return offset_page(call, people.find_users(sight=call.sight), lambda rows: [_allocation(row) for row in rows])


def _allocation(row: Any) -> dict[str, Any]:
    license = _shown(license_of(row.role))
    return {"license": license, "user": user_ref(row.id, row.name), "allocated_at": row.created_at}


def get_license(call: Call) -> dict[str, Any]:
    """Get a user's licence"""
    return _shown(license_of(users.get(call.conn, call.id).role))


_READ: dict[str, Any] = {"scope": "licenses.read", "permission": Permission.READ}

TABLE = Table(
    (
        Operation("GET", "/licenses", list_licenses, 200, "licenses", **_READ, sees="all"),
        Operation(
            "GET", "/license_allocations", list_allocations, 200, "license_allocations", **_READ, sees="filtered"
        ),
        Operation("GET", "/users/{id}/license", get_license, 200, "license", **_READ, subject="id"),
    ),
)
