"""Incidents as the list and their own page show them: with names, level, and what happens next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from tocsin.core import timers
from tocsin.core.timers import Timer
from tocsin.escalation.logic import onward, people_of
from tocsin.escalation.model import Entered, OnCall, Rings, Snapshot
from tocsin.escalation.store.oncall import on_call
from tocsin.escalation.store.tables import rings
from tocsin.incidents.model import Incident, Status, TimerKind, Via
from tocsin.incidents.store.incidents import COLUMNS, from_rows
from tocsin.incidents.store.queries import seen
from tocsin.incidents.store.tables import incidents
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.web.queries import names

PAGE = 100
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that will happen by itself: `what` reads after a time (`at 03:14: …`), `icon` shows its kind."""

    at: datetime
    what: str
    icon: str
    kind: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the incident's policy; `people` are those who are on call there now."""

    number: int
    people: tuple[str, ...]
    delay: timedelta
    current: bool
    round_robin: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One incident, ready to print. `assignees` and `acknowledgers` are (id, name)."""

    incident: Incident
    service: str
    assignees: tuple[tuple[str, str], ...]
    acknowledgers: tuple[tuple[str, datetime], ...]
    steps: tuple[Step, ...]
    levels: tuple[Level, ...]

    @property
    def policy(self) -> str:
        """The policy's name as it was taken."""
        return self.incident.snapshot.name if self.incident.snapshot else ""

    @property
    def place(self) -> str:
        """`level 1 of 2`, or how it got where it is."""
        if self.incident.status is Status.RESOLVED:
            return ""
        if self.incident.assigned_via is Via.DIRECT or not self.levels:
            return "assigned directly"
        return f"level {self.incident.level + 1} of {len(self.levels)}"

    @property
    def next(self) -> Step | None:
        """The next step that tells somebody something."""
        return next((step for step in self.steps if step.kind != TimerKind.RESOLVE), None)


def one(conn: Connection, id_or_number: str, now: datetime) -> Shown | None:
    """An incident by id or number."""
    i = incidents.c
    digits = id_or_number.isascii() and id_or_number.isdigit() and len(id_or_number) < 18
    where = i.number == int(id_or_number) if digits else i.id == id_or_number
    rows = conn.execute(select(*COLUMNS).where(where)).all()
    return next(iter(_shown(conn, rows, now)), None)


