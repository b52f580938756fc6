"""The whole of paging in memory: the same pure functions as the product, a dict of timers, no database.

    w = World(levels=[(5, ["alice"]), (5, ["bob"])])
    w.happens(trigger("disk full"))
    w.advance(minutes=7)
    assert w.paged() == ["alice", "bob"]

After every step `check`: nothing without a next step, no gap in a ledger, one open alert a key.
"""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests import invariants
from tests.invariants import CAST
from tests.pager import Pager
from tests.said import KEYS, Said, acknowledge, resolve, trigger
from tocsin.core.actor import Actor, ActorKind, service, system
from tocsin.core.intake_log import Raw, Stored
from tocsin.escalation.model import Level, Snapshot, Strategy, Target, TargetKind
from tocsin.events.logic.checking import v2_problems
from tocsin.events.logic.folding import Desk, held_back
from tocsin.events.logic.reading import read
from tocsin.events.model import Destination
from tocsin.incidents import model
from tocsin.incidents.commands.due import BY_SERVICE, EVENTS
from tocsin.incidents.logic import Opened
from tocsin.incidents.logic.fold import Entry, Fold, Known
from tocsin.incidents.model import (
    Acknowledged,
    Alert,
    Asks,
    Event,
    Incident,
    Refused,
    Request,
    RequestTarget,
    Resolved,
    Status,
    TimerKind,
    Urgency,
    targets_of,
)
from tocsin.schedules.logic import who
from tocsin.schedules.model import Schedule
from tocsin.services.logic import hold_of, next_look, urgency_change_at, urgency_of
from tocsin.services.model import Integration, Service, Window

BEGAN = datetime(2024, 1, 1, 9, tzinfo=UTC)  # a Monday
SHOP = Service("S", "Shop", "active", "EP")
__all__ = ["BEGAN", "CAST", "World", "acknowledge", "person", "resolve", "trigger"]
Levels = Sequence[tuple[float, Sequence[str]]]


def person(name: str) -> Actor:
    return Actor(ActorKind.USER, name, name.title(), "website")


