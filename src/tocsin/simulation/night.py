"""The time after an event, in memory: what happens at each due instant, and who is told.

1. At one instant the incident's timers come first, then the steps of people's rules, as in the worker.
2. What falls due for one address within a minute of its last message waits for that minute's end (core:N54).
3. What a maintenance window holds back is taken to fire on, and opens when the window ends.
"""

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tocsin.core import ids
from tocsin.core.actor import Actor, service, system
from tocsin.escalation.model import Queue
from tocsin.events.logic.folding import Desk
from tocsin.events.model import Action
from tocsin.incidents.commands.due import BY_SERVICE, EVENTS
from tocsin.incidents.logic.fold import Fold, Known
from tocsin.incidents.model import Alert, Incident, Page, TimerKind
from tocsin.notifications.logic import Chain, Rule, Standing, condition_of, due_at, due_rules, why_not
from tocsin.rest.times import text
from tocsin.simulation.account import Account

LONGEST = timedelta(days=1)


@dataclass(slots=True)
class Night:
    """What is known and due as time goes by. `told` are the pages, `reasons` the ledger."""

    account: Account
    incidents: dict[str, Incident] = field(init=False)
    rings: dict[tuple[str, str], Queue] = field(init=False)
    timers: dict[tuple[str, TimerKind], datetime] = field(default_factory=dict)
    chains: dict[str, tuple[Chain, datetime]] = field(default_factory=dict)
    started: int = 0
    handed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    paged_again: bool = False
    held: Alert | None = None

    def __post_init__(self) -> None:
        self.incidents, self.rings = dict(self.account.incidents), dict(self.account.rings)

    def fold(self, now: datetime) -> Fold:
        """A fold of the incidents at hand, with what is known at this instant."""
        account, to = self.account, self.account.to.service
        known = Known(
            dict(account.on_call(now)),
            self.rings,
            dict(account.fallback),
            account.owner,
            account.repage,
            {to.id: to.name},
        )
        fold = Fold(now, known)
        fold.load(self.incidents)
        return fold

    def keep(self, fold: Fold) -> None:
        """Take over what a fold decided, and start the rules of those whom it pages."""
        self.incidents = fold.incidents
        self.reasons += [f"{text(entry.at)} {entry.log.reason}" for entry in fold.entries if entry.log.reason]
        for timer, at in fold.timers.items():
            self.timers.pop(timer, None)
            if at is not None:
                self.timers[timer] = at
        latest = {(incident_id, page.user_id): page for incident_id, page in fold.pages}
        for (incident_id, user), page in latest.items():
            if not page.goes_on:
                self._drop(incident_id, user)
            self.started += 1
            self._step(_chain(str(self.started), incident_id, page, fold.now), fold.now)

    def _drop(self, incident_id: str, user: str) -> None:
        mine = [
            id for id, (chain, _) in self.chains.items() if (chain.incident_id, chain.user_id) == (incident_id, user)
        ]
        for id in mine:
            del self.chains[id]

    def pass_by(self, began: datetime) -> None:
        """Let time go by until nothing is left that would happen by itself."""
        while not self.paged_again:
            waiting = [*self.timers.values(), *(at for _, at in self.chains.values())]
            waiting += [self.held.held_until] if self.held and self.held.held_until else []
            now = min(waiting, default=None)
            if now is None or now > began + LONGEST:
                return
            self._let_go(now)
            self._at(now)

    def _let_go(self, now: datetime) -> None:
        """The end of a hold: what still fires opens."""
        held, to = self.held, self.account.to
        if held is None or held.held_until is None or held.held_until > now:
            return
        fold = self.fold(now)
        self.held = None
        desk = Desk(fold, {}, itertools.count(1), ids.incident)
        desk.release(held, to)
        self.keep(fold)

    def _at(self, now: datetime) -> None:
        due = [timer for timer, at in self.timers.items() if at <= now]
        for incident_id, kind in due:
            if self.timers.get((incident_id, kind), now + LONGEST) > now:
                continue  # an earlier one of this instant has moved it
            del self.timers[incident_id, kind]
            fold = self.fold(now)
            fold.apply(incident_id, EVENTS[kind](self._actor(kind), "timer"))
            self.keep(fold)
            self.paged_again |= kind is TimerKind.REPAGE
        for key, (chain, at) in list(self.chains.items()):
            if at <= now:
                del self.chains[key]
                self._step(chain, now)

    def _actor(self, kind: TimerKind) -> Actor:
        to = self.account.to.service
        return service(to.id, to.name, "timeout") if kind in BY_SERVICE else system("timeout")

    def _step(self, chain: Chain, now: datetime) -> None:
        """Fire what is due of a person's rules; keep the rest for later."""
        self.chains.pop(chain.id, None)
        fire, next_at = due_rules(chain, self.account.rules.get(chain.user_id, ()), now)
        held = [rule for rule in fire if self._means(chain, rule)]
        for rule in held:
            self._tell(chain, rule, now)
        if next_at is not None and len(held) == len(fire):
            step = max((rule.delay for rule in fire), default=chain.step)
            self.chains[chain.id] = replace(chain, step=step), next_at
        if chain.step < 0 and not fire and next_at is None:
            who = self.account.emails.get(chain.user_id, chain.user_id)
            self.reasons.append(f"{text(now)} {who} has no notification rule for {chain.urgency} urgency: not told")

    def _means(self, chain: Chain, rule: Rule) -> bool:
        incident = self.incidents[chain.incident_id]
        standing = Standing(incident.status, incident.urgency, incident.assignees)
        return why_not(condition_of(chain, rule), chain.user_id, chain.urgency, standing) is None

    def _tell(self, chain: Chain, rule: Rule, now: datetime) -> None:
        bundle = (rule.method_id, rule.urgency)
        last = self.handed.get(bundle)
        if last is not None and last > now:
            return  # a message that waits for its minute's end tells of this incident already
        at = self.handed[bundle] = due_at(last, now)
        person = {"id": chain.user_id, "email": self.account.emails.get(chain.user_id)}
        page = {"at": text(at), "user": person, "channel": rule.channel, "address": rule.address}
        self.told.append({**page, "level": chain.level, "why": chain.why})


def _chain(id: str, incident_id: str, page: Page, now: datetime) -> Chain:
    return Chain(id, incident_id, page.user_id, page.urgency, page.level, page.kind, page.why, now)


def happened(night: Night, now: datetime) -> str:
    """Let the event happen; what came of it."""
    account = night.account
    before = account.alerts.get((account.to.integration.id, account.event.dedup_key))
    fold = night.fold(now)
    desk = Desk(fold, {account.event.key: account.to}, itertools.count(1), ids.incident, dict(account.alerts))
    desk.take(account.event)
    night.keep(fold)
    afterwards = [*desk.new.values(), *desk.changed.values()]
    night.held = next((alert for alert in afterwards if alert.held_by and alert.status == "triggered"), None)
    return _outcome(account.event.action, before, night.held)


def _outcome(action: Action, before: Alert | None, held: Alert | None) -> str:
    if action is Action.TRIGGER and held is not None:
        return f"held: {held.held_why}"
    if action is Action.TRIGGER:
        return "incident" if before is None or before.incident_id is None else "repeat of open alert"
    if before is None:
        return "ignored: no open alert has this dedup_key"
    return "acknowledged" if action is Action.ACKNOWLEDGE else "resolved"
