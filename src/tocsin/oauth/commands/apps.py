"""Registering apps (core:O8), and turning their secrets over.

1. Managers, admins and the owner register apps. An app that acts for the account (client credentials) has no person
   whose role bounds it, so the app keeps the bound itself: `role` is that of who registered it. An app of an admin's
   is changed by admins alone; else a manager could take its secret and rise above himself.
2. A secret is seen once and stored as SHA-256; a new one ends the old one at once.
3. No app registers or changes apps: its tokens would outlive their own limits.
"""

import secrets
import uuid
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.commands.keys import digest
from tocsin.accounts.store import people
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.oauth.commands import granting
from tocsin.oauth.store import tables, tokens
from tocsin.oauth.wire import AppBody

ADMINS = ("owner", "admin")


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live app, or `NotFound`."""
    row = live(conn, tables.oauth_apps, id, lock)
    if row is None:
        raise NotFound()
    return row


def register(tx: Tx, actor: Actor, body: AppBody) -> tuple[str, str | None]:
    """Create an app: its id, and its secret when it keeps one."""
    _by_a_person(actor)
    _is_free(tx.conn, body.name)
    secret = secrets.token_urlsafe(32) if body.confidential else None
    row = body.row() | _secret(tx, secret) | {
        "id": ids.thing(), "client_id": str(uuid.uuid4()), "role": "admin" if actor.role in ADMINS else "user",
        "created_by": actor.user_id, "created_at": tx.now,
    }  # fmt: skip
    create(tx, actor, tables.oauth_apps, row, Subject("app", row["id"], body.name))
    return str(row["id"]), secret


def edit(tx: Tx, actor: Actor, row: Row[Any], body: AppBody) -> None:
    """Change an app. Fewer scopes bind the tokens that are out already; kind and confidentiality stay."""
    _guard(actor, row)
    if body.kind != row.kind:
        raise Invalid("kind cannot be changed: register another app")
    if body.confidential != row.confidential:
        raise Invalid("confidential cannot be changed: register another app")
    _is_free(tx.conn, body.name, but=row.id)
    change(tx, actor, tables.oauth_apps, row, body.row(), Subject("app", row.id, row.name))


def rotate(tx: Tx, actor: Actor, row: Row[Any]) -> str:
    """A new secret; the old one is worth nothing from now on. Tokens that are out stay."""
    _guard(actor, row)
    if not row.confidential:
        raise Invalid("A public app has no secret")
    secret = secrets.token_urlsafe(32)
    change(tx, actor, tables.oauth_apps, row, _secret(tx, secret), Subject("app", row.id, row.name))
    return secret


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove an app; everything that it was allowed ends with it."""
    _guard(actor, row)
    for delegation in tokens.live_of_app(tx.conn, row.id):
        granting.revoke(tx, actor, delegation, row.name, "the app was removed")
    remove(tx, actor, tables.oauth_apps, row, Subject("app", row.id, row.name))


def _secret(tx: Tx, secret: str | None) -> dict[str, Any]:
    if secret is None:
        return {"sha256": None, "secret_tail": None, "secret_made_at": None}
    return {"sha256": digest(secret), "secret_tail": secret[-4:], "secret_made_at": tx.now}


def _guard(actor: Actor, row: Row[Any]) -> None:
    _by_a_person(actor)
    if row.role == "admin" and actor.role not in ADMINS:
        raise Forbidden("An admin registered this app; only admins may change it")


def _by_a_person(actor: Actor) -> None:
    if actor.method == "oauth":
        raise Forbidden("An app cannot register or change apps; use an API key or the page")


def _is_free(conn: Connection, name: str, but: str | None = None) -> None:
    if people.live_named(conn, tables.oauth_apps, name, but):
        raise Invalid("Name has already been taken")
