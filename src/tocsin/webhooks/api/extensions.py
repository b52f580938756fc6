"""`/extension_schemas`, `/extensions`, and the actions that extensions put on incidents (core:X3)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func

from tocsin.core.errors import NotFound
from tocsin.core.outbound import Outbound
from tocsin.incidents.api.shown import incident_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, limit_of, offset_page
from tocsin.rest.permissions import Permission, Standing, may
from tocsin.services.wire import service_ref
from tocsin.webhooks.commands import actions
from tocsin.webhooks.commands import extensions as commands
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.store import queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import extensions
from tocsin.webhooks.wire import shown
from tocsin.webhooks.wire.bodies import ExtensionBody

INCLUDES = {
    "extension_objects": "extension_objects", "extension_schemas": "extension_schema", "temporarily_disabled": "",
}  # fmt: skip


def list_schemas(call: Call) -> Page:
    """List the kinds of extensions"""
    found = list(SCHEMAS.values())
    limit, offset = limit_of(call), call.whole("offset", 0)
    around = {"limit": limit, "offset": offset, "more": len(found) > offset + limit}
    total = len(found) if call.flag("total") else None
    return Page([shown.schema(one) for one in found[offset : offset + limit]], around | {"total": total})


def get_schema(call: Call) -> Thing:
    """Get a kind of extension"""
    if call.id not in SCHEMAS:
        raise NotFound()
    return shown.schema(SCHEMAS[call.id])


def load_schemas(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Kinds of extensions for `include[]`."""
    return {id: shown.schema(SCHEMAS[id]) for id in ids if id in SCHEMAS}


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    off = queues.of(call.conn, [row.id for row in rows])
    named = stored.services_on(call.conn, rows)
    standing = {id: Standing(frozenset({one.team_id} - {None})) for id, one in named.items()}
    seen = {id for id, stands in standing.items() if call.sight.sees(stands)}

    def show(row: Row[Any]) -> Thing:
        on = [service_ref(named[id]) for id in row.service_ids if id in seen]
        whole = all(may(call.actor, Permission.CONFIGURE, standing=standing.get(id)) for id in row.service_ids)
        config = stored.config_of(call.tx.sealer, row)
        return shown.extension(row, on, config, shown.is_off(off.get(row.id), call.now), whole)

    return [show(row) for row in rows]


def _one(call: Call, id: str) -> Thing:
    return _show(call, [commands.get(call.conn, id)])[0]


def _row(call: Call) -> Row[Any]:
    """The extension to be changed: one needs the right on each of its services."""
    row = commands.get(call.conn, call.id, lock=True)
    call.demand(Permission.CONFIGURE, "service", row.service_ids)
    return row


def list_extensions(call: Call) -> Page:
    """List extensions"""
    found = stored.find_extensions(
        call.text("query"), call.text("extension_object_id"), call.text("extension_schema_id"), call.sight
    )
    x = extensions.c
    return offset_page(call, found.order_by(func.lower(x.name), x.id), lambda rows: _show(call, rows))


def get_extension(call: Call) -> Thing:
    """Get an extension"""
    return _one(call, call.id)


def create_extension(call: Call) -> Thing:
    """Put an extension on services"""
    body = call.read(ExtensionBody)
    call.demand(Permission.CONFIGURE, "service", [one.id for one in body.extension_objects])
    return _one(call, commands.add(call.tx, call.actor, body, call.part(Outbound)))


def update_extension(call: Call) -> Thing:
    """Change an extension"""
    row = _row(call)
    body = call.read(ExtensionBody, over=commands.present(call.tx, row))
    call.demand(Permission.CONFIGURE, "service", [one.id for one in body.extension_objects])
    commands.edit(call.tx, call.actor, row, body, call.part(Outbound))
    return _one(call, row.id)


def delete_extension(call: Call) -> None:
    """Remove an extension"""
    commands.drop(call.tx, call.actor, _row(call))


def enable_extension(call: Call) -> Thing:
    """Deliver again after failures switched an extension off"""
    row = _row(call)
    commands.enable(call.tx, call.actor, row)
    return _one(call, row.id)


def list_actions(call: Call) -> Page:
    """List the custom actions that an incident offers"""
    _, offered = actions.of_incident(call.conn, incident_id(call))
    return all_of([Thing("extension", row.id, row.name, {"name": row.name}) for row in offered])


def run_action(call: Call) -> dict[str, Any]:
    """Run a custom action on an incident"""
    id = actions.run(call.tx, call.actor, incident_id(call), call.path["action_id"], call.links)
    return {"id": id, "type": "incident_action_invocation", "state": "created"}


_ACTIONS = "/tocsin/incidents/{id}/actions"
TABLE = Table(
    (
        *resource(
            "/extension_schemas", "extension_schema", "extension_schemas", scope="extension_schemas", sees="all",
            list=list_schemas, get=get_schema,
        ),
        *resource(
            "/extensions", "extension", "extensions", scope="extensions", body=ExtensionBody, includes=INCLUDES,
            in_body=True, sees="filtered", bare=True, list=list_extensions, create=create_extension, get=get_extension,
            update=update_extension, delete=delete_extension,
        ),
        Operation(
            "POST", "/extensions/{id}/enable", enable_extension, 200, "extension", "extensions.write",
            Permission.CONFIGURE, audit="extension",
        ),
        Operation("GET", _ACTIONS, list_actions, 200, "actions", "incidents.read", Permission.READ),
        Operation(
            "POST", f"{_ACTIONS}/{{action_id}}", run_action, 202, "action_invocation", "incidents.write",
            Permission.RESPOND,
        ),
    ),
    {"extension_schema": load_schemas},
)  # fmt: skip
