"""The planner and the sender of pages in memory, on the product's own decisions."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.core.actor import system
from tocsin.incidents.model import Incident, Page, Paged, Status, waiting_for
from tocsin.notifications.logic import BUNDLE, Chain, Rule, Standing, condition_of, due_at, retry_at, step, why_not

Rules = Sequence[tuple[str, int, str]]
ANY: Rules = (("high", 0, "mail"), ("low", 0, "mail"))


@dataclass
class Waiting:
    """One message: what it carries, when it goes."""

    due_at: datetime
    items: list[tuple[Chain, Rule]] = field(default_factory=list)
    attempt: int = 0


@dataclass(frozen=True)
class Message:
    """One message that was handed over."""

    user: str
    urgency: str
    method: str
    incidents: tuple[str, ...]
    kinds: tuple[str, ...]
    at: datetime


@dataclass
class Pager:
    """`rules` maps a person to (urgency, minutes, method); who is not in it has a rule at once for each urgency."""

    rules: dict[str, Rules] = field(default_factory=dict)
    works: bool = True
    chains: dict[str, Chain] = field(default_factory=dict)
    steps: dict[str, datetime] = field(default_factory=dict)
    waiting: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    last: dict[tuple[str, str], datetime] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    tries: list[datetime] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    _ids: itertools.count = field(default_factory=itertools.count)  # type: ignore[type-arg]
    _asked: int = 0

    def rules_of(self, user: str) -> list[Rule]:
        given = self.rules.get(user, ANY)
        return [Rule(user, urgency, delay, f"{user}.{m}", m, f"{user}@example.com") for urgency, delay, m in given]

    def plan(self, now: datetime, pages: Sequence[tuple[str, Page]], incidents: Mapping[str, Incident]) -> None:
        """A chain for each page; a new assignment takes the place of older chains."""
        latest = {(id, page.user_id, page.request_id): page for id, page in pages}
        for (id, user, request), p in latest.items():
            mine = [c for c in self.chains.values() if (c.incident_id, c.user_id, c.request_id) == (id, user, None)]
            for old in [] if p.goes_on else mine:
                del self.chains[old.id], self.steps[old.id]
            chain = Chain(f"C{next(self._ids)}", id, user, p.urgency, p.level, p.kind, p.why, now, request_id=request)
            self._step(chain, now, incidents)

    def step(self, now: datetime, incidents: Mapping[str, Incident]) -> None:
        """The chains that are due."""
        for key in [key for key, at in self.steps.items() if at <= now]:
            self._step(self.chains[key], now, incidents)

    def _step(self, chain: Chain, now: datetime, incidents: Mapping[str, Incident]) -> None:
        stepped = step(chain, self.rules_of(chain.user_id), _standing(incidents[chain.incident_id]), now)
        self.chains.pop(chain.id, None)
        self.steps.pop(chain.id, None)
        if stepped.goes_on is not None and stepped.next_at is not None:
            self.chains[chain.id], self.steps[chain.id] = stepped.goes_on, stepped.next_at
        self.unreached += [chain.user_id] if stepped.unreachable else []
        for rule in stepped.fire:
            bundle = (rule.method_id, rule.urgency)
            message = self.waiting.setdefault(bundle, Waiting(due_at(self.last.get(bundle), now)))
            message.due_at = min(message.due_at, now + BUNDLE)
            message.items.append((chain, rule))

    def send(self, now: datetime, incidents: Mapping[str, Incident]) -> list[tuple[str, Paged]]:
        """Hand over what is due; a log entry for each page."""
        noted: list[tuple[str, Paged]] = []
        for bundle in [bundle for bundle, message in self.waiting.items() if message.due_at <= now]:
            message = self.waiting.pop(bundle)
            live = [(c, r) for c, r in message.items if _means(c, r, bundle[1], incidents)]
            if live:
                noted += self._hand_over(bundle, Waiting(message.due_at, live, message.attempt), now, incidents)
        return noted

    def _hand_over(
        self, bundle: tuple[str, str], message: Waiting, now: datetime, incidents: Mapping[str, Incident]
    ) -> list[tuple[str, Paged]]:
        self.tries.append(now)
        if not self.works:
            message.attempt += 1
            message.due_at = retry_at(message.attempt, now, None)
            self.waiting[bundle] = message
            return []
        self.last[bundle] = now
        ids = tuple(dict.fromkeys(chain.incident_id for chain, _ in message.items))
        paged = {chain.incident_id for chain, _ in message.items if chain.kind != "request"}
        assert all(incidents[id].status is Status.TRIGGERED for id in paged), "a page for what is not triggered"
        assert all(incidents[id].status is not Status.RESOLVED for id in ids), "a page for what is over"
        kinds = tuple(chain.kind for chain, _ in message.items)
        self.messages.append(
            Message(message.items[0][0].user_id, bundle[1], message.items[0][1].channel, ids, kinds, now)
        )
        return [(c.incident_id, Paged(system(), "timer", c.user_id, c.level, {}, c.why)) for c, _ in message.items]

    def due(self) -> list[datetime]:
        """When anything of it is due."""
        return [*self.steps.values(), *(message.due_at for message in self.waiting.values())]

    def since_last(self) -> list[str]:
        """Who was told since this was last asked."""
        fresh, self._asked = self.messages[self._asked :], len(self.messages)
        return [message.user for message in fresh]

    def minutes(self, since: datetime) -> list[tuple[int, str, str]]:
        """All messages as (whole minutes since, person, method)."""
        return [((m.at - since) // timedelta(minutes=1), m.user, m.method) for m in self.messages]


def _standing(incident: Incident) -> Standing:
    return Standing(incident.status, incident.urgency, incident.assignees, waiting_for(incident.requests))


def _means(chain: Chain, rule: Rule, urgency: str, incidents: Mapping[str, Incident]) -> bool:
    standing = _standing(incidents[chain.incident_id])
    return why_not(condition_of(chain, rule), chain.user_id, urgency, standing, chain.request_id) is None
