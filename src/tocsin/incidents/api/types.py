"""`/incidents/types`: the tree of incident types (core:I120)."""

from typing import Any

from tocsin.incidents.commands import types as commands
from tocsin.incidents.store import types as store
from tocsin.incidents.store.tables import incident_types
from tocsin.incidents.wire import types as wire
from tocsin.rest.call import Call
from tocsin.rest.operations import Table, resource
from tocsin.rest.paging import Page, all_of


def list_types(call: Call) -> Page:
    """List incident types: the enabled ones, the disabled ones, or all"""
    wanted, found = call.one_of("filter", ("enabled", "disabled", "all"), "enabled"), store.every()
    if wanted != "all":
        found = found.where(incident_types.c.enabled == (wanted == "enabled"))
    return all_of([wire.incident_type(row) for row in call.conn.execute(found)])


def get_type(call: Call) -> dict[str, Any]:
    """Get an incident type by its id or its name"""
    return wire.incident_type(commands.get(call.conn, call.path["type_id_or_name"]))


def create_type(call: Call) -> dict[str, Any]:
    """Make an incident type below another"""
    id = commands.add(call.tx, call.actor, call.read(wire.NewType))
    return wire.incident_type(commands.get(call.conn, id))


def update_type(call: Call) -> dict[str, Any]:
    """Change an incident type, switch it off or on"""
    row = commands.get(call.conn, call.path["type_id_or_name"], lock=True)
    over = {name: row._mapping[name] for name in ("display_name", "description", "enabled")}
    body = call.read(wire.TypeChange, over=over)
    parent = store.found(call.conn, body.parent_type) if isinstance(body.parent_type, str) else None
    if parent is not None:
        body = body.changed(parent_type=parent.id)
    commands.edit(call.tx, call.actor, row, body)
    return wire.incident_type(commands.get(call.conn, row.id))


TABLE = Table(
    resource(
        "/incidents/types", "incident_type", "incident_types", scope="incident_types", key="type_id_or_name",
        sees="all", body=wire.NewType, list=list_types, create=create_type, get=get_type, update=update_type,
    )
)  # fmt: skip
