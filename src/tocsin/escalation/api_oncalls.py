"""`GET /oncalls` (core:S60-S65). Each schedule is resolved once, however many policies point at it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import collate, select

from tocsin.core.errors import Invalid
from tocsin.escalation.model import Snapshot
from tocsin.escalation.oncalls import (
    OnCallEntry,
    Wanted,
    earliest,
    entries,
    people_named,
    schedules_named,
    shifts_of,
)
from tocsin.escalation.store import policies
from tocsin.escalation.store.snapshots import current
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import DEEPEST, Page, limit_of
from tocsin.rest.permissions import Permission
from tocsin.rest.request import values
from tocsin.schedules.logic import oncall_errors
from tocsin.schedules.model import Schedule, Shift
from tocsin.schedules.store.finding import names_of
from tocsin.schedules.store.loading import BEGINNING, people_of, ready

BAD_SINCE = 2004
AT_ONCE = 50  # policies read in one go: a page costs what it shows, however many policies there are


@dataclass(frozen=True, slots=True)
class Read:
    """What was read so far, by id."""

    policies: dict[str, Snapshot] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)


def list_oncalls(call: Call) -> Page:
    """List who is on call, for every level of every policy"""
    limit, offset = limit_of(call), call.whole("offset", 0)
    if offset + limit > DEEPEST:
        raise Invalid(f"offset + limit may not be more than {DEEPEST}")
    since, until = _window(call)
    known, total = Read(), call.flag("total")
    found = list(islice(_found(call, known, since, until), None if total else offset + limit + 1))
    shown = [_shown(entry, known) for entry in found[offset : offset + limit]]
    around = {"limit": limit, "offset": offset, "more": len(found) > offset + limit}
    return Page(shown, around | {"total": len(found) if total else None})


def _window(call: Call) -> tuple[datetime, datetime]:
    """Both default to now; `since` alone in the future moves `until` along (core:S61)."""
    since = max(call.instant("since") or call.now, BEGINNING)
    until = call.instant("until") or max(call.now, since)
    if errors := oncall_errors(since, until, call.now):
        raise Invalid(errors, code=BAD_SINCE)
    return since, until


def _found(call: Call, known: Read, since: datetime, until: datetime) -> Iterator[OnCallEntry]:
    """Entries in order, a few policies at a time."""
    ids, wanted, first = _policy_ids(call), _wanted(call), call.flag("earliest")
    for at in range(0, len(ids), AT_ONCE):
        some = current(call.conn, ids[at : at + AT_ONCE])
        schedules = ready(call.conn, schedules_named(some), since)
        people = names_of(call.conn, people_named(some) | people_of(schedules.values()))
        gone = frozenset(id for id, row in people.items() if row.deleted_at is not None)
        known.policies.update(some)
        known.schedules.update(schedules)
        known.people.update(people)
        shifts = _shifts(schedules, since, until, gone)
        found = entries(some.values(), shifts, people.keys() - gone, wanted)
        yield from earliest(found) if first else found


def _policy_ids(call: Call) -> list[str]:
    policy = escalation_policies.c
    live = (
        select(policy.id)
        .where(policy.deleted_at.is_(None), policies.seen(call.sight))
        .order_by(collate(policy.id, "C"))
    )
    asked = call.many("escalation_policy_ids")
    return list(call.conn.scalars(live.where(policy.id.in_(asked)) if asked else live))


def _shifts(
    schedules: Mapping[str, Schedule], since: datetime, until: datetime, gone: frozenset[str]
) -> Callable[[str], Sequence[Shift]]:
    """The shifts of a schedule, worked out once however many policies point at it."""

    @cache
    def shifts(id: str) -> Sequence[Shift]:
        return shifts_of(schedules[id], since, until, gone) if id in schedules else []

    return shifts


def _wanted(call: Call) -> Wanted:
    """An empty or null `schedule_ids[]` asks for those who are on call without a schedule (core:S62)."""
    users, given = call.many("user_ids"), values(call.pairs, "schedule_ids")
    direct = any(id in ("", "null") for id in given)
    return Wanted(set(users) if users else None, set(given) if given else None, direct if given else True)


def _shown(entry: OnCallEntry, known: Read) -> dict[str, Any]:
    of = known.schedules.get(entry.schedule_id or "")
    return {
        "escalation_policy": Ref("escalation_policy", entry.policy_id, known.policies[entry.policy_id].name),
        "escalation_level": entry.level,
        "schedule": Ref("schedule", of.id, of.name) if of else None,
        "user": Ref("user", entry.user_id, known.people[entry.user_id].name),
        "start": entry.start,
        "end": entry.end,
    }


TABLE = Table(
    (
        Operation(
            "GET", "/oncalls", list_oncalls, 200, "oncalls", "oncalls.read", Permission.READ,
            includes={"users": "user", "schedules": "schedule", "escalation_policies": "escalation_policy"},
            sees="filtered",
        ),
    )
)  # fmt: skip
