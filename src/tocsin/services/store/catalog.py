"""The SQL over services and integrations, for the API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, or_, select

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.tables import teams
from tocsin.core.together import Found, Together, among
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store.addons import OF_SERVICES, addons
from tocsin.services.store.seeing import seen
from tocsin.services.store.tables import integrations, services


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on services depend on: the team of their policy (core:C3)."""
    query = (
        select(services.c.id, escalation_policies.c.team_id)
        .join(escalation_policies, escalation_policies.c.id == services.c.escalation_policy_id)
        .where(services.c.id.in_(ids))
    )
    return {row.id: Standing(frozenset({row.team_id} - {None})) for row in conn.execute(query)}


def find(
    query: str | None, name: str | None, team_ids: Sequence[str], ids: Sequence[str], sight: Sight = EVERYTHING
) -> Select[Any]:
    """Live services, unordered; `query` is part of a name, or an integration's whole key (clients.md)."""
    service = services.c
    found = select(services).where(service.deleted_at.is_(None), seen(sight))
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


_ON_POLICIES = (
    select(services)
    .where(among(services.c.escalation_policy_id), services.c.deleted_at.is_(None))
    .order_by(func.lower(services.c.name))
)


def on_policies(conn: Connection, policy_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Live services by their policy."""
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(_ON_POLICIES, {"ids": list(policy_ids)}):
        grouped.setdefault(row.escalation_policy_id, []).append(row)
    return grouped


def integrations_of(conn: Connection, service_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """Live integrations by service, oldest first."""
    grouped: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(_INTEGRATIONS, {"ids": list(service_ids)}):
        grouped.setdefault(row.service_id, []).append(row)
    return grouped


_INTEGRATIONS = (
    select(integrations)
    .where(among(integrations.c.service_id), integrations.c.deleted_at.is_(None))
    .order_by(integrations.c.created_at, integrations.c.id)
)
_SERVICES = select(services).where(among(services.c.id))
_POLICIES = select(escalation_policies).where(
    escalation_policies.c.id.in_(_SERVICES.with_only_columns(services.c.escalation_policy_id))
)
_AROUND = Together(
    services=_SERVICES.where(services.c.deleted_at.is_(None)),
    policies=_POLICIES,
    teams=select(teams).where(teams.c.id.in_(_POLICIES.with_only_columns(escalation_policies.c.team_id))),
    integrations=_INTEGRATIONS,
    addons=OF_SERVICES.where(addons.c.type == "incident_show_addon"),
)


def around(conn: Connection, ids: Iterable[str]) -> dict[str, list[Found]]:
    """The live `services` among these, and `policies`, `teams`, `integrations` and `addons` of them all."""
    return _AROUND.read(conn, ids=ids)
