"""Looking at services that hold alerts back, or did: what still fires when nothing holds it opens now (SPINE 11).

1. Whoever changes what holds a service's alerts sets its timer `LOOK` to now, in that transaction, under the service's
   lock; a look that finds it held sets the timer to the end of the hold. So a service that holds anything for a time
   always has a timer that is due no later than that.
2. A look locks the service first. A batch that has it locked commits before, and the look sees what it held; one that
   comes after finds no window that is over, whatever its own clock said when it began: the look has taken it off the
   service's row (`windows.project`).
3. Never more than `MOST` alerts in one transaction; what is left is looked at again at once.
4. A disabled service holds without an end; enabling it sets the timer.
"""

from collections.abc import Iterator, Mapping, Sequence

from tocsin.core import ids, timers
from tocsin.core.db import Tx
from tocsin.core.timers import Timer
from tocsin.escalation.model import Snapshot
from tocsin.escalation.store.snapshots import current
from tocsin.events.logic.folding import Desk
from tocsin.events.model import Destination
from tocsin.incidents.commands.table import known
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import Alert
from tocsin.incidents.store import alerts as alert_store
from tocsin.incidents.store import incidents as incident_store
from tocsin.incidents.store.outcome import save_fold
from tocsin.services.logic import hold_of, next_look
from tocsin.services.model import LOOK, Integration, Service
from tocsin.services.store import windows
from tocsin.services.store.routes import integrations_by_id, load_services

MOST = 500


def fire(tx: Tx, due: Sequence[Timer]) -> int:
    """Look at the services of these timers; how many were looked at. Blocks until their locks are free."""
    locked = load_services(tx.conn, [timer.subject for timer in due], lock=True)
    taken = timers.take(tx.conn, [timer for timer in due if timer.subject in locked])
    if taken:
        look(tx, [timer.subject for timer in taken])
    return len(taken)


def look(tx: Tx, ids: Sequence[str]) -> None:
    """Let these services (locked) go on with what they hold back."""
    windows.project(tx.conn, ids, tx.now)
    services = list(load_services(tx.conn, ids).values())
    holds = {service.id: hold for service in services if (hold := hold_of(service, tx.now)) is not None}
    free = {service.id: service for service in services if service.id not in holds}
    waiting = alert_store.held(tx.conn, free, MOST)
    _release(tx, free, waiting)
    moved = alert_store.move_holds(tx.conn, holds, MOST)
    unfinished = {id for id in free if len(waiting) == MOST} | {id for id in holds if moved == MOST}
    _set_timers(tx, services, unfinished)


def _set_timers(tx: Tx, services: Sequence[Service], unfinished: set[str]) -> None:
    version = int(tx.now.timestamp() * 1_000_000)
    next_at = {s.id: tx.now if s.id in unfinished else next_look(s, tx.now) for s in services}
    timers.put(tx.conn, [Timer(id, LOOK, at, version) for id, at in next_at.items() if at is not None])


def _release(tx: Tx, services: Mapping[str, Service], waiting: Sequence[Alert]) -> None:
    """Open the incidents of these alerts, oldest first, by the decision that a trigger takes."""
    if not waiting:
        return
    to = _destinations(tx, services, waiting)
    taken = [one.snapshot for one in to.values() if one.snapshot is not None]
    fold = Fold(tx.now, known(tx, taken, services))
    loaded = {alert.id: alert for alert in waiting}
    desk = Desk(fold, {}, _numbers(tx, len(waiting)), ids.incident, loaded=loaded)
    for alert in waiting:
        desk.release(alert, to[alert.id])
    save_fold(tx.conn, fold)
    alert_store.save(tx.conn, (), ((loaded[id], alert) for id, alert in desk.changed.items()))


def _numbers(tx: Tx, count: int) -> Iterator[int]:
    yield from incident_store.numbers(tx.conn, count)


def _destinations(tx: Tx, services: Mapping[str, Service], waiting: Sequence[Alert]) -> dict[str, Destination]:
    """By alert id: where it came in, and its service's policy as it is now."""
    ways = integrations_by_id(tx.conn, {alert.integration_id for alert in waiting if alert.integration_id})
    snapshots = current(tx.conn, {service.policy_id for service in services.values()})
    return {alert.id: _destination(alert, services[alert.service_id], ways, snapshots) for alert in waiting}


def _destination(
    alert: Alert, service: Service, ways: Mapping[str, Integration], snapshots: Mapping[str, Snapshot]
) -> Destination:
    id = alert.integration_id or ""
    way = ways.get(id) or Integration(id, service.id, service.name, "", "")
    return Destination(way, service, snapshots.get(service.policy_id))
