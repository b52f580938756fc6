"""What must never break in the world of the tests: a next step for all, a ledger without gaps, one open alert a key."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tocsin.incidents.logic.fold import Entry
from tocsin.incidents.model import Alert, Asks, Incident, Reply, Rest, Status, TimerKind, Urgency, targets_of
from tocsin.services.model import Service

CAST = ("alice", "bob", "carol", "dan", "eve")
NEXT_STEP = (TimerKind.ESCALATE, TimerKind.REPAGE, TimerKind.RERESOLVE)


class Watched(Protocol):
    """What is looked at."""

    incidents: dict[str, Incident]
    alerts: dict[str, Alert]
    entries: list[Entry]
    timers: dict[tuple[str, TimerKind], datetime]
    service: Service
    look_at: datetime | None
    triggers_taken: int

    def held(self) -> list[Alert]: ...


def hold(world: Watched) -> None:
    """The auditor, and the invariants of the ledger."""
    assert not silent(world), f"silent: {[world.incidents.get(id) or world.alerts[id] for id in silent(world)]}"
    for incident in world.incidents.values():
        assert {a.user_id for a in incident.assignments} <= set(CAST)
        if incident.status is Status.RESOLVED:
            assert not incident.assignments
            assert not [key for key in world.timers if key[0] == incident.id]
        _ledger([entry for entry in world.entries if entry.incident_id == incident.id])
    keys = [(a.integration_id, a.dedup_key) for a in world.alerts.values() if a.status == "triggered"]
    assert len(keys) == len(set(keys))
    assert sum(alert.event_count for alert in world.alerts.values()) == world.triggers_taken


def _ledger(mine: Sequence[Entry]) -> None:
    assert [entry.seq for entry in mine] == list(range(1, len(mine) + 1))
    assert [entry.at for entry in mine] == sorted(entry.at for entry in mine)


def silent(world: Watched) -> list[str]:
    """Ids of open incidents without a next step and without an accepted reason, and of alerts held for ever."""
    quiet = [incident.id for incident in world.incidents.values() if _silent(incident, world.timers)]
    return quiet + [alert.id for alert in world.held() if _lost(world, alert)]


def _lost(world: Watched, alert: Alert) -> bool:
    """Whether nothing will look at what is held when its hold ends."""
    late = world.look_at is None or world.look_at > (alert.held_until or world.look_at)
    return late and world.service.status != "disabled"


def _silent(incident: Incident, timers: Mapping[tuple[str, TimerKind], datetime]) -> bool:
    if _walking(incident) and (incident.id, TimerKind.REQUEST) not in timers:
        return True
    if incident.status is Status.ACKNOWLEDGED:
        comes_back = incident.snoozed_until or incident.acknowledgement_timeout
        return bool(comes_back) and (incident.id, TimerKind.UNACKNOWLEDGE) not in timers
    if incident.status is Status.RESOLVED or any((incident.id, kind) in timers for kind in NEXT_STEP):
        return False
    return incident.resting is None or (incident.resting is Rest.LOW_URGENCY and incident.urgency is Urgency.HIGH)


def _walking(incident: Incident) -> bool:
    walks = (t for _, t in targets_of(incident.requests) if t.kind is Asks.POLICY and not t.resting)
    return any(target.state is Reply.PENDING for target in walks)
