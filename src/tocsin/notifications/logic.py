"""When a person's rules fire, what may still be sent, and when (core:N20-N26, core:N54, core:G-16, SPINE 3).

1. A chain starts when a person is assigned; each rule fires at start + its delay, by the rules as they are then
   (core:N21, core:N26).
2. What fires on entering a level, and a re-page, holds while the incident is triggered, whoever has it by then; a
   person's later steps hold only while it is still theirs, at the same urgency. A request for help holds while the
   person has not answered it, whoever has acknowledged the incident (core:P50, core:I104).
3. The first message to a (contact method, urgency) goes at once; what falls due within the next minute waits for that
   minute's end and becomes one message. High never waits for low: they are separate bundles.
4. Retry 5 s ... 5 min, without end while the condition holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.incidents.model import Status

BUNDLE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=5)

WHILE_TRIGGERED = "while_triggered"
WHILE_ASSIGNED = "while_assigned"
WHILE_REQUESTED = "while_requested"
REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Rule:
    """A notification rule with the contact method it uses."""

    user_id: str
    urgency: str
    delay: int
    method_id: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Chain:
    """One person being paged for one incident. `step` is the delay (minutes) up to which rules have fired, -1: none."""

    id: str
    incident_id: str
    user_id: str
    urgency: str
    level: int | None
    kind: str
    why: str
    started_at: datetime
    step: int = -1
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What of an incident decides whether a page still means anything; `asked` are (request id, person)."""

    status: str
    urgency: str
    assignees: tuple[str, ...]
    asked: frozenset[tuple[str, str]] = frozenset()


def due_rules(chain: Chain, rules: Sequence[Rule], now: datetime) -> tuple[list[Rule], datetime | None]:
    """The rules that fire now, one per contact method (core:N25), and when the next one does.

    Of several late rules of a method the earliest fires: it is the one that no later assignment can call off.
    """
    mine = [rule for rule in rules if rule.urgency == chain.urgency and rule.delay > chain.step]
    due = [rule for rule in mine if chain.started_at + timedelta(minutes=rule.delay) <= now]
    fire = {rule.method_id: rule for rule in sorted(due, key=lambda rule: -rule.delay)}
    later = [rule.delay for rule in mine if chain.started_at + timedelta(minutes=rule.delay) > now]
    return list(fire.values()), chain.started_at + timedelta(minutes=min(later)) if later else None


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a look at a chain came to: rules that fire, and the chain with its next instant if it goes on."""

    fire: tuple[Rule, ...]
    goes_on: Chain | None = None
    next_at: datetime | None = None
    unreachable: bool = False


def step(chain: Chain, rules: Sequence[Rule], incident: Standing | None, now: datetime) -> Stepped:
    """Let a chain do what is due; it ends when a rule that is due means nothing any more, or with its last rule."""
    due, next_at = due_rules(chain, rules, now)
    held = tuple(
        rule
        for rule in due
        if why_not(condition_of(chain, rule), chain.user_id, chain.urgency, incident, chain.request_id) is None
    )
    unreachable = chain.step < 0 and not due and next_at is None
    if next_at is None or len(held) < len(due):
        return Stepped(held, unreachable=unreachable)
    elapsed = (now - chain.started_at) // timedelta(minutes=1)
    return Stepped(held, replace(chain, step=max(chain.step, elapsed if due else chain.step)), next_at)


def condition_of(chain: Chain, rule: Rule) -> str:
    """What must hold for this page to be sent (SPINE 3)."""
    if chain.kind == REQUEST:
        return WHILE_REQUESTED
    return WHILE_TRIGGERED if rule.delay == 0 or chain.kind == "re-page" else WHILE_ASSIGNED


def why_not(
    condition: str, user_id: str, urgency: str, incident: Standing | None, request_id: str | None = None
) -> str | None:
    """Why a page must not be sent any more; None: it must."""
    if incident is None:
        return "the incident is gone"
    if condition == WHILE_REQUESTED:
        return _why_not_asked(incident, (request_id or "", user_id))
    if incident.status != Status.TRIGGERED:
        return f"the incident is {incident.status}"
    if condition == WHILE_TRIGGERED:
        return None
    if user_id not in incident.assignees:
        return "the incident is no longer theirs"
    if incident.urgency != urgency:
        return f"the urgency is {incident.urgency} now"
    return None


def _why_not_asked(incident: Standing, asked: tuple[str, str]) -> str | None:
    if incident.status == Status.RESOLVED:
        return "the incident is resolved"
    return None if asked in incident.asked else "the request for help is answered or taken back"


def due_at(last: datetime | None, now: datetime) -> datetime:
    """When a new message to a (contact method, urgency) may go, `last` being when one was last handed over."""
    return now if last is None else max(now, last + BUNDLE)


def retry_at(attempt: int, now: datetime, told: datetime | None) -> datetime:
    """When to try again after `attempt` tries; the channel's own word (`told`) counts up to the longest."""
    wait: timedelta = min(FIRST_RETRY * (1 << min(attempt - 1, 10)), LONGEST_RETRY)
    if told is not None:
        wait = min(max(wait, told - now), LONGEST_RETRY)
    return now + wait
