"""Incident types are made, changed, switched off and on; they never go (core:I120).

1. Three levels at most, the root among them. Neither name nor parent ever changes.
2. A type is enabled only below an enabled one: off goes from below, on from above. The root is always on.
3. Incidents keep the type they have when it is switched off; none is given it any more.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create
from tocsin.incidents.store import types as store
from tocsin.incidents.store.tables import incident_types
from tocsin.incidents.wire.types import NewType, TypeChange

DEEPEST = 3
MOST_TYPES = 500


def subject(row: Any) -> Subject:
    """What an audit record says of a type."""
    return Subject("incident_type", row["id"], row["name"])


def get(conn: Connection, id_or_name: str, lock: bool = False) -> Row[Any]:
    """A type, or `NotFound`."""
    row = store.found(conn, id_or_name, lock)
    if row is None:
        raise NotFound()
    return row


def chosen(conn: Connection, wanted: Iterable[str]) -> dict[str, str]:
    """Ids or names as given -> names of types that an incident may be given; `Invalid` when one may not."""
    asked = list(dict.fromkeys(wanted))
    known = store.by_key(conn, asked)
    if [one for one in asked if one not in known]:
        raise Invalid("Incident type not found")
    if off := [known[one].name for one in asked if not known[one].enabled]:
        raise Invalid([f"Incident type {name} is disabled" for name in off])
    return {one: known[one].name for one in asked}


def add(tx: Tx, actor: Actor, body: NewType) -> str:
    """Make a type below another; the id."""
    parent = store.found(tx.conn, body.parent_type, lock=True)
    errors = _names(tx.conn, body.name, body.display_name)
    if parent is None:
        errors.append(f"Parent type {body.parent_type[:100]} not found")
    elif len(parent.line) >= DEEPEST:
        errors.append(f"Incident types may be {DEEPEST} levels deep: {parent.name} cannot have types below it")
    elif body.enabled and not parent.enabled:
        errors.append(f"The parent type {parent.name} is disabled: enable it first")
    if len(tx.conn.execute(store.every()).all()) >= MOST_TYPES:
        errors.append(f"There may be at most {MOST_TYPES} incident types")
    if errors or parent is None:
        raise Invalid(errors)
    id = ids.thing()
    row = {
        "id": id, "name": body.name, "display_name": body.display_name, "description": body.description,
        "parent_id": parent.id, "line": [*parent.line, id], "enabled": body.enabled, "created_at": tx.now,
        "updated_at": tx.now,
    }  # fmt: skip
    create(tx, actor, incident_types, row, subject(row))
    return id


def _names(conn: Connection, name: str | None, display_name: str, own: str | None = None) -> list[str]:
    c, errors = incident_types.c, []
    if name is not None and (store.taken(conn, c.name, name, own) or store.taken(conn, c.id, name, own)):
        errors.append("Name has already been taken")
    if store.taken(conn, c.display_name, display_name, own):
        errors.append("Display name has already been taken")
    return errors


def edit(tx: Tx, actor: Actor, row: Row[Any], body: TypeChange) -> None:
    """Change a type; `row` is locked."""
    errors = _constant(row, body) + _names(tx.conn, None, body.display_name, row.id)
    if body.enabled != row.enabled:
        errors += _switching(tx.conn, row, body.enabled)
    if errors:
        raise Invalid(errors)
    values = {"display_name": body.display_name, "description": body.description, "enabled": body.enabled}
    if any(getattr(row, name) != value for name, value in values.items()):
        change(tx, actor, incident_types, row, values | {"updated_at": tx.now}, subject(row._mapping))


def _constant(row: Row[Any], body: TypeChange) -> list[str]:
    errors = ["name cannot be changed"] if body.name not in (None, "", row.name) else []
    if body.parent_type in (None, "", row.parent_id):
        return errors
    return [*errors, "parent_type cannot be changed"]


def _switching(conn: Connection, row: Row[Any], on: bool) -> list[str]:
    """Why a type cannot be switched on or off."""
    if on:
        parent = store.found(conn, row.parent_id, lock=True)
        off = parent is not None and not parent.enabled
        return [f"The parent type {parent.name} is disabled: enable it first"] if parent is not None and off else []
    if row.parent_id is None:
        return [f"{row.name} is the root of all types and cannot be disabled"]
    below = store.enabled_below(conn, row.id)
    return [f"Disable the types below it first: {', '.join(below)}"] if below else []
