"""Apps: registering those of other people (managers and above), and taking back what one allowed oneself.

A secret is in the answer to the form that made it and nowhere else, so that answer is a page, not a redirect.
"""

from typing import Any

from starlette.responses import Response

from tocsin.accounts import wire_account
from tocsin.accounts.commands import account
from tocsin.connect.logic import setup_url
from tocsin.core.errors import NotFound
from tocsin.oauth import http, logic, wire
from tocsin.oauth.commands import apps, ending
from tocsin.oauth.model import RESOURCES, Kind, resource_words
from tocsin.oauth.store import apps as stored
from tocsin.oauth.store import tokens
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HOME, MINE = "/app/apps", "/app/allowed-apps"
SAID = {"changed": "Saved.", "gone": "The app and everything it was allowed are gone.", "place": "Saved."}


def every(ask: Ask) -> Response:
    """All registered apps, and how they name this account."""
    listed = ask.tx.conn.execute(stored.find_apps()).all()
    return framed(
        ask, "apps.html", apps=listed, account=_place(ask), may_name=may(ask.actor, Permission.ACCOUNT),
        told=SAID.get(ask.query("done"), ""),
    )  # fmt: skip


def new(ask: Ask) -> Response:
    """The form for another one."""
    return framed(ask, "app_new.html", **_form(ask, None))


def register(ask: Ask) -> Response:
    """Register it; its page, with the secret."""
    id, secret = apps.register(ask.tx, ask.actor, read(wire.AppBody, _given(ask)))
    return _page(ask, id, secret=secret, told="The app is registered.")


def show(ask: Ask) -> Response:
    """One app."""
    return _page(ask, ask.param("id"), told=SAID.get(ask.query("done"), ""))


def change(ask: Ask) -> Response:
    """Change it."""
    row = _app(ask)
    apps.edit(ask.tx, ask.actor, row, wire.changed(row, _given(ask, row.kind)))
    return go(f"{HOME}/{row.id}?done=changed")


def rotate(ask: Ask) -> Response:
    """A new secret."""
    row = _app(ask)
    secret = apps.rotate(ask.tx, ask.actor, row)
    return _page(ask, row.id, secret=secret, told="The old secret is worth nothing any more.")


def remove(ask: Ask) -> Response:
    """Remove it."""
    apps.drop(ask.tx, ask.actor, _app(ask))
    return go(f"{HOME}?done=gone")


def name_account(ask: Ask) -> Response:
    """Set region and subdomain."""
    given = {name: ask.field(name).strip() for name in ("region", "subdomain")}
    body = read(wire_account.AccountBody, given, wire_account.present(account.get(ask.tx.conn)))
    account.edit(ask.tx, ask.actor, body)
    return go(f"{HOME}?done=place")


def mine(ask: Ask) -> Response:
    """What this person allowed to apps."""
    rows = tokens.live_of_user(ask.tx.conn, str(ask.actor.user_id), ask.now)
    shown = [(row, logic.in_words(row.scopes)) for row in rows]
    return framed(
        ask, "allowed_apps.html", shown=shown, may_register=may(ask.actor, Permission.CONFIGURE),
        told="Taken back. The app can do nothing here any more." if ask.query("done") == "back" else "",
    )  # fmt: skip


def take_back(ask: Ask) -> Response:
    """End it."""
    ending.take_back(ask.tx, ask.actor, ask.param("id"))
    return go(f"{MINE}?done=back")


def _app(ask: Ask) -> Any:
    try:
        return apps.get(ask.tx.conn, ask.param("id"), lock=True)
    except NotFound:
        raise NotFound("There is no such app") from None


def _page(ask: Ask, id: str, secret: str | None = None, told: str = "") -> Response:
    row = apps.get(ask.tx.conn, id)
    place = _place(ask)
    response = framed(
        ask, "app.html", app=row, secret=secret, told=told, account=place, base=ask.asked.base_url, paths=http,
        as_account=logic.as_account(place["region"], place["subdomain"]), scoped=row.kind == Kind.SCOPED,
        connect=[setup_url(ask.asked.base_url, row.id, url) for url in row.redirect_uris],
        **_form(ask, row),
    )  # fmt: skip
    response.headers["cache-control"] = "no-store"
    return response


def _place(ask: Ask) -> dict[str, str]:
    return stored.place(ask.tx.conn)


def _given(ask: Ask, kind: str | None = None) -> dict[str, Any]:
    """The form as the body of a registration; a present app's `kind` stays."""
    found = kind or ask.field("kind", Kind.SCOPED)
    classic = {"write": ("read", "write"), "read": ("read",)}.get(ask.field("classic"), ())
    body: dict[str, Any] = {
        "name": ask.field("name"), "description": ask.field("description").strip() or None, "kind": found,
        "scopes": ask.fields("scope") if found == Kind.SCOPED else classic,
        "redirect_urls": ask.field("redirect_urls").split(), "setup_url": ask.field("setup_url").strip() or None,
    }  # fmt: skip
    if kind is None:
        body["confidential"] = found == Kind.SCOPED or not ask.field("public")
    return body


def _form(ask: Ask, row: Any) -> dict[str, Any]:
    """What the fields hold: what was typed when it is shown again, else what is stored."""
    if ask.errors and ask.field("redirect_urls", "-") != "-":
        held = _given(ask, row.kind if row else None)
    elif row is not None:
        held = wire.shown(row)
    else:
        held = {"name": "", "description": "", "kind": Kind.SCOPED, "scopes": (), "redirect_urls": (), "setup_url": ""}
    resources = [(name, resource_words(name), allowed) for name, allowed in RESOURCES.items()]
    return {"held": held, "resources": resources}


_C = Permission.CONFIGURE
PAGES = (
    Page("GET", HOME, every, needs=_C),
    Page("POST", HOME, register, again=new, needs=_C),
    Page("GET", f"{HOME}/new", new, needs=_C),
    Page("POST", f"{HOME}/account", name_account, again=every, needs=Permission.ACCOUNT),
    Page("GET", f"{HOME}/{{id}}", show, needs=_C),
    Page("POST", f"{HOME}/{{id}}", change, again=show, needs=_C),
    Page("POST", f"{HOME}/{{id}}/secret", rotate, again=show, needs=_C),
    Page("POST", f"{HOME}/{{id}}/delete", remove, again=show, needs=_C),
    Page("GET", MINE, mine, needs=None),
    Page("POST", f"{MINE}/{{id}}", take_back, again=mine, needs=None),
)
