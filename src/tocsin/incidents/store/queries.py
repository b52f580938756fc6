"""What the wire reads of incidents: lists by filter, and everything around a page of rows in one load each.

Nothing here locks or decides; commands have their own reads beside the tables' nouns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, true, union

from tocsin.accounts.store.tables import teams, users
from tocsin.core import timers as due
from tocsin.core.recorded import by_id
from tocsin.escalation.store import policies
from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.model import TimerKind
from tocsin.incidents.store.tables import alerts, incidents, log_entries, notes, priorities
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store.tables import integrations, services

Rows = Sequence[Row[Any]]
Found = Mapping[str, Row[Any]]

OVERLOOKED = ("notify", "assign", "reach_ack_limit", "reach_trigger_limit", "repeat_escalation_path")
"""Log entries that an overview leaves out (core:L5)."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of incidents is narrowed to; empty means everything."""

    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[str] = ()
    urgencies: Sequence[str] = ()
    service_ids: Sequence[str] = ()
    team_ids: Sequence[str] = ()
    user_ids: Sequence[str] = ()
    key: str | None = None
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True)
class Around:
    """Rows by id of everything that a page of incidents, alerts or log entries refers to."""

    users: Found = field(default_factory=dict)
    services: Found = field(default_factory=dict)
    policies: Found = field(default_factory=dict)
    teams: Found = field(default_factory=dict)
    priorities: Found = field(default_factory=dict)
    integrations: Found = field(default_factory=dict)
    incidents: Found = field(default_factory=dict)
    alerts: Found = field(default_factory=dict)
    entries: Found = field(default_factory=dict)
    timers: Mapping[str, Sequence[due.Timer]] = field(default_factory=dict)


