"""Setting the table for a fold: incidents locked in order, and what is known of the world, looked up once.

Lock order everywhere: services, incidents by id, then rings, timers and sends (SPINE 2).
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, select

from tocsin.accounts.store.responders import account_settings, owner_id
from tocsin.core.db import Tx
from tocsin.escalation.model import Snapshot
from tocsin.escalation.store.oncall import fallbacks, on_call
from tocsin.escalation.store.rings import lock_rings
from tocsin.incidents.logic.fold import Fold, Known
from tocsin.incidents.model import Incident, walks
from tocsin.incidents.store.incidents import load
from tocsin.services.store.tables import services

REPAGE_MINUTES = 30


def known(tx: Tx, taken: Iterable[Snapshot], service_ids: Iterable[str]) -> Known:
    """What decisions on these snapshots and services may know, as of the transaction's instant."""
    snapshots = list(dict.fromkeys(taken))
    names = select(services.c.id, services.c.name).where(services.c.id.in_(list(service_ids)))
    return Known(
        oncall=on_call(tx.conn, snapshots, tx.now),
        rings=lock_rings(tx.conn, snapshots),
        fallback=fallbacks(tx.conn, {snapshot.policy_id for snapshot in snapshots}),
        owner=owner_id(tx.conn),
        repage=repage_after(tx.conn),
        service_names={row.id: row.name for row in tx.conn.execute(names)},
    )


def repage_after(conn: Connection) -> timedelta | None:
    """How long nobody may answer before everybody is paged again; None: that is switched off (SPINE 11)."""
    minutes = account_settings(conn).get("repage_minutes", REPAGE_MINUTES)
    return timedelta(minutes=minutes) if isinstance(minutes, int) and minutes > 0 else None


def lay(tx: Tx, ids: Iterable[str], more: Iterable[Snapshot] = (), skip_locked: bool = False) -> Fold:
    """A fold with these incidents locked and everything known that decisions on them need."""
    incidents = load(tx.conn, ids, lock=True, skip_locked=skip_locked)
    return fold_of(tx, incidents, more)


def fold_of(tx: Tx, incidents: dict[str, Incident], more: Iterable[Snapshot] = ()) -> Fold:
    """A fold with incidents that are locked already."""
    taken = [incident.snapshot for incident in incidents.values() if incident.snapshot is not None]
    taken += [snapshot for incident in incidents.values() for snapshot in walks(incident.requests)]
    fold = Fold(tx.now, known(tx, [*taken, *more], {incident.service_id for incident in incidents.values()}))
    fold.load(incidents)
    return fold
