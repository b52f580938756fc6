"""`/templates`: templates of status updates, their fields, and what they come to (ei:SU2)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select

from tocsin.accounts import acting
from tocsin.accounts.store.people import matching, the_account
from tocsin.accounts.store.tables import users
from tocsin.core.errors import NotFound
from tocsin.core.recorded import by_id
from tocsin.incidents.store import queries
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission
from tocsin.status_pages import wire
from tocsin.status_pages.commands import templates as commands
from tocsin.status_pages.store.tables import templates
from tocsin.status_pages.store.variables import FIELDS


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    people = by_id(call.conn, users, {id for row in rows for id in (row.created_by, row.updated_by) if id})
    account = the_account(call.conn)
    mine = Ref("account", account.id, account.name, gone=True) if account else Ref("account", "", gone=True)
    return [wire.template(row, people, mine) for row in rows]


def list_templates(call: Call) -> Page:
    """List templates, the oldest first"""
    call.one_of("template_type", ("status_update",), "status_update")
    found = select(templates).where(templates.c.deleted_at.is_(None))
    if query := call.text("query"):
        found = found.where(or_(matching(templates.c.name, query), matching(templates.c.description, query)))
    t = templates.c
    order = call.sort({"name": func.lower(t.name), "created_at": t.created_at}, "created_at:asc")
    return offset_page(call, found.order_by(order, templates.c.id), lambda rows: _show(call, rows))


def create_template(call: Call) -> Thing:
    """Create a template"""
    id = commands.add(call.tx, acting.optional(call), call.read(wire.TemplateBody))
    return _show(call, [commands.get(call.conn, id)])[0]


def get_template(call: Call) -> Thing:
    """Get a template"""
    return _show(call, [commands.get(call.conn, call.id)])[0]


def update_template(call: Call) -> Thing:
    """Change a template"""
    row = commands.get(call.conn, call.id, lock=True)
    commands.edit(call.tx, acting.optional(call), row, call.read(wire.TemplateBody, over=dict(row._mapping)))
    return get_template(call)


def delete_template(call: Call) -> None:
    """Remove a template"""
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


def list_fields(call: Call) -> Page:
    """List what templates can say"""
    return all_of([_field(n, field) for n, field in enumerate(FIELDS, 1)])


def _field(order: int, field: Any) -> dict[str, Any]:
    domain = {"order": 1, "summary": "Incident"}
    if field.name.startswith("status_update"):
        domain = {"order": 2, "summary": "Status update"}
    return {
        "summary": field.name, "type": "standard_field", "data_type": field.data_type, "default_value": None,
        "description": field.description, "example": field.example, "keyword": None, "domain": domain,
        "domain_name": domain,
    }  # fmt: skip


def render_template(call: Call) -> dict[str, Any]:
    """Show what a template comes to for an incident"""
    row, given = commands.get(call.conn, call.id), call.read(wire.RenderBody)
    id = queries.ids_of(call.conn, [given.incident_id]).get(given.incident_id)
    call.demand(Permission.READ, "incident", [given.incident_id])
    if id is None:
        raise NotFound(f"Incident {given.incident_id} not found")
    page = call.links.page.replace("{path}", f"incidents/{id}")
    done = commands.render(call.tx, row, id, given.status_update.message or "", page, given.external)
    warnings = [{name: said} for name, said in done.warnings.items()]
    return {"templated_fields": done.fields, "warnings": warnings, "errors": done.errors}


TABLE = Table(
    (
        Operation(
            "GET", "/templates/fields", list_fields, 200, "fields", "templates.read", Permission.READ, sees="all"
        ),
        *resource(
            "/templates", "template", "templates", scope="templates", body=wire.TemplateBody, sees="all",
            list=list_templates, create=create_template, get=get_template, update=update_template,
            delete=delete_template,
        ),
        Operation(
            "POST", "/templates/{id}/render", render_template, 200, None, "templates.read", Permission.READ,
            body=wire.RenderBody, in_body=True, sees="all",
        ),
    )
)  # fmt: skip
