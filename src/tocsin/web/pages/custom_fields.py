"""Custom fields: those of services, and one field of whatever kind with its options (core:I121, core:I122)."""

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from tocsin.core.errors import Invalid, NotFound
from tocsin.fields.commands import definitions
from tocsin.fields.logic import typed
from tocsin.fields.model import DataType, FieldType, Form
from tocsin.fields.store import finding
from tocsin.fields.store.tables import Kind
from tocsin.fields.wire import FieldBody, present
from tocsin.incidents.store import types
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.services.store.tables import EVERY_SERVICE, FIELDS
from tocsin.web.pages.frame import framed
from tocsin.web.queries import fields
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE, SERVICES = "/app/settings/fields", "/app/settings/service-fields"
TOLD = {"field": "The field is made.", "saved": "Saved.", "removed": "The field is gone."}
NEW = ("name", "display_name", "description", "data_type", "field_type", "options", "default")


def field_body(ask: Ask) -> FieldBody:
    """The new field that a form asks for; its options stand one a line."""
    data, count = ask.field("data_type"), ask.field("field_type")
    if data not in list(DataType) or count not in list(FieldType):
        raise Invalid("Choose what the field holds")
    options = _lines(ask.field("options"))
    default = typed(Form(DataType(data), FieldType(count)), _default(ask, count))
    given = {name: ask.field(name) for name in ("name", "display_name", "description", "data_type", "field_type")}
    return read(FieldBody, {**given, "default_value": default, "field_options": [_option(one) for one in options]})


def _default(ask: Ask, field_type: str) -> list[str]:
    text = ask.field("default").strip()
    return _lines(text) if FieldType(field_type).multi else [text] * bool(text)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _option(value: str, id: str | None = None) -> dict[str, Any]:
    return {"id": id, "data": {"value": value}}


def of_services(ask: Ask) -> Response:
    """All fields of services."""
    return framed(
        ask, "service_fields.html", own=fields.defined(ask.tx.conn, FIELDS, [EVERY_SERVICE]),
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""),
        given={name: ask.field(name)[:5000] for name in NEW}, kinds=(fields.DATA, fields.COUNT),
    )  # fmt: skip


def make(ask: Ask) -> Response:
    """A new field of services."""
    definitions.add(ask.tx, ask.actor, FIELDS, EVERY_SERVICE, field_body(ask))
    return go(f"{SERVICES}?done=field")


def _found(ask: Ask, lock: bool = False) -> tuple[Kind, Row[Any]]:
    found = fields.one(ask.tx.conn, ask.param("id"), lock)
    if found is None:
        raise NotFound("There is no such field")
    return found


def _home(ask: Ask, kind: Kind, row: Row[Any]) -> tuple[str, str]:
    """(path, name) of the page on which the field stands."""
    if kind is FIELDS:
        return SERVICES, "Service fields"
    type = types.found(ask.tx.conn, row.scope_id)
    return f"/app/settings/incident-types/{row.scope_id}", type.display_name if type else "Incident type"


def show(ask: Ask) -> Response:
    """One field."""
    kind, row = _found(ask)
    return framed(
        ask, "custom_field.html", shown=fields.definition(row), field=row, home=_home(ask, kind, row),
        options=finding.options(ask.tx.conn, [row.id])[row.id], default="\n".join(fields.said(row.default_value)),
        fixed=FieldType(row.field_type).fixed, multi=FieldType(row.field_type).multi,
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def edit(ask: Ask) -> Response:
    """Everything that may change of a field, its options too."""
    kind, row = _found(ask, lock=True)
    given = {
        "display_name": ask.field("display_name"), "description": ask.field("description"),
        "enabled": bool(ask.field("enabled")), "default_value": typed(finding.form(row), _default(ask, row.field_type)),
    }  # fmt: skip
    if FieldType(row.field_type).fixed:
        given["field_options"] = _options(ask, row)
    definitions.edit(ask.tx, ask.actor, kind, row, read(FieldBody, given, over=present(row)))
    return go(f"{HERE}/{row.id}?done=saved")


def _options(ask: Ask, row: Row[Any]) -> list[dict[str, Any]]:
    """The options as they stand in the form (an emptied one is gone), then the new ones."""
    there = finding.options(ask.tx.conn, [row.id])[row.id]
    kept = [(ask.field(f"option-{one.id}", one.value).strip(), one.id) for one in there]
    return [_option(value, id) for value, id in kept if value] + [_option(one) for one in _lines(ask.field("options"))]


def remove(ask: Ask) -> Response:
    """A field and all its values go."""
    kind, row = _found(ask, lock=True)
    home, _ = _home(ask, kind, row)
    definitions.drop(ask.tx, ask.actor, row)
    return go(f"{home}?done=removed")


_ONE = HERE + "/{id}"
PAGES = (
    Page("GET", SERVICES, of_services, sees="all"),
    Page("POST", SERVICES, make, again=of_services, needs=Permission.CONFIGURE),
    Page("GET", _ONE, show, sees="all"),
    Page("POST", _ONE, edit, again=show, needs=Permission.CONFIGURE),
    Page("POST", f"{_ONE}/remove", remove, again=show, needs=Permission.CONFIGURE),
)
