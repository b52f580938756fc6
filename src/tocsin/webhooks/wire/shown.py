"""Subscriptions, OAuth clients, extensions and deliveries on the wire (core:H1-H3, core:X3).

1. A signing secret is in the answer that made it, and nowhere else; values of headers are never shown (core:H2).
2. An extension's configuration is given back as it came to those who may change the extension, so that a plan has no
   difference; to others with its values masked.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tocsin.rest.objects import Ref, Thing
from tocsin.webhooks.schemas import SCHEMAS, Schema
from tocsin.webhooks.wire.bodies import REDACTED


def subscription(
    row: Any, headers: Sequence[tuple[str, str]], off: bool, client: Any = None, secret: str | None = None
) -> dict[str, Any]:
    """A subscription; `off`: its receiver is switched off for a while."""
    scope = {"type": f"{row.scope}_reference"}
    return {
        "id": row.id, "type": "webhook_subscription", "active": row.active,
        "delivery_method": {
            "id": row.method_id, "secret": secret, "temporarily_disabled": off, "type": "http_delivery_method",
            "url": row.url, "custom_headers": [{"name": name, "value": REDACTED} for name, _ in headers],
        },
        "description": row.description, "events": list(row.events),
        "filter": scope if row.scope_id is None else {"id": row.scope_id, **scope},
        "oauth_client": client and {"id": client.id, "type": "oauth_client_reference", "summary": client.name},
    }  # fmt: skip


def client(row: Any) -> dict[str, Any]:
    """An OAuth client, without its secret."""
    return {
        "id": row.id, "type": "oauth_client", "name": row.name, "client_id": row.client_id, "scope": row.scope,
        "token_url": row.token_url, "grant_type": "client_credentials", "status": row.status,
    }  # fmt: skip


def secret(row: Any) -> dict[str, Any]:
    """A signing secret by its end."""
    return {"id": row.id, "type": "webhook_secret", "ends_in": row.tail, "created_at": row.created_at}


def schema(one: Schema) -> Thing:
    """A kind of extension."""
    fields = {
        "icon_url": None, "logo_url": None, "label": one.label, "key": one.key, "description": one.description,
        "guide_url": None, "send_types": list(one.send_types), "url": None,
    }  # fmt: skip
    return Thing("extension_schema", one.id, one.label, fields, f"/extension_schemas/{one.id}")


def schema_ref(id: str) -> Ref:
    """A reference to a kind of extension."""
    return Ref("extension_schema", id, SCHEMAS[id].label, f"/extension_schemas/{id}")


def extension(row: Any, services: Sequence[Ref], config: Any, off: bool, whole: bool) -> Thing:
    """An extension; `whole`: with the values of its configuration."""
    fields = {
        "name": row.name, "endpoint_url": row.endpoint_url, "extension_objects": list(services),
        "extension_schema": schema_ref(row.schema_id), "config": config if whole else masked(config),
        "temporarily_disabled": off,
    }  # fmt: skip
    return Thing("extension", row.id, row.name, fields)


def masked(value: Any) -> Any:
    """A configuration with its names alone."""
    if isinstance(value, Mapping):
        return {name: part if name == "name" else masked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part) for part in value]
    return REDACTED if isinstance(value, str) and value else value


def delivery(row: Any, body: bool = False) -> dict[str, Any]:
    """A line of the delivery log; the payload only where one is asked for."""
    shown = {
        "id": row.id, "type": "webhook_delivery", "webhook_id": row.webhook_id, "event_id": row.event_id,
        "event_type": row.event_type, "state": row.state, "attempts": row.attempt, "created_at": row.created_at,
        "first_tried_at": row.first_tried_at, "last_tried_at": row.tried_at, "status": row.status,
        "took_milliseconds": row.took, "answer": row.answer, "why": row.why,
    }  # fmt: skip
    return shown | ({"payload": row.body} if body else {})


def is_off(endpoint: Any, now: datetime) -> bool:
    """Whether a receiver is switched off for a while (core:H8)."""
    return endpoint is not None and endpoint.disabled_until is not None and endpoint.disabled_until > now
