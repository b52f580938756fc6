"""Version 2: what extensions are sent (core:H14). The incident and the log entry are those of the REST API."""

import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from tocsin.incidents.wire import entries as entry_wire
from tocsin.incidents.wire import incidents as incident_wire
from tocsin.rest.objects import Ref, Thing
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.wire.told import Told

CARRIED = ("details", "cef_details")


def message(told: Told, event: str, extension: Any, entry_row: Any, brief: bool = False) -> dict[str, Any]:
    """One message of version 2; `extension` and `entry_row` are rows."""
    around = replace(told.around, incidents={**told.around.incidents, told.incident.id: told.incident})
    around = replace(around, alerts=told.alerts)
    entry = entry_wire.entry(entry_row, around)
    if brief:
        entry = _brief(entry)
    return {
        "messages": [{
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{told.event_id} {extension.id}")), "event": event,
            "created_on": told.entry.at, "incident": _incident(told, brief), "webhook": webhook(extension),
            "log_entries": [entry],
        }]
    }  # fmt: skip


def action(id: str, incident: Thing, extension: Any, at: Any) -> dict[str, Any]:
    """The message of a custom incident action."""
    known = {"id": id, "event": "incident.custom", "created_on": at, "incident": incident}
    return {"messages": [{**known, "webhook": webhook(extension), "log_entries": []}]}


def _incident(told: Told, brief: bool) -> Thing:
    shown = incident_wire.incident(told.incident, told.around, body=not brief)
    service = shown.fields["service"]
    named = replace(service, extra={"name": service.summary}) if isinstance(service, Ref) else service
    return replace(shown, fields=shown.fields | {"service": named})


def _brief(entry: Thing) -> Thing:
    channel = {name: value for name, value in entry.fields["channel"].items() if name not in CARRIED}
    return replace(entry, fields=entry.fields | {"channel": channel, "contexts": []})


def webhook(extension: Any) -> dict[str, Any]:
    """The extension as its own messages name it."""
    schema = SCHEMAS[extension.schema_id]
    return {
        "id": extension.id, "type": "webhook", "summary": extension.name, "name": extension.name,
        "endpoint_url": extension.endpoint_url, "description": None, "webhook_object": None, "config": {},
        "outbound_integration": Ref("extension_schema", schema.id, schema.label, f"/extension_schemas/{schema.id}"),
        "self": None, "html_url": None,
    }  # fmt: skip


def seen_as(row: Any, changes: Any) -> Any:
    """A row of an incident with other values."""
    return SimpleNamespace(**{**row._mapping, **changes})
