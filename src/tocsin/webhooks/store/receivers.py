"""Who is to be told: subscriptions and extensions as the follower, the claim and the lists read them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select, text

from tocsin.accounts.store.standing import seen_by_team
from tocsin.accounts.store.tables import teams
from tocsin.core.recorded import by_id
from tocsin.core.sealing import Sealer
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store import catalog, seeing
from tocsin.services.store.tables import services
from tocsin.webhooks.model import EXTENSION, SUBSCRIPTION, Receiver
from tocsin.webhooks.schemas import SCHEMAS
from tocsin.webhooks.store.tables import (
    CONFIG,
    HEADERS,
    deliveries,
    endpoints,
    extensions,
    oauth_clients,
    secrets,
    subscriptions,
)

SCOPES = {"service": services, "team": teams}


def all_on(conn: Connection, now: Any) -> list[Receiver]:
    """Every receiver that is switched on."""
    off = endpoints.c.disabled_until.is_not(None) & (endpoints.c.disabled_until > now)
    s, x = subscriptions.c, extensions.c
    told = select(subscriptions).join(endpoints, endpoints.c.id == s.id).where(s.active, ~off)
    kinds = [id for id, schema in SCHEMAS.items() if schema.delivers == "v2"]
    listening = select(extensions).join(endpoints, endpoints.c.id == x.id).where(x.schema_id.in_(kinds), ~off)
    found = [
        Receiver(row.id, SUBSCRIPTION, frozenset(row.events), row.scope, row.scope_id) for row in conn.execute(told)
    ]
    return found + [
        Receiver(row.id, EXTENSION, services=frozenset(row.service_ids), schema=row.schema_id)
        for row in conn.execute(listening)
    ]


def anybody(conn: Connection) -> bool:
    """Whether anybody is to be told anything, switched off for a while or not."""
    kinds = [id for id, schema in SCHEMAS.items() if schema.delivers == "v2"]
    listens = or_(exists().where(subscriptions.c.active), exists().where(extensions.c.schema_id.in_(kinds)))
    return conn.scalar(select(listens)) or False


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the subscription is seen, for the sake of what it filters by."""
    s = subscriptions.c
    if sight.everything:
        return s.id.is_not(None)
    of_service = (s.scope == "service") & s.scope_id.in_(select(services.c.id).where(seeing.seen(sight)))
    of_team = (s.scope == "team") & seen_by_team(sight, s.scope_id)
    found = [of_service, of_team]
    return or_(*found) if sight.only is not None else or_(s.scope == "account", *found)


def find(scope: str | None, scope_id: str | None, sight: Sight = EVERYTHING) -> Select[Any]:
    """Subscriptions, unordered."""
    s = subscriptions.c
    found = select(subscriptions).where(seen(sight))
    if scope:
        found = found.where(s.scope == scope)
    return found.where(s.scope_id == scope_id) if scope_id else found


def find_extensions(
    query: str | None, service_id: str | None, schema_id: str | None, sight: Sight = EVERYTHING
) -> Select[Any]:
    """Extensions, unordered: those on a service that is seen."""
    x = extensions.c
    found = select(extensions)
    if not sight.everything:
        found = found.where(exists().where(x.service_ids.has_key(services.c.id), seeing.seen(sight)))
    if query:
        found = found.where(func.strpos(func.lower(x.name), query.lower()) > 0)
    if service_id:
        found = found.where(x.service_ids.contains([service_id]))
    return found.where(x.schema_id == schema_id) if schema_id else found


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on subscriptions depend on: the team or service that they filter by."""
    rows = by_id(conn, subscriptions, ids).values()
    of_services = catalog.standings(conn, [row.scope_id for row in rows if row.scope == "service"])
    found = {"account": lambda row: Standing(), "team": lambda row: Standing(frozenset({row.scope_id}))}
    found["service"] = lambda row: of_services.get(row.scope_id, Standing())
    return {row.id: found[row.scope](row) for row in rows}


def standings_of_extensions(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on extensions depend on: the teams of their services."""
    rows = by_id(conn, extensions, ids).values()
    of_services = catalog.standings(conn, [id for row in rows for id in row.service_ids])
    return {
        row.id: Standing(
            frozenset(team for id in row.service_ids if id in of_services for team in of_services[id].teams)
        )
        for row in rows
    }


def services_on(conn: Connection, rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """The services of extensions by id, each with the team of its policy as `team_id`."""
    ids = {id for row in rows for id in row.service_ids}
    query = (
        select(services, escalation_policies.c.team_id)
        .join(escalation_policies, escalation_policies.c.id == services.c.escalation_policy_id)
        .where(services.c.id.in_(ids))
    )
    return {row.id: row for row in conn.execute(query)}


def secrets_of(conn: Connection, subscription_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """The signing secrets of subscriptions, newest first."""
    s = secrets.c
    query = select(secrets).where(s.subscription_id.in_(list(subscription_ids)))
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(query.order_by(s.created_at.desc(), s.id.desc())):
        found.setdefault(row.subscription_id, []).append(row)
    return found


def clients_of(conn: Connection, rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """The OAuth clients that subscriptions name."""
    ids = {row.oauth_client_id for row in rows if row.oauth_client_id}
    return by_id(conn, oauth_clients, ids) if ids else {}


def headers_of(sealer: Sealer, row: Row[Any]) -> list[tuple[str, str]]:
    """A subscription's own headers, opened."""
    if row.headers is None:
        return []
    return [(name, value) for name, value in msgspec.json.decode(sealer.open(HEADERS, row.headers))]


def config_of(sealer: Sealer, row: Row[Any]) -> Any:
    """An extension's configuration, opened."""
    return None if row.config is None else msgspec.json.decode(sealer.open(CONFIG, row.config))


def actions_on(conn: Connection, service_id: str) -> Sequence[Row[Any]]:
    """The custom incident actions of a service."""
    kinds = [id for id, schema in SCHEMAS.items() if schema.delivers == "custom"]
    x = extensions.c
    query = select(extensions).where(x.schema_id.in_(kinds), x.service_ids.contains([service_id]))
    return conn.execute(query.order_by(func.lower(x.name), x.id)).all()


def named(conn: Connection, rows: Iterable[Row[Any]]) -> dict[str, str]:
    """The names of what subscriptions filter by."""
    wanted: dict[str, set[str]] = {"service": set(), "team": set()}
    for row in rows:
        if row.scope in wanted:
            wanted[row.scope].add(row.scope_id)
    found: dict[str, str] = {}
    for scope, ids in wanted.items():
        found |= {id: one.name for id, one in by_id(conn, SCOPES[scope], ids).items()} if ids else {}
    return found


def log_of(endpoint_id: str) -> Select[Any]:
    """The deliveries of a receiver, newest first."""
    d = deliveries.c
    return select(deliveries).where(d.endpoint_id == endpoint_id).order_by(d.position.desc())


def one_at_a_time(conn: Connection) -> None:
    """Counting and adding is for one transaction at a time (the limits of core:H3)."""
    conn.execute(text("SELECT pg_advisory_xact_lock(7246008)"))
