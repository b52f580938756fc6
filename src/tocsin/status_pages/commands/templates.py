"""Templates of status updates (ei:SU2): kept, and rendered for an incident."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx, to_json
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.status_pages.logic import rendering
from tocsin.status_pages.store.tables import templates
from tocsin.status_pages.store.variables import of_incident
from tocsin.status_pages.wire import TemplateBody

MOST_EXTERNAL = 65_536


@dataclass(slots=True)
class Preview:
    """What a template comes to; `warnings` by field."""

    fields: dict[str, str | None] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live template, or `NotFound`."""
    row = live(conn, templates, id, lock)
    if row is None:
        raise NotFound()
    return row


def subject(row: Any) -> Subject:
    """What an audit record says of a template."""
    return Subject("template", row.id, row.name)


def _row(body: TemplateBody) -> dict[str, Any]:
    fields = {name: value or None for name, value in body.templated_fields.model_dump().items()}
    wrong = [rendering.problem(name, source) for name, source in fields.items() if source]
    if any(wrong):
        raise Invalid([one for one in wrong if one])
    return {
        "template_type": body.template_type, "name": body.name, "description": body.description or None,
        "templated_fields": fields,
    }  # fmt: skip


def add(tx: Tx, actor: Actor, body: TemplateBody) -> str:
    """Create a template; the id."""
    by = {"created_by": actor.user_id, "updated_by": actor.user_id, "created_at": tx.now, "updated_at": tx.now}
    row = _row(body) | by | {"id": ids.thing()}
    create(tx, actor, templates, row, Subject("template", row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: TemplateBody) -> None:
    """Change a template; what stays the same leaves no trace."""
    values = _row(body)
    if any(row._mapping[name] != value for name, value in values.items()):
        values |= {"updated_by": actor.user_id, "updated_at": tx.now}
        change(tx, actor, templates, row, values, subject(row))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a template."""
    remove(tx, actor, templates, row, subject(row))


def render(tx: Tx, row: Row[Any], incident_id: str, message: str, page: str, external: Any = None) -> Preview:
    """The template for this incident and message; `page` is the incident's address."""
    if len(to_json(external)) > MOST_EXTERNAL:
        raise Invalid(f"external is too large (maximum is {MOST_EXTERNAL} bytes)")
    data = of_incident(tx.conn, incident_id, page) | {"status_update": {"message": message}, "external": external}
    preview = Preview()
    for name in rendering.FIELDS:
        source = row.templated_fields.get(name)
        if source is None:
            preview.fields[name] = None
            continue
        done = rendering.render(name, source, data)
        preview.fields[name] = done.text
        preview.errors += [done.error] if done.error else []
        if done.warnings:
            preview.warnings[name] = done.warnings
    return preview
