"""Extensions: made, changed, removed, with their delivery log. They are listed beside the webhooks."""

from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.core.errors import Invalid
from tocsin.core.outbound import Outbound
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission
from tocsin.web.pages.frame import framed
from tocsin.web.pages.webhooks import HOME as WEBHOOKS
from tocsin.web.queries import webhooks as listed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go
from tocsin.webhooks.commands import extensions, subscriptions
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.store import queues, receivers
from tocsin.webhooks.wire.bodies import ExtensionBody
from tocsin.webhooks.wire.shown import is_off

HOME = "/app/extensions"
TOLD = {
    "saved": "Saved.", "made": "The extension is made.", "enabled": "Deliveries go out again.",
    "again": "It is sent once more: it stands on top of the log.",
}  # fmt: skip


def new(ask: Ask) -> Response:
    """The form for another one."""
    held = {
        "name": "", "endpoint_url": "", "schema": "PJFWPEP", "config": "",
        "services": [ask.query("service")] if ask.query("service") else [],
    }  # fmt: skip
    return framed(ask, "extension_new.html", **_form(ask, held if not ask.errors else _typed(ask)))


def _form(ask: Ask, held: dict[str, Any]) -> dict[str, Any]:
    services, _ = listed.choices(ask.tx.conn, ask.sight)
    return {"held": held, "services": services, "schemas": list(SCHEMAS.values())}


def _typed(ask: Ask) -> dict[str, Any]:
    names = ("name", "endpoint_url", "schema", "config")
    return {name: ask.field(name)[:20_000] for name in names} | {"services": ask.fields("service")}


def _body(ask: Ask) -> ExtensionBody:
    return read(ExtensionBody, {
        "name": ask.field("name"), "endpoint_url": ask.field("endpoint_url").strip(), "config": _config(ask),
        "extension_schema": {"id": ask.field("schema")},
        "extension_objects": [{"id": id} for id in ask.fields("service")],
    })  # fmt: skip


def _config(ask: Ask) -> Any:
    text = ask.field("config").strip()
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("The configuration is not valid JSON") from None


def _outbound(ask: Ask) -> Outbound:
    return Outbound.allowing(ask.site.settings.outbound_allow)


def make(ask: Ask) -> Response:
    """Put it on its services."""
    body = _body(ask)
    ask.demand(Permission.CONFIGURE, "service", [one.id for one in body.extension_objects])
    return go(f"{HOME}/{extensions.add(ask.tx, ask.actor, body, _outbound(ask))}?done=made")


def show(ask: Ask) -> Response:
    """One extension."""
    row = extensions.get(ask.tx.conn, ask.param("id"))
    ask.demand(Permission.CONFIGURE, "service", row.service_ids)
    config, endpoint = receivers.config_of(ask.tx.sealer, row), queues.of(ask.tx.conn, [row.id]).get(row.id)
    written = "" if config is None else msgspec.json.format(msgspec.json.encode(config), indent=2).decode()
    held = {
        "name": row.name, "endpoint_url": row.endpoint_url or "", "schema": row.schema_id, "config": written,
        "services": row.service_ids,
    }  # fmt: skip
    return framed(
        ask, "extension.html", row=row, schema=SCHEMAS[row.schema_id], endpoint=endpoint, at=f"{HOME}/{row.id}",
        paused=is_off(endpoint, ask.now), log=listed.log(ask.tx.conn, row.id, ask.query("before")),
        told=TOLD.get(ask.query("done"), ""), **_form(ask, held if not ask.errors else _typed(ask)),
    )  # fmt: skip


def _row(ask: Ask) -> Any:
    row = extensions.get(ask.tx.conn, ask.param("id"), lock=True)
    ask.demand(Permission.CONFIGURE, "service", row.service_ids)
    return row


def _done(ask: Ask, what: str) -> Response:
    return go(f"{HOME}/{ask.param('id')}?done={what}")


def change(ask: Ask) -> Response:
    """Change it."""
    row, body = _row(ask), _body(ask)
    ask.demand(Permission.CONFIGURE, "service", [one.id for one in body.extension_objects])
    extensions.edit(ask.tx, ask.actor, row, body, _outbound(ask))
    return _done(ask, "saved")


def enable(ask: Ask) -> Response:
    """Deliver again."""
    extensions.enable(ask.tx, ask.actor, _row(ask))
    return _done(ask, "enabled")


def remove(ask: Ask) -> Response:
    """Remove it."""
    extensions.drop(ask.tx, ask.actor, _row(ask))
    return go(f"{WEBHOOKS}?done=gone")


def delivery(ask: Ask) -> Response:
    """One delivery, with what was sent and what came back."""
    row = extensions.get(ask.tx.conn, ask.param("id"))
    ask.demand(Permission.CONFIGURE, "service", row.service_ids)
    one = subscriptions.get_delivery(ask.tx.conn, row.id, ask.param("delivery"))
    return framed(ask, "webhook_delivery.html", one=one, name=row.name, at=f"{HOME}/{row.id}")


def again(ask: Ask) -> Response:
    """Send it once more."""
    subscriptions.redeliver(ask.tx, _row(ask).id, ask.param("delivery"))
    return _done(ask, "again")


_C, _ONE = Permission.CONFIGURE, HOME + "/{id}"
PAGES = (
    Page("GET", f"{HOME}/new", new, sees="filtered"),
    Page("POST", HOME, make, again=new, needs=_C, in_body=True),
    Page("GET", _ONE, show, needs=_C),
    Page("POST", _ONE, change, again=show, needs=_C),
    Page("POST", f"{_ONE}/enable", enable, again=show, needs=_C),
    Page("POST", f"{_ONE}/delete", remove, again=show, needs=_C),
    Page("GET", f"{_ONE}/deliveries/{{delivery}}", delivery, needs=_C),
    Page("POST", f"{_ONE}/deliveries/{{delivery}}/send", again, again=delivery, needs=_C),
)
