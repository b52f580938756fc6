"""Alerts and notes on the wire (core:I1, core:I90)."""

from typing import Any

from tocsin.incidents.store.queries import Around
from tocsin.incidents.wire import entries, refs
from tocsin.rest.objects import Ref, Thing

_ANY = "inbound_integration"


def alert(row: Any, around: Around) -> Thing:
    """An alert in full."""
    first = around.entries.get(row.first_trigger_log_entry_id or "")
    fields = {
        "created_at": row.created_at,
        "resolved_at": row.resolved_at,
        "status": row.status,
        "alert_key": row.dedup_key,
        "suppressed": row.suppressed,
        "severity": row.severity,
        "service": refs.service_ref(row.service_id, around),
        "incident": refs.incident_ref(row.incident_id, around) if row.incident_id else None,
        "first_trigger_log_entry": refs.entry_ref(first, entries.summary(first)) if first else None,
        "integration": _integration(row, around),
        "body": {name: row.body.get(name) for name in ("type", "contexts", "details", "cef_details")},
    }
    path = f"/incidents/{row.incident_id}/alerts/{row.id}" if row.incident_id else None
    return Thing("alert", row.id, row.summary, fields, path, f"/alerts/{row.id}")


def _integration(row: Any, around: Around) -> Ref | None:
    if row.integration_id is None:
        return None
    found = around.integrations.get(row.integration_id)
    if found is None:
        return Ref(_ANY, row.integration_id, gone=True)
    path = f"/services/{found.service_id}/integrations/{found.id}"
    return Ref(found.type, found.id, found.name, path, path, gone=found.deleted_at is not None)


def note(row: Any, around: Around) -> dict[str, Any]:
    """A note; it has no address of its own on the wire."""
    return {
        "id": row.id,
        "user": refs.user_ref(row.user_id, around) if row.user_id else None,
        "channel": {"summary": "The website or the API"},
        "content": row.content,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