def several(conn: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """(number, title, status) rows of these incidents by id."""
    i = incidents.c
    rows = conn.execute(select(i.id, i.number, i.title, i.status).where(i.id.in_(ids)))
    return {row.id: row for row in rows}


def listed(
    conn: Connection, which: str, user_id: str, now: datetime, page: int, sight: Sight = EVERYTHING
) -> tuple[list[Shown], bool]:
    """A page of incidents, most urgent first, and whether there are more. `which`: mine, open or resolved."""
    i = incidents.c
    order: Sequence[Any] = (i.status == "acknowledged", i.urgency == "low", i.created_at.desc(), i.id)
    if which == "resolved":
        order = (i.resolved_at.desc(), i.id)
    query = select(*COLUMNS).where(_which(which, user_id, now), seen(sight)).order_by(*order)
    rows = conn.execute(query.offset(page * PAGE).limit(PAGE + 1)).all()
    return _shown(conn, rows[:PAGE], now), len(rows) > PAGE


def _which(which: str, user_id: str, now: datetime) -> ColumnElement[bool]:
    i = incidents.c
    if which == "resolved":
        return (i.status == "resolved") & (i.resolved_at > now - LATELY)
    if which == "mine":
        return (i.status != "resolved") & i.assignments.contains([{"user_id": user_id}])
    return i.status != "resolved"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many incidents there are behind each choice."""

    open: int
    triggered: int
    mine: int
    resolved: int


def counts(conn: Connection, user_id: str, now: datetime, sight: Sight = EVERYTHING) -> Counts:
    """Counted in two statements over partial indexes."""
    i = incidents.c
    mine = i.assignments.contains([{"user_id": user_id}])
    row = conn.execute(
        select(
            func.count(), func.count().filter(i.status == "triggered"), func.coalesce(func.sum(case((mine, 1))), 0)
        ).where(i.status != "resolved", seen(sight))
    ).one()
    resolved = conn.scalar(
        select(func.count()).select_from(incidents).where(_which("resolved", user_id, now), seen(sight))
    )
    return Counts(row[0], row[1], row[2], resolved or 0)


def _shown(conn: Connection, rows: Sequence[Any], now: datetime) -> list[Shown]:
    found = list(from_rows(conn, rows).values())
    snapshots = {incident.snapshot for incident in found if incident.snapshot}
    known = on_call(conn, snapshots, now)
    turning = _rings(conn, {snapshot.policy_id for snapshot in snapshots})
    due: dict[str, list[Timer]] = {}
    for timer in timers.of(conn, [incident.id for incident in found]):
        due.setdefault(timer.subject, []).append(timer)
    called = names.people(conn, _ids(found, known))
    service = names.of_services(conn, {incident.service_id for incident in found})
    return [_one(incident, due.get(incident.id, ()), known, turning, called, service) for incident in found]


def _ids(found: Iterable[Incident], known: OnCall) -> set[str]:
    given = {user for incident in found for user in incident.assignees}
    return given | {user for people in known.values() for user in people}


def _rings(conn: Connection, policy_ids: set[str]) -> Rings:
    rows = conn.execute(select(rings).where(rings.c.policy_id.in_(sorted(policy_ids)))) if policy_ids else ()
    return {(row.policy_id, row.rule_id): tuple(row.queue) for row in rows}


def _one(
    incident: Incident, due: Sequence[Timer], known: OnCall, turning: Rings, called: Mapping[str, str],
    service: Mapping[str, str],
) -> Shown:  # fmt: skip
    return Shown(
        incident=incident,
        service=service.get(incident.service_id, incident.service_id),
        assignees=tuple((user, called.get(user, user)) for user in incident.assignees),
        acknowledgers=tuple((ack.name or called.get(ack.id, ack.id), ack.at) for ack in incident.acknowledgements),
        steps=tuple(_step(incident, timer, known, turning, called) for timer in due),
        levels=_levels(incident, incident.snapshot, known, called) if incident.snapshot else (),
    )


def _levels(
    incident: Incident, snapshot: Snapshot, known: OnCall, called: Mapping[str, str]
) -> tuple[Level, ...]:  # fmt: skip
    stands = incident.assigned_via is Via.POLICY and incident.status is not Status.RESOLVED
    return tuple(
        Level(
            number=n + 1,
            people=tuple(called.get(user, user) for user in people_of(level, known)),
            delay=level.delay,
            current=stands and n == incident.level,
            round_robin=level.strategy.value == "round_robin",
        )
        for n, level in enumerate(snapshot.levels)
    )


_PLAIN = {
    TimerKind.REPAGE: ("pages again, nobody having answered", "bell-ring"),
    TimerKind.RERESOLVE: ("looks again whether anybody is on call", "search"),
    TimerKind.RESOLVE: ("resolves by itself", "circle-check"),
    TimerKind.REQUEST: ("whoever was asked for help and has not answered: the next level is asked", "users"),
    TimerKind.URGENCY: ("support hours begin: the urgency becomes high", "arrow-up-right"),
}


def _step(
    incident: Incident, timer: Timer, known: OnCall, turning: Rings, called: Mapping[str, str]
) -> Step:  # fmt: skip
    if timer.kind == TimerKind.ESCALATE:
        return Step(timer.due_at, _onward(incident, known, turning, called), "arrow-up-right", timer.kind)
    if timer.kind == TimerKind.UNACKNOWLEDGE:
        what = "the snooze ends and it pages again" if incident.snoozed_until else "the acknowledgement runs out"
        return Step(timer.due_at, what, "alarm-clock", timer.kind)
    what, icon = _PLAIN[TimerKind(timer.kind)]
    return Step(timer.due_at, what, icon, timer.kind)


def _onward(incident: Incident, known: OnCall, turning: Rings, called: Mapping[str, str]) -> str:
    if incident.snapshot is None:
        return "escalates"
    step = onward(incident.snapshot, incident.position, known, turning)
    if not isinstance(step, Entered):
        return "no level is left: it stays with its people and is paged again later"
    who = ", ".join(called.get(user, user) for user in step.users[:3])
    more = f" and {len(step.users) - 3} more" if len(step.users) > 3 else ""
    begin = "begins again with" if step.repeated else "escalates to"
    return f"{begin} level {step.position.level + 1}: {who}{more}"
