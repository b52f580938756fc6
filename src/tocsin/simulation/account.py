"""The account as a simulation reads it: everything that its decisions can come to need, and no locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, or_, select

from tocsin.accounts.store.people import live_users, the_account
from tocsin.accounts.store.responders import owner_id
from tocsin.core import ids
from tocsin.core.db import to_json
from tocsin.core.intake_log import Raw, Stored
from tocsin.escalation.model import OnCall, Queue, Snapshot, Target, TargetKind
from tocsin.escalation.store.oncall import fallbacks, resolved, targets_of, turn
from tocsin.escalation.store.rings import read_rings
from tocsin.escalation.store.snapshots import current
from tocsin.events.logic.reading import read
from tocsin.events.model import Destination, Incoming
from tocsin.incidents.commands.table import repage_after
from tocsin.incidents.model import Alert, Incident
from tocsin.incidents.store import alerts as alert_store
from tocsin.incidents.store import incidents as incident_store
from tocsin.notifications.logic import Rule
from tocsin.notifications.store.chains import rules_of
from tocsin.schedules.model import Schedule
from tocsin.schedules.store.loading import absent, load, people_of
from tocsin.services.store.routes import integrations_by_key, live_keys, load_services
from tocsin.services.store.tables import integrations, services

_EVENTS = ("events_api_v2_inbound_integration", "generic_events_api_inbound_integration")


@dataclass(frozen=True, slots=True)
class Account:
    """What was read. `gone` are the people of these schedules who are no longer in the account."""

    event: Incoming
    to: Destination
    alerts: Mapping[tuple[str, str], Alert]
    incidents: Mapping[str, Incident]
    targets: frozenset[Target]
    schedules: Mapping[str, Schedule]
    gone: frozenset[str]
    emails: Mapping[str, str]
    rings: Mapping[tuple[str, str], Queue]
    fallback: Mapping[str, tuple[str, ...]]
    owner: str | None
    repage: timedelta | None
    rules: Mapping[str, list[Rule]]
    held: bool

    def on_call(self, at: datetime) -> OnCall:
        """Everybody whom the policies at hand mean at an instant."""
        meant = {id: turn(schedule, at, self.gone) for id, schedule in self.schedules.items()}
        return resolved(self.targets, meant, self.emails)


def key_of_service(conn: Connection, name: str) -> str | None:
    """A key that leads to the service with this id or name."""
    s, i = services.c, integrations.c
    query = (
        select(i.integration_key)
        .join(services, s.id == i.service_id)
        .where(or_(s.id == name, func.lower(s.name) == name.lower()), s.deleted_at.is_(None))
        .where(i.deleted_at.is_(None), i.integration_key.is_not(None))
        .order_by(i.type.in_(_EVENTS).desc(), i.created_at, i.id)
    )
    return conn.scalar(query.limit(1))


def read_account(conn: Connection, event: Mapping[str, Any], key_name: str, now: datetime) -> Account | None:
    """The account around this event; None where its key leads nowhere."""
    incoming = _incoming(event, key_name, now)
    if incoming.key not in live_keys(conn):
        return None
    integration = integrations_by_key(conn, [incoming.key])[incoming.key]
    service = load_services(conn, [integration.service_id])[integration.service_id]
    snapshot = current(conn, [service.policy_id]).get(service.policy_id)
    keys = [(integration.id, incoming.dedup_key)]
    incidents = incident_store.load(conn, alert_store.incidents_of_open(conn, keys))
    taken = [s for s in (snapshot, *(incident.snapshot for incident in incidents.values())) if s is not None]
    return _around(conn, incoming, Destination(integration, service, snapshot), incidents, taken, now)


def _incoming(event: Mapping[str, Any], key_name: str, now: datetime) -> Incoming:
    kind, dedup = ("v1", "incident_key") if key_name == "service_key" else ("v2", "dedup_key")
    body = msgspec.Raw(to_json(event).encode())
    return read(
        Stored("simulated", 0, 0, True, Raw(kind, now, event[key_name], event.get(dedup) or ids.dedup_key(), body))
    )


def _around(
    conn: Connection,
    event: Incoming,
    to: Destination,
    incidents: dict[str, Incident],
    taken: list[Snapshot],
    now: datetime,
) -> Account:
    targets = targets_of(taken)
    schedules = load(conn, {t.id for t in targets if t.kind is TargetKind.SCHEDULE}, now)
    fallback, owner = fallbacks(conn, {snapshot.policy_id for snapshot in taken}), owner_id(conn)
    people = {t.id for t in targets if t.kind is TargetKind.USER} | people_of(schedules.values())
    people |= {user for users in fallback.values() for user in users} | ({owner} if owner else set())
    people |= {user for incident in incidents.values() for user in incident.assignees}
    row = the_account(conn)
    return Account(
        event, to, alert_store.open_alerts(conn, [(to.integration.id, event.dedup_key)]), incidents,
        frozenset(targets), schedules, absent(conn, people),
        {id: row.email for id, row in live_users(conn, people).items()},
        read_rings(conn, taken), fallback, owner, repage_after(conn), rules_of(conn, people),
        bool(row and row.held),
    )  # fmt: skip
