"""OAuth clients of receivers (core:H3, core:H11): their credentials are tried before they are kept."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.outbound import Outbound
from tocsin.core.recorded import Subject, change, create, live, remove
from tocsin.core.sealing import Sealer
from tocsin.webhooks import tokens
from tocsin.webhooks.commands import receivers
from tocsin.webhooks.commands.subscriptions import subject as subject_of
from tocsin.webhooks.model import Credentials, Token
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import CLIENT_SECRET, TOKEN, oauth_clients, subscriptions
from tocsin.webhooks.wire.bodies import ClientBody

MOST = 10


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """An OAuth client, or `NotFound`."""
    row = live(conn, oauth_clients, id, lock)
    if row is None:
        raise NotFound()
    return row


def present(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    """A stored one as a request would say it, its secret included."""
    secret = tx.sealer.open(CLIENT_SECRET, row.client_secret).decode()
    return {name: getattr(row, name) for name in ("name", "client_id", "scope", "token_url")} | {
        "client_secret": secret
    }


def add(tx: Tx, actor: Actor, body: ClientBody, outbound: Outbound) -> str:
    """Keep an OAuth client whose credentials get a token; its id."""
    stored.one_at_a_time(tx.conn)
    if (tx.conn.scalar(select(func.count()).select_from(oauth_clients)) or 0) >= MOST:
        raise Invalid(f"The account has {MOST} OAuth clients already; remove one first")
    row = _tried(tx, body, outbound) | {"id": ids.ordered(tx.now), "created_at": tx.now}
    create(tx, actor, oauth_clients, row, Subject("oauth_client", row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: ClientBody, outbound: Outbound) -> None:
    """Change it, if what it becomes gets a token."""
    values = _tried(tx, body, outbound)
    if tx.sealer.open(CLIENT_SECRET, row.client_secret).decode() == body.client_secret:
        del values["client_secret"]
    change(tx, actor, oauth_clients, row, values, Subject("oauth_client", row.id, row.name))


def _tried(tx: Tx, body: ClientBody, outbound: Outbound) -> dict[str, Any]:
    receivers.check_url(outbound, body.token_url)
    try:
        token = tokens.fetch(outbound, Credentials("", body.client_id, body.client_secret, body.token_url, body.scope))
    except tokens.NoToken as error:
        raise Invalid(f"The credentials got no access token: {error}") from None
    return {
        "name": body.name, "client_id": body.client_id, "scope": body.scope, "token_url": body.token_url,
        "client_secret": tx.sealer.seal(CLIENT_SECRET, body.client_secret.encode()), "status": "active",
        **kept(tx.sealer, token),
    }  # fmt: skip


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove it; subscriptions that used it are delivered without a token from now on."""
    using = tx.conn.execute(select(subscriptions).where(subscriptions.c.oauth_client_id == row.id).with_for_update())
    for one in using.all():
        change(tx, actor, subscriptions, one, {"oauth_client_id": None}, subject_of(one))
    remove(tx, actor, oauth_clients, row, Subject("oauth_client", row.id, row.name))


def kept(sealer: Sealer, token: Token) -> dict[str, Any]:
    """The columns that keep a token."""
    until = real_now() + timedelta(seconds=token.seconds)
    return {"token": sealer.seal(TOKEN, token.value.encode()), "token_until": until}


def credentials(sealer: Sealer, row: Row[Any]) -> Credentials:
    """What gets a token, with the token that is kept, if it still counts."""
    counts = row.token is not None and row.token_until > real_now()
    return Credentials(
        row.id, row.client_id, sealer.open(CLIENT_SECRET, row.client_secret).decode(), row.token_url, row.scope,
        sealer.open(TOKEN, row.token).decode() if counts else None,
    )  # fmt: skip


def keep(tx: Tx, client_id: str, token: Token | None) -> None:
    """Keep a token that was just got; None: its credentials are refused now."""
    values = kept(tx.sealer, token) | {"status": "active"} if token else {"status": "error", "token": None}
    tx.conn.execute(update(oauth_clients).where(oauth_clients.c.id == client_id).values(values))
