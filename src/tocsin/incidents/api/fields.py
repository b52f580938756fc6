"""Custom fields of incidents: by type, the older collection of the root's, and an incident's values (core:I122)."""

from tocsin.accounts import acting
from tocsin.fields.api import Collection, Scope
from tocsin.fields.commands import values
from tocsin.incidents.api import shown
from tocsin.incidents.commands import fields as commands
from tocsin.incidents.commands import types
from tocsin.incidents.store import queries
from tocsin.incidents.store import types as type_store
from tocsin.incidents.store.tables import FIELDS
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission

_OLD = "/incidents/custom_fields"


def _of_type(call: Call) -> Scope:
    row = types.get(call.conn, call.path["type_id_or_name"])
    return Scope(row.id, tuple(row.line))


def _of_root(call: Call) -> Scope:
    root = type_store.root(call.conn)
    return Scope(root.id, (root.id,))


BY_TYPE = Collection(
    FIELDS, "/incidents/types/{type_id_or_name}/custom_fields", _of_type, "/incidents/types/{}/custom_fields".format,
    shown=lambda row: {"incident_type": row.scope_id}, needs_options=True,
)  # fmt: skip
OF_ROOT = Collection(FIELDS, _OLD, _of_root, lambda _: _OLD, always_options=True)


def _values(call: Call, id: str) -> Page:
    return all_of(shown.field_values(call.conn, queries.by_ids(call.conn, [id]))[id])


def list_values(call: Call) -> Page:
    """List the values of an incident's custom fields"""
    return _values(call, shown.incident_id(call))


def update_values(call: Call) -> Page:
    """Set values of an incident's custom fields, all or none; null takes one away"""
    actor, id = acting.optional(call), shown.incident_id(call)
    commands.put(call.tx, actor, id, values.items(call.body))
    return _values(call, id)


_VALUES = "/incidents/{id}/custom_fields/values"
_UNPUBLISHED = f"GET {_OLD}/{{field_id}}/field_options/{{field_option_id}}"

TABLE = Table(
    (
        *BY_TYPE.operations(),
        *(operation for operation in OF_ROOT.operations() if operation.key != _UNPUBLISHED),
        Operation("GET", _VALUES, list_values, 200, "custom_fields", "incidents.read", Permission.READ),
        Operation(
            "PUT", _VALUES, update_values, 201, "custom_fields", "incidents.write", Permission.RESPOND,
            audit="incident", takes="custom_fields",
        ),
    )
)  # fmt: skip
