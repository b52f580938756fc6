"""Change events: stored beside alerts, never paging anybody (core:E60-E62)."""

from collections.abc import Sequence
from typing import Any

import msgspec

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


def _row(tx: Tx, change: Stored, route: Any) -> dict[str, Any]:
    event = without_nul(msgspec.json.decode(change.raw.body))
    payload = event["payload"]
    return {
        "id": ids.ordered(tx.now),
        "service_id": route.service_id,
        "integration_id": route.id,
        "summary": payload["summary"][:SUMMARY_LIMIT],
        "source": payload["source"] if isinstance(payload.get("source"), str) else None,
        "timestamp": timestamp(payload.get("timestamp"), change.raw.received_at),
        "custom_details": payload.get("custom_details"),
        "links": contexts(event.get("links") or payload.get("links"), "link"),
        "images": contexts(event.get("images") or payload.get("images"), "image"),
        "event_id": change.id,
        "created_at": change.raw.received_at,
    }
