"""`/webhook_subscriptions`, and Tocsin's own: their secrets, their delivery log (core:H1-H3)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.core.errors import Forbidden, Invalid
from tocsin.core.outbound import Outbound
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission
from tocsin.webhooks.commands import subscriptions as commands
from tocsin.webhooks.store import queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import subscriptions
from tocsin.webhooks.wire import shown
from tocsin.webhooks.wire.bodies import Changeable, SubscriptionBody

SCOPES = ("account", "service", "team")


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    off = queues.of(call.conn, [row.id for row in rows])
    clients = stored.clients_of(call.conn, rows)

    def show(row: Row[Any]) -> dict[str, Any]:
        headers, paused = stored.headers_of(call.tx.sealer, row), shown.is_off(off.get(row.id), call.now)
        return shown.subscription(row, headers, paused, clients.get(row.oauth_client_id))

    return [show(row) for row in rows]


def _one(call: Call, id: str) -> dict[str, Any]:
    return _show(call, [commands.get(call.conn, id)])[0]


def _row(call: Call) -> Row[Any]:
    return commands.get(call.conn, call.id, lock=True)


def _demand(call: Call, body: Changeable) -> None:
    """Rights on what is filtered by; the account's events are for those from whom no team is hidden."""
    scope = body.filter.scope
    call.demand(Permission.CONFIGURE, "team" if scope == "account" else scope, [body.filter.scope_id])
    if scope == "account" and not call.sight.everything:
        raise Forbidden("There are teams that you do not see, so you cannot subscribe to the whole account's events")


def list_subscriptions(call: Call) -> Page:
    """List webhook subscriptions"""
    scope, id = call.text("filter_type"), call.text("filter_id")
    if scope is not None and scope not in SCOPES:
        raise Invalid(f"filter_type must be one of {', '.join(SCOPES)}")
    if scope in ("service", "team") and id is None:
        raise Invalid(f"filter_id is required with filter_type {scope}")
    found = stored.find(scope, None if scope == "account" else id, call.sight)
    order = (subscriptions.c.created_at, subscriptions.c.id)
    return offset_page(call, found.order_by(*order), lambda rows: _show(call, rows))


def get_subscription(call: Call) -> dict[str, Any]:
    """Get a webhook subscription"""
    return _one(call, call.id)


def create_subscription(call: Call) -> dict[str, Any]:
    """Subscribe an address to events; the answer alone shows the secret"""
    body = call.read(SubscriptionBody)
    _demand(call, body)
    id, secret = commands.add(call.tx, call.actor, body, call.part(Outbound))
    made = _one(call, id)
    return made | {"delivery_method": made["delivery_method"] | {"secret": secret}}


def update_subscription(call: Call) -> dict[str, Any]:
    """Change a webhook subscription; its delivery method stays"""
    row = _row(call)
    present = {
        "events": row.events, "description": row.description, "active": row.active,
        "filter": {"type": row.scope, "id": row.scope_id},
    }  # fmt: skip
    body = call.read(Changeable, over=present)
    if (body.filter.scope, body.filter.scope_id) != (row.scope, row.scope_id):
        _demand(call, body)
    commands.edit(call.tx, call.actor, row, body)
    return _one(call, call.id)


def delete_subscription(call: Call) -> None:
    """Remove a webhook subscription and its delivery log"""
    commands.drop(call.tx, call.actor, _row(call))


def enable_subscription(call: Call) -> dict[str, Any]:
    """Deliver again after failures switched a subscription off"""
    commands.enable(call.tx, call.actor, _row(call))
    return _one(call, call.id)


def ping_subscription(call: Call) -> None:
    """Send the test event"""
    commands.ping(call.tx, _row(call), call.links)


def list_secrets(call: Call) -> Page:
    """List the signing secrets of a subscription by their ends, newest first"""
    commands.get(call.conn, call.id)
    return all_of([shown.secret(row) for row in stored.secrets_of(call.conn, [call.id]).get(call.id, [])])


def add_secret(call: Call) -> dict[str, Any]:
    """Sign with a further secret; the answer alone shows it"""
    row = _row(call)
    secret = commands.add_secret(call.tx, call.actor, row)
    newest = stored.secrets_of(call.conn, [row.id])[row.id][0]
    return shown.secret(newest) | {"secret": secret}


def retire_secret(call: Call) -> None:
    """Sign with a secret no longer"""
    commands.retire_secret(call.tx, call.actor, _row(call), call.path["secret_id"])


def list_deliveries(call: Call) -> Page:
    """List the deliveries of a subscription, newest first, with what became of them"""
    commands.get(call.conn, call.id)
    return offset_page(call, stored.log_of(call.id), lambda rows: [shown.delivery(row) for row in rows])


def get_delivery(call: Call) -> dict[str, Any]:
    """Get a delivery with its payload"""
    commands.get(call.conn, call.id)
    return shown.delivery(commands.get_delivery(call.conn, call.id, call.path["delivery_id"]), body=True)


def redeliver(call: Call) -> dict[str, Any]:
    """Send a delivery once more, with the same ids"""
    id = commands.redeliver(call.tx, _row(call).id, call.path["delivery_id"])
    return shown.delivery(commands.get_delivery(call.conn, call.id, id))


_READ, _WRITE, _SET = "webhook_subscriptions.read", "webhook_subscriptions.write", Permission.CONFIGURE
_PATH, _OWN = "/webhook_subscriptions", "/tocsin/webhook_subscriptions/{id}"
_REGULAR = resource(
    _PATH, "webhook_subscription", "webhook_subscriptions", scope="webhook_subscriptions", body=SubscriptionBody,
    in_body=True, sees="filtered", list=list_subscriptions, get=get_subscription, delete=delete_subscription,
)  # fmt: skip

TABLE = Table((
    *_REGULAR,
    Operation(
        "POST", _PATH, create_subscription, 200, "webhook_subscription", _WRITE, _SET, audit="webhook_subscription",
        takes="webhook_subscription", body=SubscriptionBody, in_body=True,
    ),
    Operation(
        "PUT", f"{_PATH}/{{id}}", update_subscription, 200, "webhook_subscription", _WRITE, _SET,
        audit="webhook_subscription", takes="webhook_subscription", body=Changeable,
    ),
    Operation(
        "POST", f"{_PATH}/{{id}}/enable", enable_subscription, 200, "webhook_subscription", _WRITE, _SET,
        audit="webhook_subscription",
    ),
    Operation("POST", f"{_PATH}/{{id}}/ping", ping_subscription, 202, None, _WRITE, _SET),
    Operation("GET", f"{_OWN}/secrets", list_secrets, 200, "secrets", _READ, _SET),
    Operation("POST", f"{_OWN}/secrets", add_secret, 201, "secret", _WRITE, _SET, audit="webhook_subscription"),
    Operation(
        "DELETE", f"{_OWN}/secrets/{{secret_id}}", retire_secret, 204, None, _WRITE, _SET, audit="webhook_subscription"
    ),
    Operation("GET", f"{_OWN}/deliveries", list_deliveries, 200, "deliveries", _READ, _SET),
    Operation("GET", f"{_OWN}/deliveries/{{delivery_id}}", get_delivery, 200, "delivery", _READ, _SET),
    Operation("POST", f"{_OWN}/deliveries/{{delivery_id}}/redeliver", redeliver, 202, "delivery", _WRITE, _SET),
))  # fmt: skip
