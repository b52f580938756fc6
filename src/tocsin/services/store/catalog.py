"""The SQL over services and integrations, for the API."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, or_, select

from tocsin.accounts.store.people import matching
from tocsin.escalation.store.tables import escalation_policies
from tocsin.services.store.tables import integrations, services


def find(query: str | None, name: str | None, team_ids: Sequence[str], ids: Sequence[str]) -> Select[Any]:
    """Live services, unordered; `query` is part of a name, or an integration's whole key (clients.md)."""
    service = services.c
    found = select(services).where(service.deleted_at.is_(None))
    if query:
        way_in = integrations.c
        by_key = (way_in.service_id == service.id) & (way_in.integration_key == query) & way_in.deleted_at.is_(None)
        found = found.where(or_(matching(service.name, query), exists().where(by_key)))
    if name:
        found = found.where(func.lower(service.name) == name.lower())
    if ids:
        found = found.where(service.id.in_(ids))
    if team_ids:
        policy = escalation_policies.c
        of_team = (policy.id == service.escalation_policy_id) & policy.team_id.in_(team_ids)
        found = found.where(exists().where(of_team))
    return found


def on_policies(conn: Connection, policy_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Live services by their policy."""
    service = services.c
    mine = service.escalation_policy_id.in_(list(policy_ids)) & service.deleted_at.is_(None)
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(select(services).where(mine).order_by(func.lower(service.name))):
        grouped.setdefault(row.escalation_policy_id, []).append(row)
    return grouped


def integrations_of(conn: Connection, service_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Live integrations by service, oldest first."""
    way_in = integrations.c
    mine = way_in.service_id.in_(list(service_ids)) & way_in.deleted_at.is_(None)
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(select(integrations).where(mine).order_by(way_in.created_at, way_in.id)):
        grouped.setdefault(row.service_id, []).append(row)
    return grouped
