"""Giving a product its keys: an integration on each chosen service, named after the product.

1. Either all of it happens or nothing. At least one service is chosen or made, at most `MOST`.
2. A product that connects to a service again gets the key that it has: it is the same way in.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.connect.logic import Given
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.rest.body import read
from tocsin.services import commands as services
from tocsin.services import wire
from tocsin.services.store import catalog
from tocsin.services.vendors import VENDORS

MOST = 50


def connect(
    tx: Tx, actor: Actor, app: Row[Any], service_ids: Sequence[str], new: tuple[str, str] | None
) -> list[Given]:
    """Keys of these services, and of a `new` one (name, id of its escalation policy) that is made for it."""
    if not service_ids and new is None:
        raise Invalid("Choose a service, or name a new one")
    if len(service_ids) > MOST:
        raise Invalid(f"At most {MOST} services can be connected at once")
    chosen = list(service_ids)
    if new is not None:
        body = read(wire.ServiceBody, {"name": new[0], "escalation_policy": {"id": new[1]}})
        chosen.append(services.add(tx, actor, body))
    return [_key(tx, actor, app, id) for id in sorted(chosen)]  # sorted: the order of locks (SPINE 2)


def _key(tx: Tx, actor: Actor, app: Row[Any], service_id: str) -> Given:
    try:
        service = services.get(tx.conn, service_id, lock=True)
    except NotFound:
        raise Invalid("A service that you chose is not there any more") from None
    present = [
        one for one in catalog.integrations_of(tx.conn, [service_id]).get(service_id, []) if one.app_id == app.id
    ]
    if present:
        return Given(present[0].integration_key, service.id, service.name)
    vendor = next((one.id for one in VENDORS.values() if one.name.lower() == app.name.lower()), None)
    body = read(
        wire.IntegrationBody,
        {"type": "events_api_v2", "name": app.name, "vendor": {"id": vendor} if vendor else None},
    )
    id = services.add_integration(tx, actor, service_id, body, app.id)
    return Given(services.get_integration(tx.conn, service_id, id).integration_key, service.id, service.name)
