"""Log entries read across incidents: of teams, of a person (core:L5, clients.md 5). Bounded, whatever matches.

1. Of a team: its `most` newest incidents hold at least that many entries, for each begins with a trigger at the time it
   opened. So nothing older than the `most`-th newest incident can be among the `most` newest entries, and that instant
   (`floor`) bounds the search. Where the account wrote little since then, entries are read by time; where it wrote
   much, through the team's own incidents.
2. Of a person: what they did, what they were told, what was given to them; each by an index of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, lateral, select, true, union

from tocsin.escalation.store.tables import escalation_policies
from tocsin.incidents.store.queries import OVERLOOKED, seen
from tocsin.incidents.store.tables import incidents, log_entries
from tocsin.rest.permissions import EVERYTHING, Sight

CROWD = 20_000
"""Entries by time that may be looked through one by one."""
GIVEN = ("assign", "escalate", "delegate")


@dataclass(frozen=True, slots=True)
class Span:
    """Which entries are asked for, whoever they are of."""

    since: datetime | None = None
    until: datetime | None = None
    overview: bool = False
    sight: Sight = EVERYTHING

    def narrowed(self, found: Select[Any]) -> Select[Any]:
        """`found` (of log entries) within it."""
        e = log_entries.c
        if self.since is not None:
            found = found.where(e.at >= self.since)
        if self.until is not None:
            found = found.where(e.at < self.until)
        if not self.sight.everything:
            found = found.where(e.incident_id.in_(select(incidents.c.id).where(seen(self.sight)).scalar_subquery()))
        return found.where(e.type.not_in(OVERLOOKED)) if self.overview else found


def of_teams(conn: Connection, team_ids: Sequence[str], span: Span, most: int) -> Select[Any]:
    """Entries of incidents whose policies belong to these teams, newest first; right for the first `most` of them."""
    policies = _policies(conn, team_ids)
    floor, crowd = conn.execute(_floor(policies, span, most)).one()
    theirs = _incidents_of(policies, span, floor)
    if floor is not None and span.sight.everything and crowd <= CROWD:
        by_time = select(log_entries).where(log_entries.c.at >= floor, log_entries.c.incident_id.in_(theirs))
        return _newest_first(span.narrowed(by_time))
    own = theirs.subquery()
    mine = span.narrowed(select(log_entries).where(log_entries.c.incident_id == own.c.id))
    if floor is not None:
        mine = mine.where(log_entries.c.at >= floor)
    below = lateral(mine.offset(0))  # OFFSET keeps PostgreSQL from turning this back into a scan by time
    found = select(below).select_from(own.join(below, true()))
    return found.order_by(below.c.at.desc(), below.c.id.desc())


def all_of_teams(conn: Connection, team_ids: Sequence[str], span: Span) -> Select[Any]:
    """All of them, to be counted."""
    theirs = _incidents_of(_policies(conn, team_ids), span, None)
    return span.narrowed(select(log_entries).where(log_entries.c.incident_id.in_(theirs)))


def _policies(conn: Connection, team_ids: Sequence[str]) -> list[str]:
    """Looked up apart: of ids PostgreSQL knows how many incidents they have, of a query it does not."""
    mine = escalation_policies.c.team_id.in_(team_ids)
    return list(conn.scalars(select(escalation_policies.c.id).where(mine)))


def _floor(policies: Sequence[str], span: Span, most: int) -> Select[Any]:
    i, policy = incidents.c, escalation_policies.c
    newest = select(i.created_at).where(i.policy_id == policy.id)
    if span.until is not None:
        newest = newest.where(i.created_at < span.until)
    newest_of = lateral(newest.order_by(i.created_at.desc()).limit(most))
    ranked = (
        select(newest_of.c.created_at)
        .select_from(escalation_policies.join(newest_of, true()))
        .where(policy.id.in_(policies))
        .order_by(newest_of.c.created_at.desc())
        .offset(most - 1)
        .limit(1)
        .cte("floor")
    )
    since = select(ranked.c.created_at).scalar_subquery()
    crowd = select(log_entries.c.at).where(log_entries.c.at >= since).limit(CROWD + 1).subquery()
    return select(since, select(func.count()).select_from(crowd).scalar_subquery())


def _incidents_of(policies: Sequence[str], span: Span, floor: datetime | None) -> Select[Any]:
    i = incidents.c
    theirs = select(i.id).where(i.policy_id.in_(policies))
    latest = [at for at in (floor, span.since) if at is not None]
    if latest:
        theirs = theirs.where(i.last_logged_at >= max(latest))
    return theirs.where(i.created_at < span.until) if span.until is not None else theirs


def of_person(user_id: str, span: Span, most: int) -> Select[Any]:
    """Entries about what a person did, was told, or was given, newest first; right for the first `most` of them."""
    found = union(*(_newest_first(part).limit(most).subquery().select() for part in _parts(user_id, span))).subquery()
    return select(found).order_by(found.c.at.desc(), found.c.id.desc())


def all_of_person(user_id: str, span: Span) -> Select[Any]:
    """All of them, to be counted."""
    found = union(*(part.subquery().select() for part in _parts(user_id, span))).subquery()
    return select(found)


def _parts(user_id: str, span: Span) -> list[Select[Any]]:
    e = log_entries.c
    did = and_(e.actor_kind == "user", e.actor_id == user_id)
    told = and_(e.user_id.is_not(None), e.user_id == user_id)
    given = and_(e.type.in_(GIVEN), e.assignees.contains([user_id]))
    columns = [column for column in log_entries.c if column.name != "xid"]
    return [span.narrowed(select(*columns).where(part)) for part in (did, told, given)]


def _newest_first(found: Select[Any]) -> Select[Any]:
    return found.order_by(log_entries.c.at.desc(), log_entries.c.id.desc())
