"""What a routing key leads to, for the intake."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from tocsin.services.model import Integration, Service, Window
from tocsin.services.store.tables import integrations, services


def integrations_by_key(conn: Connection, keys: Iterable[str]) -> dict[str, Integration]:
    """Integrations by routing key, deleted ones too: what was accepted is decided (core:G-27)."""
    rows = conn.execute(select(integrations).where(integrations.c.integration_key.in_(list(keys))))
    return {r.integration_key: Integration(r.id, r.service_id, r.name, r.integration_key, r.type) for r in rows}


def integrations_by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Integration]:
    """Integrations by their id, deleted ones too."""
    rows = conn.execute(select(integrations).where(integrations.c.id.in_(list(ids))))
    return {r.id: Integration(r.id, r.service_id, r.name, r.integration_key, r.type) for r in rows}


def live_keys(conn: Connection) -> set[str]:
    """All routing keys that are accepted now."""
    query = (
        select(integrations.c.integration_key)
        .join(services, services.c.id == integrations.c.service_id)
        .where(integrations.c.deleted_at.is_(None), services.c.deleted_at.is_(None))
    )
    return set(conn.scalars(query))


def load_services(conn: Connection, ids: Iterable[str], lock: bool = False) -> dict[str, Service]:
    """Services by id; with `lock`, locked in the order of their ids until the transaction ends."""
    query = select(services).where(services.c.id.in_(list(ids))).order_by(services.c.id)
    if lock:
        query = query.with_for_update(key_share=True)
    return {row.id: from_row(row) for row in conn.execute(query)}


def from_row(row: Any) -> Service:
    """The service that a row keeps."""
    return Service(
        id=row.id,
        name=row.name,
        status=row.status,
        policy_id=row.escalation_policy_id,
        acknowledgement_timeout=row.acknowledgement_timeout or None,
        auto_resolve_timeout=row.auto_resolve_timeout or None,
        urgency_rule=row.incident_urgency_rule,
        support_hours=row.support_hours,
        scheduled_actions=row.scheduled_actions or (),
        alert_creation=row.alert_creation,
        maintenance=windows_of(row.maintenance),
    )


def windows_of(kept: Any) -> tuple[Window, ...]:
    """The windows that a service's row keeps."""
    return msgspec.convert(kept, tuple[Window, ...]) if kept else ()
