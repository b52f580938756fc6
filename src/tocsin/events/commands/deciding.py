"""Turning stored events into alerts and incidents, one transaction a batch (SPINE 1, SPINE 2).

1. Destination services are locked in the order of their ids before anything is decided.
2. Open alerts are read again after their incidents are locked: a merge may have moved them meanwhile.
3. A batch that fails is halved until the bad event stands alone; that one is parked, and its service's responders are
   paged with what can be read of it. If not even that can be decided (the service itself is at fault), the owner is
   told. A lane is never blocked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.accounts.store.responders import owner_id
from tocsin.core import effects, ids, intake_log
from tocsin.core.db import Database, Tx
from tocsin.core.intake_log import Claim, Stored
from tocsin.core.values import changed
from tocsin.escalation.store.snapshots import current
from tocsin.events.commands.changes import store_changes
from tocsin.events.logic.folding import Desk, Key
from tocsin.events.logic.reading import read, unreadable
from tocsin.events.model import Destination, Incoming
from tocsin.incidents.commands.table import known
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import Alert, Notice
from tocsin.incidents.store import alerts as alert_store
from tocsin.incidents.store import incidents as incident_store
from tocsin.incidents.store.outcome import save_fold
from tocsin.services.store.routes import integrations_by_key, load_services

log = structlog.get_logger()


_readers = ThreadPoolExecutor(4, "reader")


class LaneLost(Exception):
    """Another worker owns the lane now; nothing of this batch was written."""


def drain(database: Database, claim: Claim, size: int, until: Callable[[], bool]) -> None:
    """Decide the lane's events, batch after batch, until it is empty or `until()` says that its turn is over.

    The next batch is read while this one is decided: PostgreSQL reads while Python thinks.
    """
    batch = _read(database, claim, size, None)
    while batch:
        ahead = _readers.submit(_read, database, claim, size, batch[-1]) if len(batch) == size else None
        decide(database, claim, batch)
        batch = ahead.result() if ahead is not None and not until() else []


def _read(database: Database, claim: Claim, size: int, beyond: Stored | None) -> list[Stored]:
    with database.begin() as tx:
        return intake_log.read(tx.conn, claim.lane, size, beyond)


def decide(database: Database, claim: Claim, events: Sequence[Stored]) -> None:
    """Decide these events in order; halve on failure until the bad one stands alone."""
    try:
        database.run(lambda tx: _decide(tx, claim, events))
    except (LaneLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(events) == 1:
            set_aside(database, claim, events[0], error)
            return
        middle = len(events) // 2
        decide(database, claim, events[:middle])
        decide(database, claim, events[middle:])


def _decide(tx: Tx, claim: Claim, events: Sequence[Stored]) -> None:
    _fence(tx, claim)
    store_changes(tx, [event for event in events if event.raw.kind == "change"])
    incoming = [read(event) for event in events if event.raw.kind != "change"]
    take(tx, incoming)
    intake_log.finish(tx.conn, events)


def _fence(tx: Tx, claim: Claim) -> None:
    if not intake_log.hold(tx.conn, claim):
        raise LaneLost(f"lane {claim.lane}")


def set_aside(database: Database, claim: Claim, event: Stored, error: Exception) -> None:
    """Park one event that cannot be decided, and page its service's responders with what can be read of it."""
    why = f"{type(error).__name__}: {error}".splitlines()[0][:500]
    log.error("event parked", id=event.id, why=why)

    try:
        database.run(lambda tx: _park(tx, claim, event, why, lambda: take(tx, [unreadable(event, why)])))
    except (LaneLost, OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("stand-in for a parked event failed", id=event.id)
        database.run(lambda tx: _park(tx, claim, event, why, lambda: _tell_owner(tx, event, why)))


def _park(tx: Tx, claim: Claim, event: Stored, why: str, tell: Callable[[], None]) -> None:
    _fence(tx, claim)
    service = integrations_by_key(tx.conn, [event.raw.key]).get(event.raw.key)
    intake_log.park(tx.conn, event, why, service.service_id if service else None, tx.now)
    tell()
    intake_log.finish(tx.conn, [event])


def _tell_owner(tx: Tx, event: Stored, why: str) -> None:
    owner = owner_id(tx.conn)
    if owner is None:
        return
    stand_in = unreadable(event, why)
    notice = Notice(owner, "An event could not be processed, and nobody could be paged for it", stand_in.summary)
    effects.put(tx.conn, [("notice", owner, {"notice": notice})], tx.now)


def take(tx: Tx, incoming: Sequence[Incoming]) -> None:
    """Decide events whose keys lead somewhere and write the outcome."""
    if not incoming:
        return
    desk = sit_down(tx, incoming)
    for event in incoming:
        if event.key in desk.destinations:
            desk.take(event)
    firsts = save_fold(tx.conn, desk.fold)
    new = (changed(alert, first_trigger_log_entry_id=firsts.get(alert.id)) for alert in desk.new.values())
    alert_store.save(tx.conn, new, ((desk.loaded[id], alert) for id, alert in desk.changed.items()))


def sit_down(tx: Tx, incoming: Sequence[Incoming]) -> Desk:
    """Lock and load all that these events need."""
    destinations = destinations_of(tx, {event.key for event in incoming})
    keys = {(destinations[e.key].integration.id, e.dedup_key) for e in incoming if e.key in destinations}
    fold, opened = _lock(tx, destinations, keys)
    fresh = sum(1 for key in keys if key not in opened)
    loaded = {alert.id: alert for alert in opened.values()}
    return Desk(fold, destinations, _numbers(tx, max(fresh, 1)), ids.incident, opened, loaded)


def _numbers(tx: Tx, expected: int) -> Iterator[int]:
    """Incident numbers as the desk asks for them: what is expected at once, then more (a key that is opened anew)."""
    while True:
        yield from incident_store.numbers(tx.conn, expected)


def destinations_of(tx: Tx, keys: Iterable[str]) -> dict[str, Destination]:
    """Where these keys lead; the services are locked."""
    found = integrations_by_key(tx.conn, keys)
    services = load_services(tx.conn, {i.service_id for i in found.values()}, lock=True)
    snapshots = current(tx.conn, {service.policy_id for service in services.values()})
    return {
        key: Destination(i, services[i.service_id], snapshots.get(services[i.service_id].policy_id))
        for key, i in found.items()
    }


def _lock(tx: Tx, destinations: dict[str, Destination], keys: set[Key]) -> tuple[Fold, dict[Key, Alert]]:
    incidents = incident_store.load(tx.conn, alert_store.incidents_of_open(tx.conn, keys), lock=True)
    while moved := _owners(opened := alert_store.open_alerts(tx.conn, keys)) - incidents.keys():
        incidents |= incident_store.load(tx.conn, moved, lock=True)
    taken = [d.snapshot for d in destinations.values() if d.snapshot is not None]
    taken += [incident.snapshot for incident in incidents.values() if incident.snapshot is not None]
    fold = Fold(tx.now, known(tx, taken, {d.service.id for d in destinations.values()}))
    fold.load(incidents)
    return fold, opened


def _owners(opened: Mapping[Key, Alert]) -> set[str]:
    return {alert.incident_id for alert in opened.values() if alert.incident_id is not None}
