"""A service: its state, its ways in with what to paste where, and a test event.

The test event goes the way of every event: into the intake log, durably, and from there through the same deciders.
"""

import asyncio

import msgspec
from psycopg import AsyncConnection
from starlette.responses import Response

from tocsin.core import ids, intake_log
from tocsin.core.errors import Conflict, Invalid, NotFound
from tocsin.core.intake_log import Raw
from tocsin.rest.permissions import Permission
from tocsin.services import commands
from tocsin.services.logic import hold_of, stretch
from tocsin.services.store.graph import node
from tocsin.services.store.routes import from_row, windows_of
from tocsin.web.pages import values
from tocsin.web.pages.frame import framed
from tocsin.web.queries import fields, graph, maintenance, things, webhooks
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

V2 = "events_api_v2_inbound_integration"
TOLD = {
    "test": "Test event sent. Its incident opens below in a moment, and pages whoever is on call.",
    "quiet": "Quiet. Alerts are held until then.",
    "fields": "Saved.",
    "saved": "Saved.",
}


def show(ask: Ask) -> Response:
    """One service."""
    found = things.service(ask.tx.conn, ask.param("id"))
    if found is None:
        raise NotFound("There is no such service")
    conn = ask.tx.conn
    waiting, count = maintenance.held(conn, found.id)
    return framed(
        ask, "service.html", service=found, ways=things.ways_in(ask.tx.conn, found.id), v2=V2,
        hold=hold_of(from_row(found), ask.now), windows=maintenance.of_service(conn, found.id, ask.now),
        held=waiting, held_count=count,
        may_quiet=found.deleted_at is None and ask.may(Permission.CONFIGURE, "service", found.id),
        latest=things.latest(ask.tx.conn, found.id), open_count=things.open_count(ask.tx.conn, found.id),
        base=ask.asked.base_url, told=TOLD.get(ask.query("done"), ""), draft_fields=ask.fields("fields"),
        fields=[] if found.deleted_at else fields.on_service(ask.tx.conn, found.id),
        around=graph.around(ask.tx.conn, node("service", found.id), ask.sight),
        may_change=ask.may(Permission.CONFIGURE, "service", found.id),
        hooks=_hooks(ask, found.id),
    )  # fmt: skip


def _hooks(ask: Ask, service_id: str) -> list[tuple[str, webhooks.Listed]]:
    """Its webhooks and extensions, each with the path of their pages."""
    subscribed = webhooks.subscribed(ask.tx.conn, ask.sight, ask.now, service_id)
    extended = webhooks.extended(ask.tx.conn, ask.sight, ask.now, service_id)
    return [("/app/webhooks", one) for one in subscribed] + [("/app/extensions", one) for one in extended]


def test_event(ask: Ask) -> Response:
    """Trigger on one of the service's integrations."""
    service = things.service(ask.tx.conn, ask.param("id"))
    way = next((w for w in things.ways_in(ask.tx.conn, ask.param("id")) if w.id == ask.field("integration")), None)
    if service is None or service.deleted_at is not None:
        raise NotFound("There is no such service")
    if way is None or way.type != V2:
        raise Invalid("Choose an integration that takes events")
    if service.status == "disabled":
        raise Conflict("This service is disabled: its events page nobody")
    if stretch(windows_of(service.maintenance), ask.now):
        raise Conflict("This service is in maintenance: its events are held until that ends")
    asyncio.run(_append(ask.site.database.url, _raw(ask, way.integration_key, service.name)))
    return go(f"/app/services/{service.id}?done=test")


def _raw(ask: Ask, key: str, name: str) -> Raw:
    dedup = ids.dedup_key()
    event = {
        "routing_key": key, "event_action": "trigger", "dedup_key": dedup, "client": "Tocsin",
        "payload": {
            "summary": f"Test event for {name}, sent by {ask.actor.name}", "source": "Tocsin's service page",
            "severity": "info", "custom_details": {"what to do": "Acknowledge or resolve it; nothing is broken."},
        },
    }  # fmt: skip
    return Raw("v2", ask.now, key, dedup, msgspec.Raw(msgspec.json.encode(event)))


async def _append(url: str, raw: Raw) -> None:
    async with await AsyncConnection.connect(url.replace("+psycopg", "", 1), autocommit=True) as conn:
        await intake_log.append(conn, [raw])


def set_fields(ask: Ask) -> Response:
    """Other values of its custom fields."""
    row = commands.get(ask.tx.conn, ask.param("id"), lock=True)
    given = values.given(ask, fields.on_service(ask.tx.conn, row.id))
    commands.set_fields(ask.tx, ask.actor, row, given)
    return go(f"/app/services/{row.id}?done=fields")


def every(ask: Ask) -> Response:
    """All services."""
    found = things.services_listed(ask.tx.conn, ask.sight)
    quiet = {row.id for row in found if stretch(windows_of(row.maintenance), ask.now)}
    return framed(ask, "services.html", services=found, quiet=quiet)


PAGES = (
    Page("GET", "/app/services", every, sees="filtered"),
    Page("GET", "/app/services/{id}", show),
    Page("POST", "/app/services/{id}/test-event", test_event, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/services/{id}/fields", set_fields, again=show, needs=Permission.CONFIGURE),
)
