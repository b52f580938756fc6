"""Change events: stored beside alerts, never paging anybody (core:E60-E62, ei:CE1, ei:CE2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, update

from tocsin.core import ids
from tocsin.core.db import Tx, insert_rows
from tocsin.core.intake_log import Stored
from tocsin.events.logic.reading import SUMMARY_LIMIT, contexts, timestamp, without_nul
from tocsin.events.store import change_events
from tocsin.services.store.routes import integrations_by_key


def store_changes(tx: Tx, changes: Sequence[Stored]) -> None:
    """Write these change events; what was written before is not written twice."""
    if not changes:
        return
    routes = integrations_by_key(tx.conn, {change.raw.key for change in changes})
    rows = [_row(tx, change, routes[change.raw.key]) for change in changes if change.raw.key in routes]
    insert_rows(tx.conn, change_events, rows, "(event_id) DO NOTHING")


def add(tx: Tx, event: Mapping[str, Any], route: Any) -> str:
    """Store a change event that came over the REST API, in the form of the Events API (checked before); its id."""
    row = _columns(tx, without_nul(event), route, tx.now) | {"event_id": ids.ordered(tx.now)}
    insert_rows(tx.conn, change_events, [row])
    return str(row["id"])


def edit(tx: Tx, row: Row[Any], values: Mapping[str, Any]) -> None:
    """Write what people may write anew: summary and custom details."""
    tx.conn.execute(update(change_events).where(change_events.c.id == row.id).values(**values))


def _row(tx: Tx, change: Stored, route: Any) -> dict[str, Any]:
    event = without_nul(msgspec.json.decode(change.raw.body))
    return _columns(tx, event, route, change.raw.received_at) | {"event_id": change.id}


def _columns(tx: Tx, event: Mapping[str, Any], route: Any, received_at: datetime) -> dict[str, Any]:
    payload = event["payload"]
    return {
        "id": ids.ordered(tx.now),
        "service_id": route.service_id,
        "integration_id": route.id,
        "summary": payload["summary"][:SUMMARY_LIMIT],
        "source": payload["source"] if isinstance(payload.get("source"), str) else None,
        "timestamp": timestamp(payload.get("timestamp"), received_at),
        "custom_details": payload.get("custom_details"),
        "links": contexts(event.get("links") or payload.get("links"), "link"),
        "images": contexts(event.get("images") or payload.get("images"), "image"),
        "created_at": received_at,
    }