def standings(conn: Connection, given: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on incidents (by id or number) depend on: the team of their policy, and who is asked to answer."""
    ids = ids_of(conn, given)
    i = incidents.c
    query = (
        select(i.id, i.assignments, i.acknowledgements, escalation_policies.c.team_id)
        .outerjoin(escalation_policies, escalation_policies.c.id == i.policy_id)
        .where(i.id.in_(set(ids.values())))
    )
    found = {row.id: Standing(frozenset({row.team_id} - {None}), _asked(row)) for row in conn.execute(query)}
    return {one: found[id] for one, id in ids.items()}


def _asked(row: Any) -> frozenset[str]:
    return frozenset([one["user_id"] for one in row.assignments] + [one["id"] for one in row.acknowledgements])


def standings_of_entries(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """A log entry stands as its incident does."""
    of = {row.id: row.incident_id for row in by_id(conn, log_entries, ids).values()}
    found = standings(conn, [incident for incident in of.values() if incident])
    return {id: found.get(incident, Standing()) for id, incident in of.items()}


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the incident is seen, for its team's sake or because this person is asked to answer it."""
    if sight.everything:
        return true()
    i = incidents.c
    asked = or_(
        i.assignments.contains([{"user_id": sight.user_id}]), i.acknowledgements.contains([{"id": sight.user_id}])
    )
    mine = i.policy_id.in_(policies.seen_ids(sight))
    return or_(mine, asked) if sight.only is not None else or_(i.policy_id.is_(None), mine, asked)


def find(wanted: Filters) -> Select[Any]:
    """Incidents by filter, not yet ordered."""
    i = incidents.c
    found = select(incidents).where(seen(wanted.sight))
    if wanted.since is not None:
        found = found.where(i.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(i.created_at < wanted.until)
    if wanted.statuses:
        found = found.where(i.status.in_(wanted.statuses))
    if wanted.urgencies:
        found = found.where(i.urgency.in_(wanted.urgencies))
    if wanted.service_ids:
        found = found.where(i.service_id.in_(wanted.service_ids))
    if wanted.team_ids:
        found = found.where(i.policy_id.in_(_policies_of(wanted.team_ids)))
    if wanted.user_ids:
        having = [i.assignments.contains([{"user_id": user}]) for user in wanted.user_ids]
        found = found.where(i.status != "resolved", or_(*having))  # core:I32
    elif wanted.statuses and "resolved" not in wanted.statuses:
        found = found.where(i.status != "resolved")  # names the partial index of open incidents
    if wanted.key is not None:
        own = select(i.id).where(i.incident_key == wanted.key)
        of_alerts = select(alerts.c.incident_id).where(alerts.c.dedup_key == wanted.key)
        found = found.where(i.id.in_(union(own, of_alerts).scalar_subquery()))  # core:I9
    return found


def _policies_of(team_ids: Sequence[str]) -> Any:
    return select(escalation_policies.c.id).where(escalation_policies.c.team_id.in_(team_ids)).scalar_subquery()


def ids_of(conn: Connection, given: Iterable[str]) -> dict[str, str]:
    """Ids or incident numbers as clients give them -> ids of incidents that exist (core:I12)."""
    wanted = list(dict.fromkeys(given))
    numbers = [int(one) for one in wanted if one.isascii() and one.isdigit() and len(one) < 19]
    query = select(incidents.c.id, incidents.c.number).where(
        or_(incidents.c.id.in_(wanted), incidents.c.number.in_(numbers))
    )
    rows = conn.execute(query).all()
    known = {row.id: row.id for row in rows} | {str(row.number): row.id for row in rows}
    return {one: known[one] for one in wanted if one in known}


def by_ids(conn: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """Incidents in the order of `ids`."""
    found = by_id(conn, incidents, ids)
    return [found[id] for id in ids if id in found]


def _some(conn: Connection, table: Any, ids: Iterable[str | None]) -> Found:
    wanted = {id for id in ids if id}
    return by_id(conn, table, wanted) if wanted else {}


def around_incidents(conn: Connection, rows: Rows) -> Around:
    """Everything that these incidents refer to."""
    found = _some(conn, escalation_policies, (row.policy_id for row in rows))
    people = [one["user_id"] for row in rows for one in row.assignments]
    people += [one["id"] for row in rows for one in row.acknowledgements]
    people += [(row.last_status_change_by or {}).get("id") for row in rows]
    return Around(
        users=_some(conn, users, people),
        services=_some(conn, services, (row.service_id for row in rows)),
        policies=found,
        teams=_some(conn, teams, (policy.team_id for policy in found.values())),
        priorities=_some(conn, priorities, (row.priority_id for row in rows)),
        incidents=_some(conn, incidents, ((row.resolve_reason or {}).get("incident_id") for row in rows)),
        entries=_some(conn, log_entries, (row.first_trigger_log_entry_id for row in rows)),
        timers=_timers(conn, [row.id for row in rows if row.status != "resolved"]),
    )


def _timers(conn: Connection, ids: Sequence[str]) -> dict[str, list[due.Timer]]:
    found: dict[str, list[due.Timer]] = {}
    for timer in due.of(conn, ids) if ids else ():
        found.setdefault(timer.subject, []).append(timer)
    return found


def around_alerts(conn: Connection, rows: Rows) -> Around:
    """Everything that these alerts refer to."""
    return Around(
        services=_some(conn, services, (row.service_id for row in rows)),
        integrations=_some(conn, integrations, (row.integration_id for row in rows)),
        incidents=_some(conn, incidents, (row.incident_id for row in rows)),
        entries=_some(conn, log_entries, (row.first_trigger_log_entry_id for row in rows)),
    )


def around_entries(conn: Connection, rows: Rows) -> Around:
    """Everything that these log entries refer to."""
    about = _some(conn, incidents, (row.incident_id for row in rows))
    found = _some(conn, escalation_policies, (row.policy_id for row in about.values()))
    people = [id for row in rows for id in (row.user_id, row.actor_id, *row.assignees)]
    return Around(
        users=_some(conn, users, people),
        services=_some(conn, services, (row.service_id for row in rows)),
        policies=found,
        teams=_some(conn, teams, (policy.team_id for policy in found.values())),
        incidents=about,
        alerts=_some(conn, alerts, (row.alert_id for row in rows if row.type == "trigger")),
    )


def alerts_of(incident_id: str, statuses: Sequence[str] = (), key: str | None = None) -> Select[Any]:
    """An incident's alerts, not yet ordered; none where the service makes incidents only (core:I11)."""
    a = alerts.c
    shown = select(services.c.id).where(services.c.alert_creation != "create_incidents").scalar_subquery()
    found = select(alerts).where(a.incident_id == incident_id, a.service_id.in_(shown))
    if statuses:
        found = found.where(a.status.in_(statuses))
    return found.where(a.dedup_key == key) if key is not None else found


def alert(conn: Connection, incident_id: str, alert_id: str) -> Row[Any] | None:
    """One alert of an incident."""
    mine = and_(alerts.c.id == alert_id, alerts.c.incident_id == incident_id)
    return conn.execute(select(alerts).where(mine)).one_or_none()


def entries_of(
    incident_id: str | None, since: datetime | None, until: datetime | None, overview: bool, sight: Sight = EVERYTHING
) -> Select[Any]:
    """Log entries, newest first."""
    e = log_entries.c
    order = (e.seq.desc(),) if incident_id else (e.at.desc(), e.id.desc())
    found = select(log_entries).order_by(*order)
    if incident_id:
        found = found.where(e.incident_id == incident_id)
    elif not sight.everything:
        found = found.where(e.incident_id.in_(select(incidents.c.id).where(seen(sight)).scalar_subquery()))
    if since is not None:
        found = found.where(e.at >= since)
    if until is not None:
        found = found.where(e.at < until)
    if overview:
        found = found.where(e.type.not_in(OVERLOOKED))
    return found


def notes_of(conn: Connection, incident_id: str) -> Rows:
    """The notes on an incident, oldest first."""
    mine = (notes.c.incident_id == incident_id) & notes.c.deleted_at.is_(None)
    return conn.execute(select(notes).where(mine).order_by(notes.c.created_at, notes.c.id)).all()


def open_by_service(conn: Connection, service_ids: Sequence[str]) -> dict[str, bool]:
    """Services that have an open incident -> whether one of them is triggered."""
    i = incidents.c
    query = (
        select(i.service_id, func.bool_or(i.status == "triggered").label("triggered"))
        .where(i.service_id.in_(service_ids), i.status != "resolved")
        .group_by(i.service_id)
    )
    return {row.service_id: row.triggered for row in conn.execute(query)}


def last_by_service(conn: Connection, service_ids: Sequence[str]) -> dict[str, datetime]:
    """When each service's last incident opened (a look into the index for each, not a scan)."""
    last = (
        select(incidents.c.created_at)
        .where(incidents.c.service_id == services.c.id)
        .order_by(incidents.c.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(services.c.id, last.label("at")).where(services.c.id.in_(service_ids))
    return {row.id: row.at for row in conn.execute(query) if row.at is not None}


SHOWN_TIMERS = {
    TimerKind.ESCALATE: "escalate",
    TimerKind.UNACKNOWLEDGE: "unacknowledge",
    TimerKind.RESOLVE: "resolve",
    TimerKind.URGENCY: "urgency_change",
}
"""Timers that clients see as pending actions (core:I7)."""
