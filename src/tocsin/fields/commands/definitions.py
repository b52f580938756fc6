"""Fields are defined, changed and removed (core:I121, core:I122, core:G-83).

1. Names are unique among all fields of a kind; `name`, `data_type` and `field_type` never change.
2. A default is a value like any other: it must fit, and with a fixed field be one of its options.
3. Removing a field removes its values; a disabled field keeps them, unseen and unchanged.
"""

from typing import Any

from sqlalchemy import Connection, Row, insert

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, note, remove
from tocsin.fields import logic
from tocsin.fields.commands import options as choices
from tocsin.fields.commands.options import Choice
from tocsin.fields.model import MOST_FIELDS, Form
from tocsin.fields.store import finding
from tocsin.fields.store.tables import Kind, custom_field_options, custom_fields
from tocsin.fields.wire import FieldBody

CONSTANT = ("name", "data_type", "field_type")


def subject(row: Any) -> Subject:
    """What an audit record says of a field."""
    return Subject("custom_field", row["id"], row["name"])


def get(conn: Connection, kind: Kind, scopes: tuple[str, ...] | None, id: str, lock: bool = False) -> Row[Any]:
    """A field of these scopes, or `NotFound`."""
    row = finding.field(conn, kind, scopes, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, kind: Kind, scope: str, body: FieldBody, needs_options: bool = False) -> str:
    """Define a field; the id. `needs_options`: a fixed field is not made without any."""
    wanted = choices.asked(body.field_options or [])
    _check(tx.conn, kind, body, None)
    if finding.counted(tx.conn, kind, scope) >= MOST_FIELDS:
        raise Invalid(f"There may be at most {MOST_FIELDS} fields", code=2019)
    if needs_options and body.field_type.fixed and not wanted:
        raise Invalid(f"field_options is required when field_type is {body.field_type}")
    choices.check(kind, body.field_type, wanted)
    row = {
        "id": ids.thing(), "kind": kind.name, "scope_id": scope, "name": body.name, "data_type": body.data_type.value,
        "field_type": body.field_type.value, "created_at": tx.now, "updated_at": tx.now,
        **_open(body, _default(body, wanted)),
    }  # fmt: skip
    tx.conn.execute(insert(custom_fields).values(row))
    if made := choices.rows(row["id"], wanted, tx.now):
        tx.conn.execute(insert(custom_field_options), made)
    told = {name: value for name, value in row.items() if name not in ("id", "created_at", "updated_at")}
    note(tx, actor, "create", subject(row), None, told | {"options": [one.value for one in wanted]})
    return str(row["id"])


def edit(tx: Tx, actor: Actor, kind: Kind, row: Row[Any], body: FieldBody) -> None:
    """Change a field, and its options where they are given; `row` is locked."""
    if wrong := [f"{name} cannot be changed" for name in CONSTANT if getattr(body, name) != getattr(row, name)]:
        raise Invalid(wrong)
    _check(tx.conn, kind, body, row.id)
    there = finding.options(tx.conn, [row.id])[row.id]
    wanted = choices.present(there) if body.field_options is None else choices.asked(body.field_options)
    if body.field_options is not None:
        choices.check(kind, body.field_type, wanted)
    renamed = choices.put(tx, actor, kind, row, there, wanted)
    if body.default_value == row.default_value:
        body = body.changed(default_value=choices.renamed_in(row.default_value, renamed))
    settings = _open(body, _default(body, wanted))
    if any(getattr(row, name) != value for name, value in settings.items()):
        change(tx, actor, custom_fields, row, settings | {"updated_at": tx.now}, subject(row._mapping))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a field, its options and every value of it; `row` is locked."""
    remove(tx, actor, custom_fields, row, subject(row._mapping))


def _open(body: FieldBody, default: Any) -> dict[str, Any]:
    """The columns that may change."""
    return {
        "display_name": body.display_name, "description": body.description, "enabled": body.enabled,
        "default_value": default,
    }  # fmt: skip


def _check(conn: Connection, kind: Kind, body: FieldBody, own: str | None) -> None:
    c, errors = custom_fields.c, []
    if unfit := logic.unfit(body.data_type, body.field_type):
        errors.append(unfit)
    if own is None and finding.taken(conn, kind, c.name, body.name, own):
        errors.append("Name has already been taken")
    if finding.taken(conn, kind, c.display_name, body.display_name, own):
        errors.append("Display name has already been taken")
    if errors:
        raise Invalid(errors)


def _default(body: FieldBody, wanted: list[Choice]) -> Any:
    form = Form(body.data_type, body.field_type, tuple(one.value for one in wanted))
    found = logic.judged(form, body.default_value)
    if found.wrong:
        raise Invalid(f"default_value {found.wrong}")
    return found.value
