"""Webhook subscriptions: the list (extensions beside them), one with its delivery log, and what went wrong.

A secret is in the answer to the form that made it and nowhere else, so that answer is a page, not a redirect.
"""

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from tocsin.core.errors import Forbidden, Invalid
from tocsin.core.outbound import Outbound
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, somewhere
from tocsin.web.pages.frame import framed
from tocsin.web.queries import things
from tocsin.web.queries import webhooks as listed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go
from tocsin.webhooks.addresses import links_of
from tocsin.webhooks.commands import subscriptions
from tocsin.webhooks.logic.events import EVENT_TYPES
from tocsin.webhooks.model import PING
from tocsin.webhooks.store import queues, receivers
from tocsin.webhooks.store.tables import oauth_clients
from tocsin.webhooks.wire.bodies import Changeable, SubscriptionBody
from tocsin.webhooks.wire.shown import is_off

HOME = "/app/webhooks"
USUAL = (
    "incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.escalated",
    "incident.reassigned", "incident.delegated", "incident.priority_updated", "incident.annotated",
    "incident.resolved", "incident.reopened",
)  # fmt: skip
TOLD = {
    "saved": "Saved.", "ping": "The test event is on its way: it stands in the log below.", "gone": "Removed.",
    "enabled": "Deliveries go out again.", "retired": "The secret signs nothing any more.",
    "again": "It is sent once more: it stands on top of the log.",
}  # fmt: skip


def every(ask: Ask) -> Response:
    """All subscriptions and extensions, or those of one service."""
    service = things.service(ask.tx.conn, ask.query("service")) if ask.query("service") else None
    if service is not None and not ask.may(Permission.READ, "service", service.id):
        service = None
    only = service.id if service is not None else None
    return framed(
        ask, "webhooks.html", subscriptions=listed.subscribed(ask.tx.conn, ask.sight, ask.now, only),
        extensions=listed.extended(ask.tx.conn, ask.sight, ask.now, only), service=service,
        may_change=Permission.CONFIGURE in somewhere(ask.actor), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def new(ask: Ask) -> Response:
    """The form for another one."""
    about = ask.query("service")
    held = {
        "url": "", "description": "", "filter": f"service:{about}" if about else "account", "events": USUAL,
        "headers": "", "oauth_client": "", "active": True,
    }  # fmt: skip
    return framed(ask, "webhook_new.html", **_form(ask, held if not ask.errors else _typed(ask)))


def make(ask: Ask) -> Response:
    """Subscribe; its page, with the secret."""
    given = _given(ask) | {"delivery_method": {"url": ask.field("url"), "custom_headers": _headers(ask)}}
    body = read(SubscriptionBody, given)
    _demand(ask, body)
    id, secret = subscriptions.add(ask.tx, ask.actor, body, Outbound.allowing(ask.site.settings.outbound_allow))
    return _page(ask, id, secret, "The subscription is made. Send the test event to see whether it arrives.")


def _headers(ask: Ask) -> list[dict[str, str]]:
    lines = [line for line in ask.field("headers").splitlines() if line.strip()]
    if any(":" not in line for line in lines):
        raise Invalid("Write headers as Name: value, one a line")
    pairs = [line.partition(":") for line in lines]
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in pairs]


def _given(ask: Ask) -> dict[str, Any]:
    scope, _, id = ask.field("filter", "account").partition(":")
    return {
        "description": ask.field("description").strip() or None, "events": ask.fields("event"),
        "filter": {"type": f"{scope}_reference", "id": id or None},
        "oauth_client_id": ask.field("oauth_client") or None,
    }  # fmt: skip


def _demand(ask: Ask, body: Changeable) -> None:
    scope, id = body.filter.scope, body.filter.scope_id
    ask.demand(Permission.CONFIGURE, "team" if scope == "account" else scope, [id] if id else [])
    if scope == "account" and not ask.sight.everything:
        raise Forbidden("There are teams that you do not see, so you cannot subscribe to the whole account's events")


def _typed(ask: Ask) -> dict[str, Any]:
    names = ("url", "description", "filter", "headers", "oauth_client")
    return {name: ask.field(name)[:4000] for name in names} | {
        "events": ask.fields("event"),
        "active": bool(ask.field("active")),
    }


def _form(ask: Ask, held: dict[str, Any]) -> dict[str, Any]:
    services, teams = listed.choices(ask.tx.conn, ask.sight)
    c = oauth_clients.c
    clients = [(row.id, row.name) for row in ask.tx.conn.execute(select(c.id, c.name).order_by(c.name))]
    return {
        "held": held, "services": services, "teams": teams, "clients": clients,
        "event_types": [*USUAL, *(name for name in EVENT_TYPES if name not in (*USUAL, PING))],
    }  # fmt: skip


