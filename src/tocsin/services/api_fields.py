"""`/services/custom_fields`, and a service's values (core:I121, core:I122)."""

from typing import Any

from sqlalchemy import Connection

from tocsin.fields import wire
from tocsin.fields.api import Collection, Scope
from tocsin.fields.commands import values
from tocsin.fields.store import finding
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission
from tocsin.services import commands
from tocsin.services.store.tables import EVERY_SERVICE, FIELDS

_PATH = "/services/custom_fields"
COLLECTION = Collection(FIELDS, _PATH, lambda _: Scope(EVERY_SERVICE, (EVERY_SERVICE,)), lambda _: _PATH)


def shown(conn: Connection, id: str) -> list[dict[str, Any]]:
    """Every field of a service with its value."""
    rows = conn.execute(finding.with_values(FIELDS, [id])).all()
    return [wire.value(row, finding.value_of(FIELDS, row, id)) for row in rows]


def list_values(call: Call) -> Page:
    """List the values of a service's custom fields"""
    return all_of(shown(call.conn, commands.get(call.conn, call.id).id))


def update_values(call: Call) -> Page:
    """Set values of a service's custom fields, all or none; null takes one away"""
    row = commands.get(call.conn, call.id, lock=True)
    commands.set_fields(call.tx, call.actor, row, values.items(call.body))
    return all_of(shown(call.conn, row.id))


_VALUES = "/services/{id}/custom_fields/values"

TABLE = Table(
    (
        *COLLECTION.operations(),
        Operation("GET", _VALUES, list_values, 200, "custom_fields", "services.read", Permission.READ),
        Operation(
            "PUT", _VALUES, update_values, 201, "custom_fields", "services.write", Permission.CONFIGURE,
            audit="service", takes="custom_fields",
        ),
    )
)  # fmt: skip
