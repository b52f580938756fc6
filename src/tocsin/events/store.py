"""Tables of change events (core:E60-E63). Events themselves lie in the intake log and become alerts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Index, Select, Table, select

from tocsin.core.metadata import document, instant, metadata, text
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import Sight, Standing
from tocsin.services.store import catalog, seeing
from tocsin.services.store.tables import integrations, services

change_events = Table(
    "change_events",
    metadata,
    text("id", primary_key=True),
    text("service_id"),
    text("integration_id"),
    text("summary"),
    text("source", null=True),
    instant("timestamp"),
    document("custom_details", null=True),
    document("links"),
    document("images"),
    text("event_id", unique=True),
    instant("created_at"),
    Index("ix_change_events_timestamp", "timestamp"),
    Index("ix_change_events_service", "service_id", "timestamp"),
)


def find_changes(service_ids: Sequence[str] = (), integration_ids: Sequence[str] = ()) -> Select[Any]:
    """Change events, newest first, with what they refer to."""
    c = change_events.c
    found = (
        select(
            change_events,
            services.c.name.label("service_name"),
            services.c.deleted_at.label("service_deleted_at"),
            integrations.c.name.label("integration_name"),
            integrations.c.type.label("integration_type"),
            integrations.c.integration_key,
        )
        .outerjoin(services, services.c.id == c.service_id)
        .outerjoin(integrations, integrations.c.id == c.integration_id)
        .order_by(c.timestamp.desc(), c.id.desc())
    )
    if service_ids:
        found = found.where(c.service_id.in_(service_ids))
    return found.where(c.integration_id.in_(integration_ids)) if integration_ids else found


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """A change event stands as its service does."""
    c = change_events.c
    of = {row.id: row.service_id for row in conn.execute(select(c.id, c.service_id).where(c.id.in_(ids)))}
    found = catalog.standings(conn, list(of.values()))
    return {id: found.get(service, Standing()) for id, service in of.items()}


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the change event's service is seen."""
    return change_events.c.service_id.in_(select(services.c.id).where(seeing.seen(sight)).scalar_subquery())


def of_teams(team_ids: Sequence[str]) -> Any:
    """A condition: the change event's service belongs to one of these teams, through its policy (core:C3)."""
    theirs = (
        select(services.c.id)
        .join(escalation_policies, escalation_policies.c.id == services.c.escalation_policy_id)
        .where(escalation_policies.c.team_id.in_(team_ids))
    )
    return change_events.c.service_id.in_(theirs.scalar_subquery())
