"""`/tocsin/apps`: the apps of other people, registered here (core:O8)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts.store import tables as accounts
from tocsin.core.recorded import by_id
from tocsin.oauth import wire
from tocsin.oauth.commands import apps
from tocsin.oauth.store import apps as stored
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

#: Not among the published scopes, so no scoped token has it.
SCOPE = "tocsin.apps"


def _show(call: Call, rows: Sequence[Row[Any]], secret: str | None = None) -> list[Thing]:
    people = by_id(call.conn, accounts.users, {row.created_by for row in rows if row.created_by})
    place = stored.place(call.conn)
    return [wire.app(row, place, people, secret) for row in rows]


def _shown(call: Call, id: str, secret: str | None = None) -> Thing:
    return _show(call, [apps.get(call.conn, id)], secret)[0]


def list_apps(call: Call) -> Page:
    """List registered apps"""
    return offset_page(call, stored.find_apps(), lambda rows: _show(call, rows))


def get_app(call: Call) -> Thing:
    """Get an app"""
    return _shown(call, call.id)


def create_app(call: Call) -> Thing:
    """Register an app; its secret is in this answer alone"""
    return _shown(call, *apps.register(call.tx, call.actor, call.read(wire.AppBody)))


def update_app(call: Call) -> Thing:
    """Change an app"""
    row = apps.get(call.conn, call.id, lock=True)
    given = dict(call.body)
    if "redirect_uris" in given:
        given.setdefault("redirect_urls", given.pop("redirect_uris"))
    apps.edit(call.tx, call.actor, row, wire.changed(row, given))
    return _shown(call, row.id)


def rotate_secret(call: Call) -> Thing:
    """Give an app a new secret; it is in this answer alone"""
    row = apps.get(call.conn, call.id, lock=True)
    return _shown(call, row.id, apps.rotate(call.tx, call.actor, row))


def delete_app(call: Call) -> None:
    """Remove an app and everything it was allowed"""
    apps.drop(call.tx, call.actor, apps.get(call.conn, call.id, lock=True))


_APPS, _APP = "/tocsin/apps", "/tocsin/apps/{id}"
_C = Permission.CONFIGURE

APPS = Table(
    (
        Operation("GET", _APPS, list_apps, 200, "apps", SCOPE, _C),
        Operation("POST", _APPS, create_app, 201, "app", SCOPE, _C, audit="app", takes="app", body=wire.AppBody),
        Operation("GET", _APP, get_app, 200, "app", SCOPE, _C),
        Operation("PUT", _APP, update_app, 200, "app", SCOPE, _C, audit="app", takes="app", body=wire.AppBody),
        Operation("POST", f"{_APP}/rotate_secret", rotate_secret, 200, "app", SCOPE, _C, audit="app"),
        Operation("DELETE", _APP, delete_app, 204, None, SCOPE, _C, audit="app"),
    )
)  # fmt: skip
