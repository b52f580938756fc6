"""Subscriptions: made, changed, removed, tried, and their secrets turned over (core:H1-H3).

1. At most `MOST` subscriptions of one account, service or team (core:H3).
2. A secret is made by us, and told once. Deliveries are signed with every secret that is there, the newest first; so a
   receiver takes the new one while the old one still counts, and then the old one is retired.
3. Whose events the account's filter brings may be nobody's that its maker cannot see: the caller checks.
"""

import secrets as random
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.outbound import Outbound
from tocsin.core.recorded import Subject, change, create, live, note, remove
from tocsin.rest.objects import Links
from tocsin.webhooks.commands import receivers
from tocsin.webhooks.commands.telling import new_delivery
from tocsin.webhooks.model import PING, SUBSCRIPTION
from tocsin.webhooks.store import queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import HEADERS, SECRET, deliveries, oauth_clients, secrets, subscriptions
from tocsin.webhooks.wire import v3
from tocsin.webhooks.wire.bodies import Changeable, Header, SubscriptionBody
from tocsin.webhooks.wire.told import fitted

MOST = 10
MOST_SECRETS = 5


def subject(row: Any) -> Subject:
    """What an audit record says of a subscription."""
    return Subject(SUBSCRIPTION, row.id, row.description or row.url)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A subscription, or `NotFound`."""
    row = live(conn, subscriptions, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: SubscriptionBody, outbound: Outbound) -> tuple[str, str]:
    """Create a subscription: its id, and its secret."""
    receivers.check_url(outbound, body.delivery_method.url)
    _check(tx.conn, body)
    _check_room(tx.conn, body)
    row = body.row() | {
        "id": ids.thing(), "method_id": ids.thing(), "url": body.delivery_method.url, "created_at": tx.now,
        "headers": _sealed(tx, body.delivery_method.custom_headers), "oauth_client_id": body.wanted_client,
    }  # fmt: skip
    receivers.begin(tx, row["id"], SUBSCRIPTION)
    name = body.description or row["url"]
    create(tx, actor, subscriptions, row, Subject(SUBSCRIPTION, row["id"], name))
    return str(row["id"]), _new_secret(tx, actor, row["id"])


def _sealed(tx: Tx, headers: list[Header]) -> str | None:
    if not headers:
        return None
    return tx.sealer.seal(HEADERS, msgspec.json.encode([(one.name, one.value) for one in headers]))


def edit(tx: Tx, actor: Actor, row: Row[Any], body: Changeable) -> None:
    """Change a subscription; its delivery method stays (core:H2)."""
    _check(tx.conn, body)
    if (body.filter.scope, body.filter.scope_id) != (row.scope, row.scope_id):
        _check_room(tx.conn, body)
    values = body.row() | ({"oauth_client_id": body.wanted_client} if body.names_client else {})
    if row.active and not body.active:
        receivers.silence(tx, row.id)
    change(tx, actor, subscriptions, row, values, subject(row))


def _check(conn: Connection, body: Changeable) -> None:
    errors = []
    scope, id = body.filter.scope, body.filter.scope_id
    if id is not None and live(conn, stored.SCOPES[scope], id) is None:
        errors.append(f"filter.id: {scope.title()} not found")
    if body.wanted_client is not None and live(conn, oauth_clients, body.wanted_client) is None:
        errors.append("oauth_client_id: OAuth client not found")
    if errors:
        raise Invalid(errors)


def _check_room(conn: Connection, body: Changeable) -> None:
    stored.one_at_a_time(conn)
    found = stored.find(body.filter.scope, body.filter.scope_id).subquery()
    if (conn.scalar(select(func.count()).select_from(found)) or 0) >= MOST:
        whose = "The account" if body.filter.scope == "account" else f"This {body.filter.scope}"
        raise Invalid(f"{whose} has {MOST} webhook subscriptions already; remove one first")


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a subscription with everything that waits for it, its log and its secrets."""
    receivers.end(tx, row.id)
    remove(tx, actor, subscriptions, row, subject(row))


def enable(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Deliver again after failures switched it off (core:H2)."""
    note(tx, actor, "update", subject(row), receivers.enable(tx, row.id), {"temporarily_disabled": False})


def ping(tx: Tx, row: Row[Any], links: Links) -> str:
    """Send it the test event, whether or not it is switched on; the delivery's id."""
    queues.lock(tx.conn, [row.id])
    event_id = ids.ordered(tx.now)
    body = fitted(lambda _: v3.ping(event_id, tx.now), links) or ""
    new = new_delivery(tx.now, row.id, "ping", event_id, PING, body)
    queues.put(tx.conn, [new], tx.now)
    return str(new["id"])


def redeliver(tx: Tx, endpoint_id: str, delivery_id: str) -> str:
    """Send a delivery once more, with its ids and its very bytes, after what waits; the new delivery's id."""
    queues.lock(tx.conn, [endpoint_id])
    old = get_delivery(tx.conn, endpoint_id, delivery_id)
    if old.state == "waiting":
        raise Invalid("This delivery has not ended yet: it is tried again by itself")
    if not old.body:
        raise Invalid("There is nothing to send: its payload was too big")
    new = new_delivery(tx.now, endpoint_id, old.subject, old.event_id, old.event_type, old.body, old.webhook_id)
    queues.put(tx.conn, [new], tx.now)
    return str(new["id"])


def get_delivery(conn: Connection, endpoint_id: str, id: str) -> Row[Any]:
    """A delivery of this receiver, or `NotFound`."""
    row = live(conn, deliveries, id)
    if row is None or row.endpoint_id != endpoint_id:
        raise NotFound()
    return row


def add_secret(tx: Tx, actor: Actor, row: Row[Any]) -> str:
    """A further secret, told this once."""
    if len(stored.secrets_of(tx.conn, [row.id]).get(row.id, ())) >= MOST_SECRETS:
        raise Invalid(f"There are {MOST_SECRETS} secrets already; retire one first")
    return _new_secret(tx, actor, row.id)


def _new_secret(tx: Tx, actor: Actor, subscription_id: str) -> str:
    secret = random.token_urlsafe(48)
    row: dict[str, Any] = {
        "id": ids.thing(), "subscription_id": subscription_id, "secret": tx.sealer.seal(SECRET, secret.encode()),
        "tail": secret[-4:], "created_at": tx.now,
    }  # fmt: skip
    create(tx, actor, secrets, row, _secret_subject(subscription_id, row["id"], row["tail"]))
    return secret


def retire_secret(tx: Tx, actor: Actor, row: Row[Any], secret_id: str) -> None:
    """Sign with it no longer; one secret has to stay."""
    found = stored.secrets_of(tx.conn, [row.id]).get(row.id, [])
    one = next((one for one in found if one.id == secret_id), None)
    if one is None:
        raise NotFound()
    if len(found) == 1:
        raise Invalid("This is its only secret; add a new one first")
    remove(tx, actor, secrets, one, _secret_subject(row.id, one.id, one.tail))


def _secret_subject(subscription_id: str, id: str, tail: str) -> Subject:
    return Subject("webhook_secret", id, f"…{tail}", (SUBSCRIPTION, subscription_id))
