"""Templates of status updates: the list, one with what it would say (ei:SU2)."""

from starlette.responses import Response

from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.status_pages.commands import templates
from tocsin.status_pages.store.variables import FIELDS
from tocsin.status_pages.wire import TemplateBody
from tocsin.web.pages.frame import framed
from tocsin.web.queries import incidents as incident_queries
from tocsin.web.queries import responders
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/status-templates"
TOLD = {"made": "The template is made.", "saved": "Saved.", "removed": "The template is removed."}
PARTS = ("message", "email_subject", "email_body")


def _body(ask: Ask) -> TemplateBody:
    parts = {name: ask.field(name).replace("\r\n", "\n") or None for name in PARTS}
    given = {"name": ask.field("name"), "description": ask.field("description") or None, "templated_fields": parts}
    return read(TemplateBody, given)


def every(ask: Ask) -> Response:
    """All templates, and a form for a new one."""
    draft = {name: ask.field(name) for name in ("name", "description", *PARTS)}
    return framed(
        ask, "status_templates.html", templates=responders.all_templates(ask.tx.conn), fields=FIELDS, draft=draft,
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def make(ask: Ask) -> Response:
    """A new template."""
    return go(f"{HERE}/{templates.add(ask.tx, ask.actor, _body(ask))}?done=made")


def show(ask: Ask) -> Response:
    """One template, and what it says of the newest incident that one sees."""
    row = templates.get(ask.tx.conn, ask.param("id"))
    draft = {name: row.templated_fields.get(name) or "" for name in PARTS}
    draft |= {"name": row.name, "description": row.description or ""}
    if ask.errors:
        draft = {name: ask.field(name) for name in draft}
    newest, _ = incident_queries.listed(ask.tx.conn, "open", ask.actor.user_id or "", ask.now, 0, ask.sight)
    shown = newest[0].incident if newest else None
    preview = None
    if shown is not None:
        page = f"{ask.asked.base_url}/app/incidents/{shown.id}"
        preview = templates.render(ask.tx, row, shown.id, "We have found the cause and are working on it.", page)
    return framed(
        ask, "status_template.html", row=row, draft=draft, fields=FIELDS, shown=shown, preview=preview,
        may_change=may(ask.actor, Permission.CONFIGURE), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def save(ask: Ask) -> Response:
    """Change it."""
    templates.edit(ask.tx, ask.actor, templates.get(ask.tx.conn, ask.param("id"), lock=True), _body(ask))
    return go(f"{HERE}/{ask.param('id')}?done=saved")


def remove(ask: Ask) -> Response:
    """Take it away."""
    templates.drop(ask.tx, ask.actor, templates.get(ask.tx.conn, ask.param("id"), lock=True))
    return go(f"{HERE}?done=removed")


PAGES = (
    Page("GET", HERE, every, sees="all"),
    Page("POST", HERE, make, again=every, needs=Permission.CONFIGURE),
    Page("GET", f"{HERE}/{{id}}", show, sees="all"),
    Page("POST", f"{HERE}/{{id}}", save, again=show, needs=Permission.CONFIGURE),
    Page("POST", f"{HERE}/{{id}}/remove", remove, again=show, needs=Permission.CONFIGURE),
)
