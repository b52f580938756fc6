"""Hand-offs: the instants at which another person is on call, and who is to be told of them when (core:N30, core:G-58).

1. A hand-off is a change of the person on call, whatever brings it: a turn, a restriction, an override, an edit. Who
   hands over to himself (the next layer, his own override) hands nothing over.
2. A rule is due its advance before the hand-off, for its person going on call, off call, or both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.schedules.logic.final import final_shifts
from tocsin.schedules.logic.layers import NOBODY
from tocsin.schedules.model import Schedule, Shift


@dataclass(frozen=True, slots=True)
class Handoff:
    """At `at` the schedule passes `off` -> `on` (None: nobody)."""

    at: datetime
    off: str | None
    on: str | None


@dataclass(frozen=True, slots=True)
class HandoffRule:
    """A person's wish to be told `advance` before; `since` is when he last changed it."""

    id: str
    user: str
    kind: str  # both | oncall | offcall
    advance: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """One person is to be told by one rule, at `due`, that they go on call or off call (`kind`) at a hand-off."""

    rule: HandoffRule
    handoff: Handoff
    kind: str  # oncall | offcall
    due: datetime


def handoffs(schedule: Schedule, since: datetime, until: datetime, absent: frozenset[str] = NOBODY) -> list[Handoff]:
    """The hand-offs in [since, until), in order."""
    just_before = since - timedelta(seconds=1)
    return list(_changes(final_shifts(schedule, just_before, until, absent=absent), just_before, until))


def _changes(shifts: Iterable[Shift], since: datetime, until: datetime) -> Iterator[Handoff]:
    at, user = since, None
    begun = False  # the window's own edge is no hand-off
    for shift in shifts:
        if shift.start > at:
            if user is not None:
                yield Handoff(at, user, None)
            user, begun = None, True
        if begun and shift.user != user:
            yield Handoff(shift.start, user, shift.user)
        at, user, begun = shift.end, shift.user, True
    if user is not None and at < until:
        yield Handoff(at, user, None)


def tellings(found: Iterable[Handoff], rules: Mapping[str, Sequence[HandoffRule]]) -> list[Telling]:
    """Who is to be told of these hand-offs by which rule (of people, by id), the earliest due first."""
    told = [
        Telling(rule, handoff, kind, handoff.at - rule.advance)
        for handoff in found
        for user, kind in ((handoff.off, "offcall"), (handoff.on, "oncall"))
        for rule in rules.get(user or "", ())
        if rule.kind in ("both", kind)
    ]
    return sorted(told, key=lambda telling: (telling.due, telling.rule.id, telling.kind))
