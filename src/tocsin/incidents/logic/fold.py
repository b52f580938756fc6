"""Deciding many things in one go: a working set that decisions are folded into, in order, without any I/O.

The intake, the timer worker, the commands and the in-memory world of the tests all use this one; what differs is only
where its incidents come from and where its outcome goes. Seq and time of log entries are given here (SPINE 4):
`seq` without gaps per incident, `at = max(now, the incident's last at)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.core.values import changed
from tocsin.escalation.model import Queue, Target
from tocsin.incidents.logic import Opened, decide, open_incident
from tocsin.incidents.model import (
    ClearTimer,
    Effect,
    Event,
    Facts,
    Incident,
    Log,
    MoveRing,
    Notice,
    Page,
    Refused,
    ResolveAlerts,
    SetTimer,
    TimerKind,
)


@dataclass(slots=True)
class Known:
    """What a fold may know of the world, looked up before it: the parts that `Facts` are made from."""

    oncall: dict[Target, tuple[str, ...]] = field(default_factory=dict)
    rings: dict[tuple[str, str], Queue] = field(default_factory=dict)
    fallback: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by policy id
    owner: str | None = None
    repage: timedelta | None = timedelta(minutes=30)
    service_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry with its place in the ledger."""

    incident_id: str | None
    service_id: str
    seq: int
    at: datetime
    log: Log


@dataclass(slots=True)
class Fold:
    """Incidents at hand, and everything decided about them so far."""

    now: datetime
    known: Known = field(default_factory=Known)
    incidents: dict[str, Incident] = field(default_factory=dict)
    opened: dict[str, None] = field(default_factory=dict)
    changed: dict[str, None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    timers: dict[tuple[str, TimerKind], datetime | None] = field(default_factory=dict)
    pages: list[tuple[str, Page]] = field(default_factory=list)
    notices: list[tuple[str, Notice]] = field(default_factory=list)
    rings: dict[tuple[str, str], Queue] = field(default_factory=dict)
    alerts_over: dict[str, None] = field(default_factory=dict)
    loaded: dict[str, Incident] = field(default_factory=dict)

    def load(self, incidents: Mapping[str, Incident]) -> None:
        """Put incidents (locked by the caller) on the table."""
        self.incidents.update(incidents)
        self.loaded.update(incidents)

    def facts(self, incident: Incident) -> Facts:
        """What a decision about this incident may know."""
        policy = incident.snapshot.policy_id if incident.snapshot else ""
        owner = (self.known.owner,) if self.known.owner else ()
        return Facts(
            oncall=self.known.oncall,
            rings=self.known.rings,
            fallback=self.known.fallback.get(policy, owner),
            owner=self.known.owner,
            repage=self.known.repage,
            service_name=self.known.service_names.get(incident.service_id, ""),
        )

    def open(self, incident: Incident, event: Opened) -> None:
        """Let a new incident begin."""
        decided, effects = open_incident(incident, event, self.facts(incident), self.now)
        self.opened[incident.id] = None
        self._keep(decided, effects)

    def apply(self, incident_id: str, event: Event) -> Refused | None:
        """Let `event` happen to an incident at hand; a refusal changes nothing."""
        incident = self.incidents[incident_id]
        outcome = decide(incident, event, self.facts(incident), self.now)
        if isinstance(outcome, Refused):
            return outcome
        decided, effects = outcome
        if decided is not incident or effects:
            self._keep(decided, effects)
        return None

    def fire(self, incident_id: str, kind: TimerKind, event: Event) -> None:
        """Let a due timer happen, unless an earlier decision in this fold has cleared or set it anew."""
        if (incident_id, kind) not in self.timers:
            self.apply(incident_id, event)

    def put(self, incident: Incident) -> None:
        """Keep a change that needs no decision (alert counts)."""
        self.incidents[incident.id] = incident
        self.changed[incident.id] = None

    def _keep(self, incident: Incident, effects: tuple[Effect, ...]) -> None:
        seq, at = incident.seq, max(self.now, incident.last_logged_at)
        for effect in effects:
            if isinstance(effect, Log):
                seq += 1
                self.entries.append(Entry(incident.id, incident.service_id, seq, at, effect))
            else:
                self._note(incident.id, effect)
        if seq != incident.seq:
            incident = changed(incident, seq=seq, last_logged_at=at)
        self.put(incident)

    def _note(self, incident_id: str, effect: Effect) -> None:
        match effect:
            case SetTimer(kind, at):
                self.timers[incident_id, kind] = at
            case ClearTimer(kind):
                self.timers[incident_id, kind] = None
            case Page():
                self.pages.append((incident_id, effect))
            case Notice():
                self.notices.append((incident_id, effect))
            case MoveRing(ring, queue):
                self.rings[ring] = queue
                self.known.rings[ring] = queue
            case ResolveAlerts():
                self.alerts_over[incident_id] = None
            case Log():
                raise AssertionError("log entries are kept with their seq")
