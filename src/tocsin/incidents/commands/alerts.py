"""Changing alerts as the wire asks: moves and resolutions of many, all or nothing (core:I73, core:I20)."""

from collections.abc import Sequence

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import by_id
from tocsin.incidents.commands.moving import move_alerts, resolve_alerts
from tocsin.incidents.store import incidents as incident_store
from tocsin.incidents.store import queries
from tocsin.incidents.store.tables import alerts
from tocsin.incidents.wire.bodies import AlertChange


def change_alerts(tx: Tx, actor: Actor, incident_id: str, changes: Sequence[tuple[str, AlertChange]]) -> None:
    """First the moves, then the resolutions; the incidents concerned are locked in order before anything."""
    targets = _targets(tx, changes)
    incident_store.load(tx.conn, [incident_id, *targets.values()], lock=True)
    _check(tx, incident_id, changes)
    owners: dict[str, list[str]] = {}
    moves: dict[str, list[str]] = {}
    for alert_id, change in changes:
        target = targets[change.incident.id] if change.incident else incident_id
        if target != incident_id:
            moves.setdefault(target, []).append(alert_id)
        if change.status == "resolved":
            owners.setdefault(target, []).append(alert_id)
    for target, moved in moves.items():
        move_alerts(tx, actor, incident_id, moved, target)
    for owner, resolved in owners.items():
        resolve_alerts(tx, actor, owner, resolved)


def _targets(tx: Tx, changes: Sequence[tuple[str, AlertChange]]) -> dict[str, str]:
    wanted = [change.incident.id for _, change in changes if change.incident]
    known = queries.ids_of(tx.conn, wanted)
    if missing := [id for id in dict.fromkeys(wanted) if id not in known]:
        raise Invalid([f"Incident {id} not found" for id in missing], code=1004)
    return known


def _check(tx: Tx, incident_id: str, changes: Sequence[tuple[str, AlertChange]]) -> None:
    found = by_id(tx.conn, alerts, {id for id, _ in changes})
    mine = {id for id, row in found.items() if row.incident_id == incident_id}
    if missing := [id for id, _ in changes if id not in mine]:
        raise Invalid([f"Alert {id} not found on this incident" for id in missing])
    ended = [id for id, change in changes if change.status == "triggered" and found[id].status == "resolved"]
    if ended:
        raise Invalid([f"Alert {id} is resolved; only a new event can trigger it again" for id in ended])
