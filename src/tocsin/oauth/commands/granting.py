"""Codes, delegations and tokens: what comes into being when somebody allows an app something.

1. A code lives 30 s and is used once. A second use revokes what the first one gave (core:O2, RFC 6749 4.1.2).
2. A refresh token is turned in for a new one. One that comes a second time was stolen, from the app or by it: its
   whole family is revoked.
3. No token outlives its delegation (core:O3).
4. For the account itself (client credentials) an app has one delegation for each set of scopes, renewed when it ends.
"""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert

from tocsin.accounts.commands.keys import digest
from tocsin.core import ids
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Tx
from tocsin.core.recorded import Subject, change, create
from tocsin.oauth.model import CODE_LIFE, LIFETIMES, Kind
from tocsin.oauth.store import tables, tokens


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person allowed on the consent page."""

    user_id: str
    redirect_uri: str
    redirect_given: bool
    scopes: list[str]
    code_challenge: str | None
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Minted:
    """A token in clear, seen this once, and the seconds that it lives."""

    secret: str
    seconds: int


def code(tx: Tx, app: Row[Any], allowed: Allowed) -> str:
    """An authorization code."""
    secret = secrets.token_urlsafe(32)
    row = {
        "sha256": digest(secret), "app_id": app.id, "user_id": allowed.user_id, "redirect_uri": allowed.redirect_uri,
        "redirect_given": allowed.redirect_given, "scopes": allowed.scopes, "nonce": allowed.nonce,
        "code_challenge": allowed.code_challenge, "expires_at": tx.now + CODE_LIFE,
    }  # fmt: skip
    tx.conn.execute(insert(tables.oauth_codes).values(row))
    return secret


def find_code(tx: Tx, app: Row[Any], secret: str) -> Row[Any] | None:
    """The code if it counts; a used one revokes what it gave."""
    row = tokens.code(tx.conn, digest(secret), app.id)
    if row is not None and row.delegation_id is not None:
        _revoke_family(tx, app, row.delegation_id, "its code was used twice")
        return None
    return row if row is not None and tx.now < row.expires_at else None


def find_refresh(tx: Tx, app: Row[Any], secret: str) -> Row[Any] | None:
    """The refresh token if it counts; one that was turned in already revokes its family."""
    sha256 = digest(secret)
    tokens.token(tx.conn, sha256, app.id, hold=True)  # of two that bring it at once, one waits here
    row = tokens.token(tx.conn, sha256, app.id)
    if row is None or row.use != "refresh" or row.revoked_at is not None:
        return None
    if row.rotated_at is not None:
        _revoke_family(tx, app, row.delegation_id, "a refresh token was used twice")
        return None
    return row if tx.now < min(row.expires_at, row.ends_at) else None


def delegate(tx: Tx, app: Row[Any], user: Row[Any] | None, scopes: list[str]) -> str:
    """Note what was allowed; the delegation's id."""
    if user is None:
        lives = LIFETIMES[Kind(app.kind)].access
        present = tokens.live_delegation(tx.conn, app.id, scopes, tx.now + lives)
        if present is not None:
            return str(present.id)
    id = str(uuid.uuid4())
    row = {
        "id": id, "app_id": app.id, "user_id": user.id if user else None, "scopes": scopes, "created_at": tx.now,
        "expires_at": tx.now + LIFETIMES[Kind(app.kind)].window,
    }  # fmt: skip
    root = ("user", user.id) if user else ("app", app.id)
    subject = Subject("oauth_delegation", id, app.name, root)
    create(tx, _who(app, user), tables.oauth_delegations, row, subject)
    return id


def mint(tx: Tx, app: Row[Any], delegation_id: str, scopes: list[str], use: str, region: str) -> Minted:
    """A token of this delegation; `use` is access or refresh."""
    delegation = tokens.delegation(tx.conn, delegation_id)
    assert delegation is not None
    lives = LIFETIMES[Kind(app.kind)]
    ends = min(tx.now + (lives.refresh if use == "refresh" else lives.access), delegation.expires_at)
    secret = ids.oauth_token(region, use)
    row = {
        "id": ids.thing(), "sha256": digest(secret), "tail": secret[-4:], "use": use, "delegation_id": delegation_id,
        "scopes": scopes, "created_at": tx.now, "expires_at": ends,
    }  # fmt: skip
    tokens.add_token(tx.conn, row)
    return Minted(secret, int((ends - tx.now).total_seconds()))


def revoke(tx: Tx, actor: Actor, delegation: Row[Any], app_name: str, why: str) -> None:
    """End a delegation and with it all of its tokens; one that has ended stays as it is."""
    if delegation.revoked_at is None:
        root = ("user", delegation.user_id) if delegation.user_id else ("app", delegation.app_id)
        subject = Subject("oauth_delegation", delegation.id, app_name, root)
        change(tx, actor, tables.oauth_delegations, delegation, {"revoked_at": tx.now, "revoked_why": why}, subject)


def known(tx: Tx, secret: str) -> Row[Any] | None:
    """A token of any app."""
    return tokens.token(tx.conn, digest(secret))


def give_back(tx: Tx, app: Row[Any], token: Row[Any]) -> None:
    """An app gives back a token: an access token ends alone, a refresh token with everything from its delegation."""
    if token.use == "access":
        tokens.drop_token(tx.conn, token.id)
        return
    delegation = tokens.delegation(tx.conn, token.delegation_id)
    if delegation is not None:
        revoke(tx, app_actor(app), delegation, app.name, "the app gave it back")


def _revoke_family(tx: Tx, app: Row[Any], delegation_id: str, why: str) -> None:
    delegation = tokens.delegation(tx.conn, delegation_id)
    if delegation is not None:
        revoke(tx, app_actor(app), delegation, app.name, why)


def app_actor(app: Row[Any]) -> Actor:
    """The app as the doer of what its own requests bring about."""
    return Actor(ActorKind.APP, app.id, app.name, role=app.role, method="oauth")


def _who(app: Row[Any], user: Row[Any] | None) -> Actor:
    if user is None:
        return app_actor(app)
    return Actor(ActorKind.USER, user.id, user.name, role=user.role, method="oauth")
