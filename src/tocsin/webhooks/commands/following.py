"""From the ledger to deliveries, in lots (SPINE 3, core:H13).

1. One follower at a time, by a lock on the cursor. What it makes and how far it is are one transaction: killed at any
   point, it begins again where it was, and nothing is made twice (a delivery's source is unique for its receiver).
2. The events of an incident are made in the order of its own entries, whatever order their transactions came in.
3. Nobody listens: the cursor moves on, and nothing is read. Held: nothing happens, and nothing is passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from tocsin.accounts.store.responders import held
from tocsin.accounts.store.tables import teams, users
from tocsin.accounts.wire import team_ref
from tocsin.core import ids
from tocsin.core.db import Tx
from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.store import queries
from tocsin.incidents.store.tables import alerts, incidents, log_entries
from tocsin.rest.objects import Links
from tocsin.services.store.tables import services
from tocsin.webhooks.addresses import LinksOf
from tocsin.webhooks.commands.telling import new_delivery
from tocsin.webhooks.logic.events import V2, meant, of_record
from tocsin.webhooks.logic.past import as_of
from tocsin.webhooks.model import EXTENSION, SUBSCRIPTION, Entry, Receiver
from tocsin.webhooks.store import ledger, queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import extensions
from tocsin.webhooks.wire import v2, v3
from tocsin.webhooks.wire.told import Told, fitted

AT_ONCE = 500
Delivery = dict[str, Any]


def follow(tx: Tx, links_of: LinksOf, most: int = AT_ONCE) -> bool:
    """Follow the next lot; whether there may be more."""
    if held(tx.conn):
        return False
    start = ledger.take(tx.conn)
    if start is None:
        return False
    line = ledger.line(tx.conn)
    end = ledger.lot(tx.conn, start, line, most)
    if end is None:
        return False
    told = stored.all_on(tx.conn, tx.now)
    if not told:
        ledger.move(tx.conn, line)
        return False
    queues.lock(tx.conn, [one.id for one in told])
    told = stored.all_on(tx.conn, tx.now)  # as they are now that nobody can switch them off
    links = links_of(tx.conn)
    new = [*_of_incidents(tx, told, links, start, end), *_of_services(tx, told, links, start, end)]
    queues.put(tx.conn, new, tx.now)
    ledger.move(tx.conn, end)
    return end < line


def waiting(conn: Connection) -> bool:
    """Whether anything is still to be followed for somebody (the test clock waits for it)."""
    return ledger.behind(conn)[0] > 0 and stored.anybody(conn)


def start(tx: Tx) -> None:
    """A worker begins: from now on at the latest the ledger is followed."""
    ledger.begin(tx.conn)


@dataclass(frozen=True, slots=True)
class _Lot:
    """Everything that the events of a lot are made from, by id."""

    about: frozenset[str]  # the entries that this lot tells of
    histories: Mapping[str, Sequence[Entry]]
    incidents: Mapping[tuple[str, int], Any]  # (incident, transaction) -> as it stood
    around: queries.Around
    alerts: Mapping[str, Any]


def _of_incidents(tx: Tx, told: Sequence[Receiver], links: Links, start: int, end: int) -> list[Delivery]:
    lot = _read(tx.conn, start, end)
    events = [
        Told(ids.ordered(entry.at), line, entry, lot.incidents[id, entry.xid], lot.around, lot.alerts)
        for id, history in lot.histories.items()
        for entry, line in meant(history)
        if entry.id in lot.about
    ]
    subscribed = [one for one in told if one.type == SUBSCRIPTION]
    return [*_v3(tx, subscribed, events, links), *_v2(tx, [x for x in told if x.type == EXTENSION], events, links)]


def _read(conn: Connection, start: int, end: int) -> _Lot:
    lasts = ledger.touched(conn, start, end)
    rows = ledger.rows_of(conn, incidents, lasts)  # before the entries: these may be newer, never older
    histories = {id: own for id, own in ledger.histories(conn, lasts, start).items() if id in rows}
    entries = [entry for id, history in histories.items() for entry in ledger.in_lot(history, start, lasts[id])]
    steps = {(entry.incident_id, entry.xid) for entry in entries}
    stood = {(id, xid): v2.seen_as(rows[id], as_of(histories[id], xid)) for id, xid in steps}
    around = _around(conn, list(stood.values()), entries)
    return _Lot(frozenset(entry.id for entry in entries), histories, stood, around, _alerts(conn, entries))


def _around(conn: Connection, rows: Sequence[Any], entries: Iterable[Entry]) -> queries.Around:
    found = queries.around_incidents(conn, rows)
    people = {id for entry in entries for id in (entry.user_id, entry.actor_id, *entry.assignees) if id}
    missing = people - found.users.keys()
    return replace(found, users={**found.users, **ledger.rows_of(conn, users, missing)}) if missing else found


def _alerts(conn: Connection, entries: Iterable[Entry]) -> Mapping[str, Any]:
    wanted = {entry.alert_id for entry in entries if entry.alert_id and entry.seq == 1}
    return ledger.rows_of(conn, alerts, wanted) if wanted else {}


def _v3(tx: Tx, told: Sequence[Receiver], events: Sequence[Told], links: Links) -> Iterator[Delivery]:
    for event in events:
        name = event.line.event
        wanting = [one for one in told if one.wants(name, event.services, event.teams)]
        if not wanting:
            continue
        body = fitted(lambda brief, event=event: v3.envelope(event, brief), links)  # type: ignore[misc]
        for one in wanting:
            subject, source = event.incident.id, event.entry.id
            yield new_delivery(tx.now, one.id, subject, event.event_id, name, body, source=source)


def _v2(tx: Tx, told: Sequence[Receiver], events: Sequence[Told], links: Links) -> Iterator[Delivery]:
    meant = [
        (event, one) for event in events if event.line.event in V2
        for one in told if event.incident.service_id in one.services
    ]  # fmt: skip
    if not meant:
        return
    rows = ledger.rows_of(tx.conn, extensions, {one.id for _, one in meant})
    lines = ledger.rows_of(tx.conn, log_entries, {event.entry.id for event, _ in meant})
    for event, one in meant:
        name, line = V2[event.line.event], lines[event.entry.id]
        row = rows[one.id]
        body = fitted(lambda brief, e=event, n=name, r=row, x=line: v2.message(e, n, r, x, brief), links)  # type: ignore[misc]
        yield new_delivery(tx.now, one.id, event.incident.id, event.event_id, name, body, source=event.entry.id)


def _of_services(tx: Tx, told: Sequence[Receiver], links: Links, start: int, end: int) -> Iterator[Delivery]:
    listening = [one for one in told if any(name.startswith("service.") for name in one.events)]
    records = ledger.records(tx.conn, start, end) if listening else ()
    if not records:
        return
    rows = ledger.rows_of(tx.conn, services, {record.root_id for record in records})
    policies = ledger.rows_of(tx.conn, escalation_policies, {row.escalation_policy_id for row in rows.values()})
    named = ledger.rows_of(tx.conn, teams, {policy.team_id for policy in policies.values() if policy.team_id})
    for record in records:
        line, row = of_record(record.resource_type, record.action, record.after), rows.get(record.root_id)
        if line is None or row is None:
            continue
        team = named.get(policies[row.escalation_policy_id].team_id)
        event_id = ids.ordered(record.at)
        refs = [team_ref(team.id, team.name)] if team is not None else []
        made = v3.service_event(event_id, line.event, record, row, refs)
        body = fitted(lambda _, made=made: made, links)  # type: ignore[misc]
        for one in listening:
            if one.wants(line.event, [row.id], [team.id] if team is not None else []):
                yield new_delivery(tx.now, one.id, row.id, event_id, line.event, body, source=record.id)