@dataclass
class World:
    """One service with one policy. Levels are (minutes, people or schedules); `ring`: levels that take turns."""

    levels: Levels = ((5, ("alice",)), (5, ("bob",)))
    loops: int = 0
    helpers: Levels = ((5, ("carol",)), (5, ("dan",)))
    helper_loops: int = 0
    ring: Sequence[int] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)  # on no call: their targets resolve to nobody
    managers: tuple[str, ...] = ()
    repage: timedelta | None = timedelta(minutes=30)
    now: datetime = BEGAN
    service: Service = SHOP
    pager: Pager = field(default_factory=Pager)
    incidents: dict[str, Incident] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    timers: dict[tuple[str, TimerKind], datetime] = field(default_factory=dict)
    rings: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    triggers_taken: int = 0
    windows: dict[str, Window] = field(default_factory=dict)
    look_at: datetime | None = None

    def __post_init__(self) -> None:
        self._ids = (f"Q{n}" for n in itertools.count(1))
        self._numbers = itertools.count(1)
        self._events = itertools.count(1)

    # ---- what can be done to it --------------------------------------------------------------------------------------

    def set(self, **settings: Any) -> None:
        """Change the service's settings."""
        if settings.get("status", self.service.status) != self.service.status:
            self.look_at = self.now
        self.service = replace(self.service, **settings)

    def window(self, minutes: float, after: float = 0, id: str = "W") -> None:
        """Plan maintenance for so long, or plan it anew."""
        start = self.now + timedelta(minutes=after)
        self._plan(self.windows | {id: Window(id, f"work {id}", start, start + timedelta(minutes=minutes))})

    def end_window(self, id: str = "W") -> None:
        """Call maintenance off, or end it now."""
        self._plan({name: window for name, window in self.windows.items() if name != id})

    def _plan(self, windows: dict[str, Window]) -> None:
        """The order of things is that of `services.commands_windows.look_at`."""
        self.windows, self.look_at = windows, self.now
        self._project()

    def _project(self) -> None:
        self.service = replace(self.service, maintenance=[w for w in self.windows.values() if w.end > self.now])

    def happens(self, *events: Said) -> None:
        """One batch of accepted events."""
        fold = self._fold()
        to = {key: self._destination(name, key) for name, key in KEYS.items()}
        opened = {(a.integration_id or "", a.dedup_key): a for a in self.alerts.values() if a.status == "triggered"}
        desk = Desk(fold, to, self._numbers, lambda: next(self._ids), opened)
        for said in events:
            desk.take(read(self._stored(said)))
        self.alerts |= desk.changed | desk.new
        self.triggers_taken += sum(said.body["event_action"] == "trigger" for said in events)
        self._save(fold)

    def _stored(self, said: Said) -> Stored:
        assert v2_problems(said.body) == []
        raw = msgspec.Raw(json.dumps(said.body).encode())
        number = next(self._events)
        return Stored(f"{number}.0", number, 0, True, Raw("v2", self.now, KEYS[said.via], said.body["dedup_key"], raw))

    def _destination(self, name: str, key: str) -> Destination:
        return Destination(Integration(name, "S", name, key, "events_api_v2"), self.service, self.policy)

    def opens(self, title: str, by: str = "dan", users: Sequence[str] = (), urgency: str | None = None) -> None:
        """A person opens an incident by hand."""
        fold = self._fold()
        given = urgency or urgency_of(self.service, None, self.now)[0]
        at = self.now
        incident = Incident(
            next(self._ids), next(self._numbers), "S", title, Status.TRIGGERED, Urgency(given), at, at, at, at,
            self.policy, acknowledgement_timeout=self.service.acknowledgement_timeout,
            auto_resolve_timeout=self.service.auto_resolve_timeout,
        )  # fmt: skip
        change = urgency_change_at(self.service, given, at)
        fold.open(incident, Opened(person(by), summary=title, users=tuple(users), urgency_change_at=change))
        self._save(fold)

    def act(self, event: Event, number: int | None = None) -> Refused | None:
        """Let anything happen to an incident (the latest one, or by number)."""
        fold = self._fold()
        refused = fold.apply(self.incident(number).id, event)
        self._save(fold)
        return refused

    def acknowledge(self, by: str, number: int | None = None) -> Refused | None:
        return self.act(Acknowledged(person(by)), number)

    def unacknowledge(self, by: str, number: int | None = None) -> Refused | None:
        return self.act(model.Unacknowledged(person(by)), number)

    def resolve(self, by: str, number: int | None = None) -> Refused | None:
        return self.act(Resolved(person(by)), number)

    def snooze(self, by: str, minutes: float, number: int | None = None) -> Refused | None:
        return self.act(model.Snoozed(person(by), seconds=int(minutes * 60)), number)

    def reassign(self, by: str, users: Sequence[str], number: int | None = None) -> Refused | None:
        return self.act(model.Reassigned(person(by), users=tuple(users)), number)

    def delegate(self, by: str, number: int | None = None) -> Refused | None:
        return self.act(model.Delegated(person(by), snapshot=self.policy), number)

    def escalate_to(self, level: int, by: str = "dan", number: int | None = None) -> Refused | None:
        """By hand, to a level counted from 1."""
        return self.act(model.LevelChosen(person(by), level=level - 1), number)

    def reopen(self, by: str, status: str = "triggered", number: int | None = None) -> Refused | None:
        change = urgency_change_at(self.service, self.incident(number).urgency, self.now)
        return self.act(model.Reopened(person(by), "request", Status(status), self.policy, change), number)

    def set_urgency(self, by: str, urgency: str, number: int | None = None) -> Refused | None:
        change = urgency_change_at(self.service, urgency, self.now)
        return self.act(model.UrgencySet(person(by), "request", Urgency(urgency), change), number)

    def ask(self, by: str, *targets: str, number: int | None = None, message: str = "Please help") -> Refused | None:
        """Ask people, or `helpers`: a policy of its own."""
        given = tuple(
            RequestTarget(Asks.POLICY, name, name, snapshot=self.helping) if name == "helpers"
            else RequestTarget(Asks.USER, name, name)
            for name in targets
        )  # fmt: skip
        request = Request(next(self._ids), by, message, self.now, given)
        return self.act(model.RespondersAsked(person(by), request=request), number)

    def joins(self, who: str, number: int | None = None) -> Refused | None:
        return self.act(model.ResponderReplied(person(who), "reply", who, True), number)

    def declines(self, who: str, number: int | None = None) -> Refused | None:
        return self.act(model.ResponderReplied(person(who), "reply", who, False), number)

    def cancels(self, by: str, *targets: str) -> Refused | None:
        kinds = tuple((Asks.POLICY if name == "helpers" else Asks.USER, name) for name in targets)
        return self.act(model.RequestsCancelled(person(by), targets=kinds))

    def stand(self, number: int | None = None) -> dict[str, str]:
        """Who was asked to help -> their latest answer."""
        asked = targets_of(self.incident(number).requests)
        return {one.user_id: one.state.value for _, target in asked for one in target.responders}

    @property
    def helping(self) -> Snapshot:
        """The policy that is asked for help."""
        levels = [self._level(n, minutes, names) for n, (minutes, names) in enumerate(self.helpers)]
        return Snapshot("HP", "helpers", self.helper_loops, tuple(levels))

    def note(self, by: str, content: str) -> Refused | None:
        return self.act(model.Noted(person(by), content=content))

    def rename(self, by: str, title: str) -> Refused | None:
        return self.act(model.Edited(person(by), changes={"title": title}))

    def merge(self, by: str, source: int, target: int) -> None:
        """The order of things is that of `commands.moving.merge`."""
        fold, into, gone = self._fold(), self.incident(target), self.incident(source)
        if into.urgency is Urgency.LOW and gone.urgency is Urgency.HIGH:
            fold.apply(into.id, model.UrgencySet(person(by), urgency=Urgency.HIGH))
        fold.apply(gone.id, Resolved(person(by), merged_into=into.id))
        fold.alerts_over.pop(gone.id, None)
        moved = {a.id: replace(a, incident_id=into.id) for a in self.alerts.values() if a.incident_id == gone.id}
        self.alerts |= moved
        for id in (into.id, gone.id):
            mine = [alert for alert in self.alerts.values() if alert.incident_id == id]
            left = sum(alert.status == "triggered" for alert in mine)
            fold.put(replace(fold.incidents[id], alerts_all=len(mine), alerts_triggered=left))
        self._save(fold)

    def resolve_alert(self, by: str, key: str) -> None:
        """One alert is over, by hand; the last one takes its incident along."""
        alert = next(a for a in self.alerts.values() if a.dedup_key == key and a.status == "triggered")
        self.alerts[alert.id] = replace(alert, status="resolved", resolved_at=self.now)
        fold = self._fold()
        incident = fold.incidents[alert.incident_id or ""]
        fold.put(replace(incident, alerts_triggered=incident.alerts_triggered - 1))
        if incident.alerts_triggered == 1:
            fold.apply(incident.id, model.Cleared(person(by)))
        self._save(fold)

    # ---- time --------------------------------------------------------------------------------------------------------

    def advance(self, **span: float) -> None:
        """Let time pass, everything happening when it is due."""
        until = self.now + timedelta(**span)
        while (due := self._next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self._fire()
            self._send()
            self.check()
        self.now = until

    def sleep(self, **span: float) -> None:
        """Let time pass while no worker runs."""
        self.now += timedelta(**span)

    def _next_due(self) -> datetime | None:
        looks = [self.look_at] if self.look_at is not None else []
        return min((*self.timers.values(), *self.pager.due(), *looks), default=None)

    def _fire(self) -> None:
        due = sorted((at, key[1], key[0]) for key, at in self.timers.items() if at <= self.now)
        fold = self._fold()
        for _, kind, id in due:
            del self.timers[id, kind]
        for _, kind, id in due:
            by = service("S", "Shop", "timeout") if kind in BY_SERVICE else system("timeout")
            event = EVENTS[kind](by, "timer")
            if isinstance(event, model.SupportHoursBegan):
                event = replace(event, next_at=urgency_change_at(self.service, self.incidents[id].urgency, self.now))
            fold.fire(id, kind, event)
        self._save(fold)
        if self.look_at is not None and self.look_at <= self.now:
            self._look()
        self.pager.step(self.now, self.incidents)

    def _look(self) -> None:
        """The order of things is that of `events.commands.looking.look`."""
        self._project()
        held = sorted(self.held(), key=lambda alert: alert.created_at)
        hold, fold = hold_of(self.service, self.now), self._fold()
        if hold is not None:
            self.alerts |= {alert.id: held_back(alert, hold) for alert in held}
        else:
            desk = Desk(fold, {}, self._numbers, lambda: next(self._ids))
            for alert in held:
                desk.release(alert, self._destination(alert.integration_id or "", ""))
            self.alerts |= desk.changed
        self.look_at = next_look(self.service, self.now)
        self._save(fold)

    def _send(self) -> None:
        handed = self.pager.send(self.now, self.incidents)
        fold = self._fold()
        for id, paged in handed:
            fold.apply(id, paged)
        self._save(fold)

    # ---- what it is made of ------------------------------------------------------------------------------------------

    @property
    def policy(self) -> Snapshot:
        """The policy as it is now."""
        levels = [self._level(n, minutes, names) for n, (minutes, names) in enumerate(self.levels)]
        return Snapshot("EP", "Shop policy", self.loops, tuple(levels))

    def _level(self, n: int, minutes: float, names: Iterable[str]) -> Level:
        targets = tuple(Target(TargetKind.SCHEDULE if t in self.schedules else TargetKind.USER, t) for t in names)
        strategy = Strategy.ROUND_ROBIN if n in self.ring else Strategy.EVERYONE
        return Level(f"R{n}", timedelta(minutes=minutes), targets, strategy)

    def _on_call(self, target: Target) -> tuple[str, ...]:
        if target.kind is TargetKind.SCHEDULE:
            return tuple(sorted(who(self.schedules[target.id], self.now, absent=frozenset(self.away))))
        return () if target.id in self.away else (target.id,)

    def _fold(self) -> Fold:
        taken = [self.policy, self.helping, *(i.snapshot for i in self.incidents.values() if i.snapshot)]
        targets = {target for snapshot in taken for level in snapshot.levels for target in level.targets}
        known = Known(
            {target: self._on_call(target) for target in targets}, dict(self.rings),
            {"EP": self.managers} if self.managers else {}, "eve", self.repage, {"S": self.service.name},
        )  # fmt: skip
        fold = Fold(self.now, known)
        fold.load(self.incidents)
        return fold

    def _save(self, fold: Fold) -> None:
        self.incidents |= {id: fold.incidents[id] for id in fold.changed}
        self.entries += fold.entries
        self.rings |= fold.rings
        for key, at in fold.timers.items():
            self.timers.pop(key, None)
            self.timers |= {key: at} if at is not None else {}
        for alert in [a for a in self.alerts.values() if a.incident_id in fold.alerts_over and a.status == "triggered"]:
            self.alerts[alert.id] = replace(alert, status="resolved", resolved_at=self.now)
        self.notices += [(notice.user_id, notice.subject) for _, notice in fold.notices]
        self.pager.plan(self.now, fold.pages, self.incidents)
        if fold.pages:
            self._send()
        self.check()

    # ---- what can be asked -------------------------------------------------------------------------------------------

    def incident(self, number: int | None = None) -> Incident:
        """The latest incident, or the one with this number."""
        number = max(i.number for i in self.incidents.values()) if number is None else number
        return next(i for i in self.incidents.values() if i.number == number)

    def paged(self) -> list[str]:
        """Who was paged since this was last asked, in order."""
        return self.pager.since_last()

    def log(self, number: int | None = None) -> list[str]:
        """Types of an incident's log entries, pages handed over left out."""
        return [line.split(" ")[1] for line in self.story(number)]

    def story(self, number: int | None = None) -> list[str]:
        """An incident's log entries as `"5:00 escalate bob"`, pages handed over left out."""
        incident = self.incident(number)
        mine = [e for e in self.entries if e.incident_id == incident.id and e.log.type != "notify"]
        return [" ".join([_clock(e.at - incident.created_at), e.log.type, *e.log.assignees]) for e in mine]

    def pending(self, number: int | None = None) -> dict[str, str]:
        """The timers of an incident: kind -> when, counted from its creation."""
        incident = self.incident(number)
        mine = {kind: at for (id, kind), at in self.timers.items() if id == incident.id}
        return {kind.removeprefix("incident."): _clock(at - incident.created_at) for kind, at in sorted(mine.items())}

    def held(self) -> list[Alert]:
        """Alerts that are held back now."""
        return [alert for alert in self.alerts.values() if alert.held_by and alert.status == "triggered"]

    def check(self) -> None:
        """What must never break."""
        invariants.hold(self)

    def silent(self) -> list[str]:
        """The auditor's check: ids of open incidents without a next step and without an accepted reason."""
        return invariants.silent(self)


def _clock(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes}:{seconds:02}"
