"""Extensions: made, changed, removed, switched on again (core:X3)."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.outbound import Outbound
from tocsin.core.recorded import Subject, by_id, change, create, live, note, remove
from tocsin.rest.body import read
from tocsin.services.store.tables import services
from tocsin.webhooks.commands import receivers
from tocsin.webhooks.model import EXTENSION
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import CONFIG, extensions
from tocsin.webhooks.wire.bodies import ExtensionBody, Header


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """An extension, or `NotFound`."""
    row = live(conn, extensions, id, lock)
    if row is None:
        raise NotFound()
    return row


def present(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    """A stored one as a request would say it."""
    return {
        "name": row.name, "endpoint_url": row.endpoint_url, "extension_schema": {"id": row.schema_id},
        "extension_objects": [{"id": id} for id in row.service_ids], "config": stored.config_of(tx.sealer, row),
    }  # fmt: skip


def add(tx: Tx, actor: Actor, body: ExtensionBody, outbound: Outbound) -> str:
    """Create an extension; its id."""
    _check(tx.conn, body, outbound)
    row = _row(tx, body) | {"id": ids.thing(), "created_at": tx.now}
    receivers.begin(tx, row["id"], EXTENSION)
    create(tx, actor, extensions, row, Subject(EXTENSION, row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: ExtensionBody, outbound: Outbound) -> None:
    """Change an extension."""
    _check(tx.conn, body, outbound)
    values = _row(tx, body)
    if stored.config_of(tx.sealer, row) == body.config:
        del values["config"]  # sealed anew it would look changed
    change(tx, actor, extensions, row, values, Subject(EXTENSION, row.id, row.name))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove an extension with what waits for it, and its log."""
    receivers.end(tx, row.id)
    remove(tx, actor, extensions, row, Subject(EXTENSION, row.id, row.name))


def enable(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Deliver again after failures switched it off."""
    subject = Subject(EXTENSION, row.id, row.name)
    note(tx, actor, "update", subject, receivers.enable(tx, row.id), {"temporarily_disabled": False})


def _row(tx: Tx, body: ExtensionBody) -> dict[str, Any]:
    config = None if body.config is None else tx.sealer.seal(CONFIG, msgspec.json.encode(body.config))
    return {
        "name": body.name, "endpoint_url": body.endpoint_url, "schema_id": body.extension_schema.id, "config": config,
        "service_ids": list(dict.fromkeys(one.id for one in body.extension_objects)),
    }  # fmt: skip


def _check(conn: Connection, body: ExtensionBody, outbound: Outbound) -> None:
    schema = SCHEMAS.get(body.extension_schema.id)
    if schema is None:
        raise Invalid("Extension schema not found")
    if schema.needs_url and body.endpoint_url is None:
        raise Invalid(f"endpoint_url is required with {schema.label}")
    if body.endpoint_url is not None:
        receivers.check_url(outbound, body.endpoint_url)
    if schema.delivers:
        headers(body.config)
    found = by_id(conn, services, {one.id for one in body.extension_objects})
    missing = [one.id for one in body.extension_objects if one.id not in found or found[one.id].deleted_at is not None]
    if missing:
        raise Invalid([f"Service {id} not found" for id in dict.fromkeys(missing)])


def headers(config: Any) -> list[tuple[str, str]]:
    """The headers that a configuration asks for; `Invalid` when they are no headers."""
    given = config.get("headers") if isinstance(config, dict) else None
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > 20:
        raise Invalid("config.headers must be a list of at most 20 objects with name and value")
    found = [read(Header, one) for one in given]
    return [(one.name, one.value) for one in found]
