"""Installed add-ons: what they are called, where they lead, which services show them (core:X2)."""

from starlette.responses import Response

from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.services import commands_addons as commands
from tocsin.services.store import addons
from tocsin.services.wire_addons import AddonBody
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/addons"
TOLD = {"made": "The add-on is installed.", "removed": "The add-on is removed."}
KINDS = {"full_page_addon": "A page of its own", "incident_show_addon": "Beside incidents"}


def every(ask: Ask) -> Response:
    """All add-ons."""
    rows = ask.tx.conn.execute(addons.find(sight=ask.sight).limit(1_000)).all()
    shown = addons.services_of(ask.tx.conn, [row.id for row in rows], ask.sight)
    return framed(
        ask, "addons.html", addons=rows, shown=shown, kinds=KINDS, may_change=may(ask.actor, Permission.CONFIGURE),
        told=TOLD.get(ask.query("done"), ""), given={name: ask.field(name)[:2100] for name in ("type", "name", "src")},
    )  # fmt: skip


def install(ask: Ask) -> Response:
    """A new add-on."""
    given = {name: ask.field(name).strip() for name in ("type", "name", "src")}
    commands.add(ask.tx, ask.actor, read(AddonBody, given))
    return go(f"{HERE}?done=made")


def remove(ask: Ask) -> Response:
    """Remove an add-on."""
    commands.drop(ask.tx, ask.actor, commands.get(ask.tx.conn, ask.param("id"), lock=True))
    return go(f"{HERE}?done=removed")


PAGES = (
    Page("GET", HERE, every, sees="filtered"),
    Page("POST", HERE, install, again=every, needs=Permission.CONFIGURE),
    Page("POST", HERE + "/{id}/remove", remove, again=every, needs=Permission.CONFIGURE),
)
