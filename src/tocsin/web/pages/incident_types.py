"""Incident types: their tree, one type, and the fields that its incidents have (core:I120, core:I121)."""

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from tocsin.fields.commands import definitions
from tocsin.incidents.commands import types
from tocsin.incidents.store.tables import FIELDS
from tocsin.incidents.wire.types import NewType, TypeChange
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.web.pages.custom_fields import NEW, field_body
from tocsin.web.pages.frame import framed
from tocsin.web.queries import fields
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/settings/incident-types"
TOLD = {"made": "The type is made.", "saved": "Saved.", "field": "The field is made.", "removed": "The field is gone."}
NAMES = ("name", "display_name", "parent_type", "description")


def every(ask: Ask) -> Response:
    """All types as a tree."""
    tree = fields.tree(ask.tx.conn)
    return framed(
        ask, "incident_types.html", tree=tree, parents=[row for depth, row in tree if depth < types.DEEPEST - 1],
        may_change=may(ask.actor, Permission.CONFIGURE), given={name: ask.field(name)[:1100] for name in NAMES},
    )  # fmt: skip


def make(ask: Ask) -> Response:
    """A new type."""
    body = read(NewType, {name: ask.field(name) for name in NAMES})
    return go(f"{HERE}/{types.add(ask.tx, ask.actor, body)}?done=made")


def show(ask: Ask) -> Response:
    """One type."""
    row = types.get(ask.tx.conn, ask.param("id"))
    known = {one.id: one for _, one in fields.tree(ask.tx.conn)}
    return framed(
        ask, "incident_type.html", type=row, above=[known[id] for id in row.line[:-1] if id in known],
        below=[one for one in known.values() if one.parent_id == row.id],
        own=fields.defined(ask.tx.conn, FIELDS, [row.id]), names=known,
        inherited=fields.defined(ask.tx.conn, FIELDS, row.line[:-1]),
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""),
        given={name: ask.field(name)[:5000] for name in NEW}, kinds=(fields.DATA, fields.COUNT),
    )  # fmt: skip


def _locked(ask: Ask) -> Row[Any]:
    return types.get(ask.tx.conn, ask.param("id"), lock=True)


def edit(ask: Ask) -> Response:
    """Another name to show, another description, on or off."""
    row = _locked(ask)
    given = {"display_name": ask.field("display_name"), "description": ask.field("description").strip()}
    root = row.parent_id is None
    types.edit(ask.tx, ask.actor, row, read(TypeChange, {**given, "enabled": root or bool(ask.field("enabled"))}))
    return go(f"{HERE}/{row.id}?done=saved")


def make_field(ask: Ask) -> Response:
    """A new field for the type's incidents."""
    row = types.get(ask.tx.conn, ask.param("id"))
    definitions.add(ask.tx, ask.actor, FIELDS, row.id, field_body(ask), needs_options=True)
    return go(f"{HERE}/{row.id}?done=field")


_ONE = HERE + "/{id}"
PAGES = (
    Page("GET", HERE, every, sees="all"),
    Page("POST", HERE, make, again=every, needs=Permission.CONFIGURE),
    Page("GET", _ONE, show, sees="all"),
    Page("POST", _ONE, edit, again=show, needs=Permission.CONFIGURE),
    Page("POST", f"{_ONE}/fields", make_field, again=show, needs=Permission.CONFIGURE),
)
