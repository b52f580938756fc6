"""`/addons`: pages of others that people want beside ours."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.core.errors import Invalid
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services import commands_addons as commands
from tocsin.services import wire_addons as wire
from tocsin.services.store import addons


def _show(call: Call, rows: Sequence[Row[Any]], reference: bool = False) -> list[Thing]:
    shown = addons.services_of(call.conn, [row.id for row in rows], call.sight)
    return [wire.addon(row, shown.get(row.id, ()), reference) for row in rows]


def list_addons(call: Call) -> Page:
    """List installed add-ons"""
    type = call.text("filter")
    if type is not None and type not in wire.TYPES:
        raise Invalid(f"filter must be one of {', '.join(wire.TYPES)}")
    found = addons.find(type, call.many("service_ids"), call.sight)
    return offset_page(call, found, lambda rows: _show(call, rows, reference=True))


def get_addon(call: Call) -> Thing:
    """Get an add-on"""
    return _show(call, [commands.get(call.conn, call.id)])[0]


def create_addon(call: Call) -> Thing:
    """Install an add-on"""
    body = call.read(wire.AddonBody)
    call.demand(Permission.CONFIGURE, "service", [one.id for one in body.services])
    id = commands.add(call.tx, call.actor, body)
    return _show(call, [commands.get(call.conn, id)], reference=True)[0]


def update_addon(call: Call) -> Thing:
    """Change an add-on"""
    row = commands.get(call.conn, call.id, lock=True)
    present = commands.services_of(call.conn, row.id)
    body = call.read(wire.AddonBody, over=wire.present(row, present))
    if new := {one.id for one in body.services} ^ set(present):
        call.demand(Permission.CONFIGURE, "service", sorted(new))
    commands.edit(call.tx, call.actor, row, body)
    return get_addon(call)


def delete_addon(call: Call) -> None:
    """Remove an add-on"""
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


TABLE = Table(
    resource(
        "/addons", "addon", "addons", scope="addons", body=wire.AddonBody, includes={"services": "services"},
        in_body=True, sees="filtered", list=list_addons, create=create_addon, get=get_addon, update=update_addon,
        delete=delete_addon,
    ),
)  # fmt: skip
