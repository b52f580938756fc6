"""Maintenance windows in PostgreSQL: found, and copied onto the rows of their services."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Row, Select, Text, cast, func, select, text, true

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.tables import teams
from tocsin.core.recorded import by_id
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store import catalog, seeing
from tocsin.services.store.tables import maintenance_windows, services, window_numbers

AHEAD = 20
"""So many windows stand on a service's row, which the intake reads; the others follow when these are over."""

_PROJECT = text(
    """
    UPDATE services s SET maintenance = (
      SELECT jsonb_agg(jsonb_build_object('id', w.id, 'name', w.description, 'start', w.start_time, 'end', w.end_time)
                       ORDER BY w.start_time, w.id)
      FROM (SELECT * FROM maintenance_windows m WHERE m.end_time > :now AND m.service_ids ? s.id
            ORDER BY m.start_time, m.id LIMIT :ahead) w)
    WHERE s.id = ANY(:ids)
    """
)


def project(conn: Connection, service_ids: Iterable[str], now: datetime) -> None:
    """Copy the windows that are not over onto the rows of these services, which the caller has locked."""
    conn.execute(_PROJECT, {"ids": list(service_ids), "now": now, "ahead": AHEAD})


def next_number(conn: Connection) -> int:
    """The next `sequence_number` (gaps are allowed)."""
    number: int = conn.execute(select(func.nextval(window_numbers.name))).scalar_one()
    return number


def state(name: str, now: datetime) -> ColumnElement[bool]:
    """A condition for a `filter` of core:W3."""
    start, end = maintenance_windows.c.start_time, maintenance_windows.c.end_time
    return {
        "past": end <= now, "future": start > now, "ongoing": (start <= now) & (end > now), "open": end > now,
        "all": true(),
    }[name]  # fmt: skip


def find(
    given: ColumnElement[bool], query: str | None = None, service_ids: Sequence[str] = (),
    team_ids: Sequence[str] = (), sight: Sight = EVERYTHING,
) -> Select[Any]:  # fmt: skip
    """Windows that fulfil `given`, unordered; `query` is a part of the description."""
    w = maintenance_windows.c
    found = select(maintenance_windows).where(given)
    if query:
        found = found.where(matching(w.description, query))
    if service_ids:
        found = found.where(w.service_ids.has_any(cast(list(service_ids), ARRAY(Text))))
    if team_ids:
        found = found.where(_has(_of_teams(team_ids)))
    return found if sight.everything else found.where(_has(seeing.seen(sight)))


def _of_teams(team_ids: Sequence[str]) -> ColumnElement[bool]:
    policy = escalation_policies.c
    theirs = select(policy.id).where(policy.team_id.in_(team_ids)).scalar_subquery()
    return services.c.escalation_policy_id.in_(theirs)


def _has(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition: one of the window's services is so."""
    own = (
        func.jsonb_array_elements_text(maintenance_windows.c.service_ids)
        .table_valued("id", name="own")
        .render_derived()
    )
    mine = select(services.c.id).select_from(own.join(services, services.c.id == own.c.id)).where(wanted)
    return mine.correlate(maintenance_windows).exists()


def services_of(conn: Connection, ids: Iterable[str], sight: Sight = EVERYTHING) -> dict[str, Row[Any]]:
    """Services (deleted ones too) that are seen, each with the id and name of its team (core:C3)."""
    policy = escalation_policies.c
    query = (
        select(services, policy.team_id, teams.c.name.label("team_name"))
        .outerjoin(escalation_policies, policy.id == services.c.escalation_policy_id)
        .outerjoin(teams, teams.c.id == policy.team_id)
        .where(services.c.id.in_(list(ids)), seeing.seen(sight))
    )
    return {row.id: row for row in conn.execute(query)}


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """A window stands as its services do: it belongs to the teams of them all."""
    found = by_id(conn, maintenance_windows, ids)
    named = {id for row in found.values() for id in row.service_ids}
    of = catalog.standings(conn, list(named))
    return {id: _standing([of[one] for one in row.service_ids if one in of]) for id, row in found.items()}


def _standing(own: Sequence[Standing]) -> Standing:
    every = frozenset[str]().union(*(one.teams for one in own))
    return Standing(every, open=any(not one.teams for one in own))
