"""What the wire reads of incidents: lists by filter, and everything around a page of rows in one load each.

Nothing here locks or decides; commands have their own reads beside the tables' nouns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, func, or_, select, true, union

from tocsin.accounts.store.tables import teams, users
from tocsin.core import timers as due
from tocsin.core.recorded import by_id
from tocsin.core.together import Together, among
from tocsin.escalation.store import policies
from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.model import TimerKind
from tocsin.incidents.store.tables import alerts, incident_types, incidents, log_entries, notes, priorities
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store.tables import integrations, services

Rows = Sequence[Row[Any]]
Found = Mapping[str, Any]

OVERLOOKED = ("notify", "assign", "reach_ack_limit", "reach_trigger_limit", "repeat_escalation_path")
"""Log entries that an overview leaves out (core:L5)."""


HELPING = ("pending", "joined")
"""Whoever is asked to help, or does, sees the incident and may answer it."""


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
    type_ids: Sequence[str] = ()


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
    timers: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # by subject, the earliest first


def standings(conn: Connection, given: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on incidents (by id or number) depend on: the team of their policy, and who is asked to answer."""
    ids = ids_of(conn, given)
    i = incidents.c
    query = (
        select(i.id, i.assignments, i.acknowledgements, i.requests, escalation_policies.c.team_id)
        .outerjoin(escalation_policies, escalation_policies.c.id == i.policy_id)
        .where(i.id.in_(set(ids.values())))
    )
    found = {row.id: Standing(frozenset({row.team_id} - {None}), _asked(row)) for row in conn.execute(query)}
    return {one: found[id] for one, id in ids.items()}


def _asked(row: Any) -> frozenset[str]:
    helping = (
        one["user_id"] for request in row.requests for target in request["targets"] for one in target["responders"]
        if one["state"] in HELPING
    )  # fmt: skip
    had = (one["user_id"] for one in row.assignments), (one["id"] for one in row.acknowledgements)
    return frozenset((*had[0], *had[1], *helping))


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
    helping = [{"targets": [{"responders": [{"user_id": sight.user_id, "state": state}]}]} for state in HELPING]
    asked = or_(
        i.assignments.contains([{"user_id": sight.user_id}]), i.acknowledgements.contains([{"id": sight.user_id}]),
        *(i.requests.contains([one]) for one in helping),
    )  # fmt: skip
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
    if wanted.type_ids:
        named = select(incident_types.c.name).where(incident_types.c.id.in_(wanted.type_ids))
        found = found.where(i.incident_type.in_(named.scalar_subquery()))
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


def _named(table: Table) -> Select[Any]:
    """Those of a table whose ids are in the parameter of its name."""
    return select(table).where(among(table.c.id, table.name))


def _teams_of(policies: Select[Any]) -> Select[Any]:
    return select(teams).where(teams.c.id.in_(policies.with_only_columns(escalation_policies.c.team_id)))


_TIMERS = select(due.timers).where(among(due.timers.c.subject, "timers")).order_by(due.timers.c.due_at)
_POLICIES = _named(escalation_policies)
_THEIR_POLICIES = select(escalation_policies).where(
    escalation_policies.c.id.in_(_named(incidents).with_only_columns(incidents.c.policy_id))
)
_AROUND_INCIDENTS = Together(
    users=_named(users), services=_named(services), policies=_POLICIES, teams=_teams_of(_POLICIES),
    priorities=_named(priorities), incidents=_named(incidents), entries=_named(log_entries), timers=_TIMERS,
)  # fmt: skip
_AROUND_ALERTS = Together(
    services=_named(services), integrations=_named(integrations), incidents=_named(incidents),
    entries=_named(log_entries),
)  # fmt: skip
_AROUND_ENTRIES = Together(
    users=_named(users), services=_named(services), policies=_THEIR_POLICIES, teams=_teams_of(_THEIR_POLICIES),
    incidents=_named(incidents), alerts=_named(alerts),
)  # fmt: skip


def _around(read: Together, conn: Connection, **wanted: Iterable[str | None]) -> Around:
    """Everything with the ids `wanted` of each table, and what hangs on it, in one statement."""
    found = read.read(conn, **{name: {id for id in ids if id} for name, ids in wanted.items()})
    timers: dict[str, list[Any]] = {}
    for timer in found.pop("timers", ()):
        timers.setdefault(timer.subject, []).append(timer)
    by_id: dict[str, Any] = {name: {row.id: row for row in rows} for name, rows in found.items()}
    return Around(**by_id, timers=timers)


def around_incidents(conn: Connection, rows: Rows) -> Around:
    """Everything that these incidents refer to."""
    people = [one["user_id"] for row in rows for one in row.assignments]
    people += [one["id"] for row in rows for one in row.acknowledgements]
    people += [(row.last_status_change_by or {}).get("id") for row in rows]
    people += [person for row in rows for person in named_in(row.requests)]
    return _around(
        _AROUND_INCIDENTS,
        conn,
        users=people,
        services=(row.service_id for row in rows),
        escalation_policies=(row.policy_id for row in rows),
        priorities=(row.priority_id for row in rows),
        incidents=((row.resolve_reason or {}).get("incident_id") for row in rows),
        log_entries=(row.first_trigger_log_entry_id for row in rows),
        timers=(row.id for row in rows if row.status != "resolved"),
    )


def named_in(requests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everybody whom stored requests for help name."""
    asked = [one["user_id"] for request in requests for target in request["targets"] for one in target["responders"]]
    return [*asked, *(request["requester_id"] for request in requests)]


def around_alerts(conn: Connection, rows: Rows) -> Around:
    """Everything that these alerts refer to."""
    return _around(
        _AROUND_ALERTS,
        conn,
        services=(row.service_id for row in rows),
        integrations=(row.integration_id for row in rows),
        incidents=(row.incident_id for row in rows),
        log_entries=(row.first_trigger_log_entry_id for row in rows),
    )


def around_entries(conn: Connection, rows: Rows) -> Around:
    """Everything that these log entries refer to."""
    return _around(
        _AROUND_ENTRIES,
        conn,
        users=[id for row in rows for id in (row.user_id, row.actor_id, *row.assignees)],
        services=(row.service_id for row in rows),
        incidents=(row.incident_id for row in rows),
        alerts=(row.alert_id for row in rows if row.type == "trigger"),
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


OPEN_BY_SERVICE = (
    select(incidents.c.service_id, func.bool_or(incidents.c.status == "triggered").label("triggered"))
    .where(among(incidents.c.service_id), incidents.c.status != "resolved")
    .group_by(incidents.c.service_id)
)
"""(service_id, triggered) of those services that have an open incident: whether one of them is triggered."""

_LAST = (
    select(incidents.c.created_at)
    .where(incidents.c.service_id == services.c.id)
    .order_by(incidents.c.created_at.desc())
    .limit(1)
    .scalar_subquery()
)
LAST_BY_SERVICE = select(services.c.id, _LAST.label("at")).where(among(services.c.id))
"""(id, at): when each service's last incident opened (a look into the index for each, not a scan)."""

SHOWN_TIMERS = {
    TimerKind.ESCALATE: "escalate",
    TimerKind.UNACKNOWLEDGE: "unacknowledge",
    TimerKind.RESOLVE: "resolve",
    TimerKind.URGENCY: "urgency_change",
}
"""Timers that clients see as pending actions (core:I7)."""
