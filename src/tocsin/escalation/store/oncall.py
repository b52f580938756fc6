"""Who stands behind each target now: one look-up behind the pager, the API and the simulation (core:P12).

A batch costs one small query for the versions of its schedules and one for who is still in the account.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog
from sqlalchemy import Connection, select

from tocsin.accounts.store.responders import living, managers
from tocsin.escalation.model import OnCall, Snapshot, Target, TargetKind
from tocsin.escalation.store.tables import escalation_policies
from tocsin.schedules.logic import who
from tocsin.schedules.model import Schedule
from tocsin.schedules.store.loading import absent, people_of, ready

log = structlog.get_logger()
NOBODY: frozenset[str] = frozenset()


def on_call(conn: Connection, taken: Iterable[Snapshot], now: datetime) -> dict[Target, tuple[str, ...]]:
    """Every target of these snapshots -> the people it means at `now`; a gap or a deleted person means nobody."""
    targets = targets_of(taken)
    people = {target.id for target in targets if target.kind is TargetKind.USER}
    schedules = ready(conn, {target.id for target in targets if target.kind is TargetKind.SCHEDULE}, now)
    meant = {schedule.id: turn(schedule, now) for schedule in schedules.values()}
    asked = people.union(*meant.values())
    alive = living(conn, asked) if asked else set()
    gone = [schedules[id] for id, users in meant.items() if not alive.issuperset(users)]
    if gone:
        missing = absent(conn, people_of(gone))
        meant |= {schedule.id: turn(schedule, now, missing) for schedule in gone}
        alive |= {user for schedule in gone for user in meant[schedule.id]}
    return resolved(targets, meant, alive)


def targets_of(taken: Iterable[Snapshot]) -> set[Target]:
    """Everything that these snapshots point at."""
    return {target for snapshot in taken for level in snapshot.levels for target in level.targets}


def turn(schedule: Schedule, at: datetime, gone: frozenset[str] = NOBODY) -> tuple[str, ...]:
    """Whom a schedule means, by id. One that cannot be read is a gap, so that the page climbs on and is not lost."""
    try:
        return tuple(sorted(who(schedule, at, absent=gone)))
    except ValueError as error:
        log.error("schedule cannot be read", schedule=schedule.id, error=str(error))
        return ()


def resolved(
    targets: Iterable[Target], meant: Mapping[str, tuple[str, ...]], alive: Iterable[str]
) -> dict[Target, tuple[str, ...]]:
    """Targets with the people they mean; those that mean nobody are left out."""
    living_ones = set(alive)
    found: OnCall = {
        target: users
        for target in targets
        if (users := (target.id,) if target.kind is TargetKind.USER else meant.get(target.id, ()))
        and living_ones.issuperset(users)
    }
    return dict(found)


def fallbacks(conn: Connection, policy_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The managers of each policy's team: whom to tell when nobody is on call (SPINE 11)."""
    query = select(escalation_policies.c.id, escalation_policies.c.team_id).where(
        escalation_policies.c.id.in_(list(policy_ids)), escalation_policies.c.team_id.is_not(None)
    )
    team_of = {row.id: row.team_id for row in conn.execute(query)}
    of_team = managers(conn, team_of.values())
    return {policy: of_team[team] for policy, team in team_of.items() if team in of_team}
