"""People, services and policies as their own pages and the on-call page show them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from tocsin.accounts.store.tables import contact_methods, notification_rules, users
from tocsin.escalation.model import Snapshot, Strategy, Target, TargetKind
from tocsin.escalation.store import policies as stored
from tocsin.escalation.store.oncall import on_call, targets_of
from tocsin.escalation.store.snapshots import current
from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.store.tables import incidents
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.schedules.model import Shift
from tocsin.services.store.tables import integrations, services
from tocsin.web.queries import names, schedules


@dataclass(frozen=True, slots=True)
class OnCallPerson:
    """Who a target means now. No `id`: a schedule with a gap. `until` None: for good, or no end in sight."""

    id: str
    name: str
    until: datetime | None
    schedule: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class OnLevel:
    """One level and who is on call there now."""

    number: int
    delay: timedelta
    round_robin: bool
    people: tuple[OnCallPerson, ...]

    @property
    def empty(self) -> bool:
        """Whether nobody is on call here."""
        return not any(person.id for person in self.people)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its levels as they stand now."""

    id: str
    name: str
    description: str
    num_loops: int
    levels: tuple[OnLevel, ...]
    services: tuple[tuple[str, str], ...]

    def has(self, user_id: str) -> bool:
        """Whether this person is on call on any level."""
        return any(person.id == user_id for level in self.levels for person in level.people)


def policies(conn: Connection, now: datetime, only: str | None = None, sight: Sight = EVERYTHING) -> list[Policy]:
    """All living policies that are seen (or one, a deleted one too) with who is on call now."""
    p = escalation_policies.c
    where = p.id == only if only is not None else and_(p.deleted_at.is_(None), stored.seen(sight))
    rows = conn.execute(select(p.id, p.name, p.description).where(where).order_by(p.name, p.id)).all()
    taken = current(conn, [row.id for row in rows])
    known = on_call(conn, taken.values(), now)
    called = names.people(conn, {user for found in known.values() for user in found})
    scheduled = {target.id for target in targets_of(taken.values()) if target.kind is TargetKind.SCHEDULE}
    shifts = schedules.current_shifts(conn, scheduled, now)
    using = _services(conn, list(taken))

    def meant(target: Target) -> list[OnCallPerson]:
        return _meant(target, known.get(target, ()), shifts, called, now)

    return [
        Policy(
            row.id, row.name, row.description or "", taken[row.id].num_loops, _levels(taken[row.id], meant),
            using.get(row.id, ()),
        )
        for row in rows
    ]  # fmt: skip


def _levels(snapshot: Snapshot, meant: Callable[[Target], list[OnCallPerson]]) -> tuple[OnLevel, ...]:
    return tuple(
        OnLevel(
            number=n,
            delay=level.delay,
            round_robin=level.strategy is Strategy.ROUND_ROBIN,
            people=tuple(person for target in level.targets for person in meant(target)),
        )
        for n, level in enumerate(snapshot.levels, 1)
    )


def _meant(
    target: Target, users: Sequence[str], shifts: Mapping[str, tuple[str, Shift | None]], called: names.Names,
    now: datetime,
) -> list[OnCallPerson]:  # fmt: skip
    if target.kind is TargetKind.USER:
        return [OnCallPerson(user, called.get(user, user), None, None) for user in users]
    name, shift = shifts.get(target.id, ("a schedule that is gone", None))
    until = schedules.end_of(shift, now)
    found = [OnCallPerson(user, called.get(user, user), until, (target.id, name)) for user in users]
    return found or [OnCallPerson("", "", None, (target.id, name))]


def _services(conn: Connection, policy_ids: Sequence[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    s = services.c
    where = s.escalation_policy_id.in_(policy_ids) & s.deleted_at.is_(None)
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in conn.execute(select(s.id, s.name, s.escalation_policy_id).where(where).order_by(s.name)):
        found[row.escalation_policy_id] = (*found.get(row.escalation_policy_id, ()), (row.id, row.name))
    return found


def person(conn: Connection, user_id: str) -> Row[Any] | None:
    """A person by id, gone or not."""
    return conn.execute(select(users).where(users.c.id == user_id)).one_or_none()


def methods(conn: Connection, user_id: str) -> Sequence[Any]:
    """A person's ways to be reached."""
    m = contact_methods.c
    return conn.execute(select(contact_methods).where(m.user_id == user_id).order_by(m.type, m.label, m.id)).all()


def rules(conn: Connection, user_id: str) -> Sequence[Any]:
    """A person's notification rules with their method, in the order in which they are followed."""
    r, m = notification_rules.c, contact_methods.c
    query = (
        select(r.urgency, r.start_delay_in_minutes, m.type, m.address, m.label, m.enabled)
        .join(contact_methods, m.id == r.contact_method_id)
        .where(r.user_id == user_id)
        .order_by(r.urgency, r.start_delay_in_minutes, r.id)
    )
    return conn.execute(query).all()


def service(conn: Connection, service_id: str) -> Row[Any] | None:
    """A service by id with its policy's name."""
    query = (
        select(services, escalation_policies.c.name.label("policy"))
        .outerjoin(escalation_policies, escalation_policies.c.id == services.c.escalation_policy_id)
        .where(services.c.id == service_id)
    )
    return conn.execute(query).one_or_none()


def ways_in(conn: Connection, service_id: str) -> Sequence[Any]:
    """A service's living integrations."""
    i = integrations.c
    where = (i.service_id == service_id) & i.deleted_at.is_(None)
    return conn.execute(select(integrations).where(where).order_by(i.created_at, i.id)).all()


def latest(conn: Connection, service_id: str, limit: int = 10) -> Sequence[Any]:
    """A service's newest incidents."""
    i = incidents.c
    query = select(i.id, i.number, i.title, i.status, i.urgency, i.created_at, i.resolved_at)
    return conn.execute(query.where(i.service_id == service_id).order_by(i.created_at.desc()).limit(limit)).all()


def open_count(conn: Connection, service_id: str) -> int:
    """How many of a service's incidents are open."""
    i = incidents.c
    where = (i.service_id == service_id) & (i.status != "resolved")
    return conn.scalar(select(func.count()).select_from(incidents).where(where)) or 0


def services_listed(conn: Connection, sight: Sight = EVERYTHING) -> Sequence[Any]:
    """All living services with their policy's name and how many incidents are open, busy ones first."""
    i, s = incidents.c, services.c
    busy = select(i.service_id, func.count().label("n")).where(i.status != "resolved").group_by(i.service_id).subquery()
    open_count = func.coalesce(busy.c.n, 0).label("open_count")
    policy = escalation_policies.c.name.label("policy")
    query = (
        select(s.id, s.name, s.status, s.maintenance, s.escalation_policy_id, policy, open_count)
        .join(escalation_policies, escalation_policies.c.id == s.escalation_policy_id)
        .outerjoin(busy, busy.c.service_id == s.id)
        .where(s.deleted_at.is_(None), stored.seen(sight))
        .order_by(open_count == 0, s.name, s.id)
        .limit(1000)
    )
    return conn.execute(query).all()
