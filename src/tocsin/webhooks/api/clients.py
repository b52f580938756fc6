"""`/webhook_subscriptions/oauth_clients`: for the owner and admins (core:H3, core:H11).

No scope is published for these operations, so no scoped token reaches them, whoever is behind it.
"""

from typing import Any

from sqlalchemy import select

from tocsin.core.errors import Forbidden
from tocsin.core.outbound import Outbound
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of
from tocsin.rest.permissions import Permission
from tocsin.webhooks.commands import clients as commands
from tocsin.webhooks.store.tables import oauth_clients
from tocsin.webhooks.wire import shown
from tocsin.webhooks.wire.bodies import ClientBody


def _check(call: Call) -> None:
    if call.actor.scopes is not None:
        raise Forbidden("No OAuth scope reaches OAuth clients; use an API key")


def list_clients(call: Call) -> Page:
    """List the OAuth clients of webhooks"""
    _check(call)
    rows = call.conn.execute(select(oauth_clients).order_by(oauth_clients.c.created_at, oauth_clients.c.id))
    return all_of([shown.client(row) for row in rows])


def get_client(call: Call) -> dict[str, Any]:
    """Get an OAuth client of webhooks"""
    _check(call)
    return shown.client(commands.get(call.conn, call.id))


def create_client(call: Call) -> dict[str, Any]:
    """Keep credentials that get a token for webhooks; they are tried first"""
    _check(call)
    id = commands.add(call.tx, call.actor, call.read(ClientBody), call.part(Outbound))
    return shown.client(commands.get(call.conn, id))


def update_client(call: Call) -> dict[str, Any]:
    """Change credentials of webhooks; they are tried first"""
    _check(call)
    row = commands.get(call.conn, call.id, lock=True)
    body = call.read(ClientBody, over=commands.present(call.tx, row))
    commands.edit(call.tx, call.actor, row, body, call.part(Outbound))
    return get_client(call)


def delete_client(call: Call) -> None:
    """Remove an OAuth client; subscriptions go on without it"""
    _check(call)
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


_PATH = "/webhook_subscriptions/oauth_clients"
_ADMIN = Permission.ACCOUNT
_ONE = {"audit": "oauth_client", "takes": "oauth_client", "body": ClientBody}

TABLE = Table((
    Operation("GET", _PATH, list_clients, 200, "oauth_clients", None, _ADMIN),
    Operation("POST", _PATH, create_client, 201, "oauth_client", None, _ADMIN, **_ONE),  # type: ignore[arg-type]
    Operation("GET", f"{_PATH}/{{id}}", get_client, 200, "oauth_client", None, _ADMIN),
    Operation("PUT", f"{_PATH}/{{id}}", update_client, 200, "oauth_client", None, _ADMIN, **_ONE),  # type: ignore[arg-type]
    Operation("DELETE", f"{_PATH}/{{id}}", delete_client, 204, None, None, _ADMIN, audit="oauth_client"),
))  # fmt: skip