def show(ask: Ask) -> Response:
    """One subscription."""
    return _page(ask, ask.param("id"), None, TOLD.get(ask.query("done"), ""))


def _page(ask: Ask, id: str, secret: str | None, told: str) -> Response:
    conn, row = ask.tx.conn, subscriptions.get(ask.tx.conn, id)
    held = {
        "url": row.url, "description": row.description or "", "headers": "", "events": row.events,
        "filter": row.scope if row.scope_id is None else f"{row.scope}:{row.scope_id}", "active": row.active,
        "oauth_client": row.oauth_client_id or "",
    }  # fmt: skip
    endpoint = queues.of(conn, [id]).get(id)
    response = framed(
        ask, "webhook.html", row=row, secret=secret, told=told, endpoint=endpoint, paused=is_off(endpoint, ask.now),
        secrets=receivers.secrets_of(conn, [id]).get(id, []), headers=receivers.headers_of(ask.tx.sealer, row),
        whose=listed.whose(row, receivers.named(conn, [row])), log=listed.log(conn, id, ask.query("before")),
        at=f"{HOME}/{id}", **_form(ask, held if not ask.errors else _typed(ask) | {"url": row.url}),
    )  # fmt: skip
    response.headers["cache-control"] = "no-store"
    return response


def _row(ask: Ask) -> Any:
    return subscriptions.get(ask.tx.conn, ask.param("id"), lock=True)


def _done(ask: Ask, what: str) -> Response:
    return go(f"{HOME}/{ask.param('id')}?done={what}")


def change(ask: Ask) -> Response:
    """Change what it is told, and whether."""
    row, body = _row(ask), read(Changeable, _given(ask) | {"active": bool(ask.field("active"))})
    if (body.filter.scope, body.filter.scope_id) != (row.scope, row.scope_id):
        _demand(ask, body)
    subscriptions.edit(ask.tx, ask.actor, row, body)
    return _done(ask, "saved")


def ping(ask: Ask) -> Response:
    """Send the test event."""
    subscriptions.ping(ask.tx, _row(ask), links_of(ask.site.settings)(ask.tx.conn))
    return _done(ask, "ping")


def enable(ask: Ask) -> Response:
    """Deliver again."""
    subscriptions.enable(ask.tx, ask.actor, _row(ask))
    return _done(ask, "enabled")


def add_secret(ask: Ask) -> Response:
    """A further secret."""
    secret = subscriptions.add_secret(ask.tx, ask.actor, _row(ask))
    return _page(ask, ask.param("id"), secret, "Deliveries are signed with the new secret and with the older ones.")


def retire_secret(ask: Ask) -> Response:
    """Sign with it no longer."""
    subscriptions.retire_secret(ask.tx, ask.actor, _row(ask), ask.param("secret"))
    return _done(ask, "retired")


def remove(ask: Ask) -> Response:
    """Remove it."""
    subscriptions.drop(ask.tx, ask.actor, _row(ask))
    return go(f"{HOME}?done=gone")


def delivery(ask: Ask) -> Response:
    """One delivery, with what was sent and what came back."""
    row = subscriptions.get(ask.tx.conn, ask.param("id"))
    one = subscriptions.get_delivery(ask.tx.conn, row.id, ask.param("delivery"))
    return framed(ask, "webhook_delivery.html", one=one, name=row.description or row.url, at=f"{HOME}/{row.id}")


def again(ask: Ask) -> Response:
    """Send it once more."""
    subscriptions.redeliver(ask.tx, _row(ask).id, ask.param("delivery"))
    return _done(ask, "again")


_C, _ONE = Permission.CONFIGURE, HOME + "/{id}"
PAGES = (
    Page("GET", HOME, every, sees="filtered"),
    Page("POST", HOME, make, again=new, needs=_C, in_body=True),
    Page("GET", f"{HOME}/new", new, sees="filtered"),
    Page("GET", _ONE, show, needs=_C),
    Page("POST", _ONE, change, again=show, needs=_C),
    Page("POST", f"{_ONE}/ping", ping, again=show, needs=_C),
    Page("POST", f"{_ONE}/enable", enable, again=show, needs=_C),
    Page("POST", f"{_ONE}/secrets", add_secret, again=show, needs=_C),
    Page("POST", f"{_ONE}/secrets/{{secret}}/retire", retire_secret, again=show, needs=_C),
    Page("POST", f"{_ONE}/delete", remove, again=show, needs=_C),
    Page("GET", f"{_ONE}/deliveries/{{delivery}}", delivery, needs=_C),
    Page("POST", f"{_ONE}/deliveries/{{delivery}}/send", again, again=delivery, needs=_C),
)
