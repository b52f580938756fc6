"""`/maintenance_windows` (core:W1-W5)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts.acting import optional
from tocsin.accounts.store.tables import users
from tocsin.accounts.wire import user_ref
from tocsin.core.recorded import by_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services import commands_windows as commands
from tocsin.services import wire_windows as wire
from tocsin.services.store import windows
from tocsin.services.store.tables import maintenance_windows

FILTERS = ("past", "future", "ongoing", "open", "all")


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    """The windows; services that the caller does not see are left out of them."""
    seen = windows.services_of(call.conn, {id for row in rows for id in row.service_ids}, call.sight)
    people = by_id(call.conn, users, {row.created_by for row in rows if row.created_by})

    def show(row: Row[Any]) -> Thing:
        by = people.get(row.created_by)
        own = [seen[id] for id in row.service_ids if id in seen]
        return wire.window(row, own, user_ref(by.id, by.name, gone=by.deleted_at is not None) if by else None)

    return [show(row) for row in rows]


def list_windows(call: Call) -> Page:
    """List maintenance windows, the earliest first; `filter` is past, future, ongoing, open or all"""
    given = windows.state(call.one_of("filter", FILTERS, "all"), call.now)
    found = windows.find(given, call.text("query"), call.many("service_ids"), call.many("team_ids"), call.sight)
    order = maintenance_windows.c.start_time, maintenance_windows.c.sequence_number
    return offset_page(call, found.order_by(*order), lambda rows: _show(call, rows))


def get_window(call: Call) -> Thing:
    """Get a maintenance window"""
    return _show(call, [commands.get(call.conn, call.id)])[0]


def create_window(call: Call) -> Thing:  # PagerDuty's Go client sends no From (core:W1 wants one)
    """Put services into maintenance for a while: their alerts are held until it ends"""
    body = call.read(wire.WindowBody)
    call.demand(Permission.CONFIGURE, "service", body.service_ids)
    id = commands.add(call.tx, optional(call), body)
    return _show(call, [commands.get(call.conn, id)])[0]


def update_window(call: Call) -> Thing:
    """Change a maintenance window; one under way keeps its beginning"""
    row = commands.get(call.conn, call.id, lock=True)
    body = call.read(wire.WindowBody, over=wire.present(row))
    call.demand(Permission.CONFIGURE, "service", [*row.service_ids, *body.service_ids])
    commands.edit(call.tx, call.actor, row, body)
    return get_window(call)


def delete_window(call: Call) -> None:
    """Call off a maintenance window that is to come, or end one that is under way"""
    row = commands.get(call.conn, call.id, lock=True)
    call.demand(Permission.CONFIGURE, "service", row.service_ids)
    commands.drop(call.tx, call.actor, row)


TABLE = Table(
    resource(
        "/maintenance_windows", "maintenance_window", "maintenance_windows", scope="services", body=wire.WindowBody,
        includes={"teams": "teams", "services": "services", "users": "created_by"}, in_body=True, sees="filtered",
        list=list_windows, create=create_window, get=get_window, update=update_window, delete=delete_window,
    )
)  # fmt: skip
