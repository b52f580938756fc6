"""The SQL over subscriptions, and over everybody whom an update of an incident reaches."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, or_, select, text, tuple_

from tocsin.accounts.store.tables import team_members
from tocsin.core.db import insert_rows
from tocsin.impact.model import Relation
from tocsin.impact.store import all_said
from tocsin.incidents.store import queries as incident_queries
from tocsin.incidents.store.tables import incidents
from tocsin.rest.permissions import Sight
from tocsin.services.store import business, graph
from tocsin.services.store.graph_tables import business_services
from tocsin.status_pages.store.tables import subscriptions

Thing = tuple[str, str]
"""(type, id): a subscriber (user, team, account) or what it subscribes to (incident, business_service)."""
Link = tuple[Thing, Thing]
"""(what, who)"""

_S = subscriptions.c


def of_thing(what: Thing) -> Select[Any]:
    """The users and teams that subscribed to a thing, in the order in which they did."""
    mine = (_S.subscribable_type == what[0]) & (_S.subscribable_id == what[1])
    shown = _S.subscriber_type.in_(("user", "team")) & ~_S.refused
    return select(subscriptions).where(mine, shown).order_by(_S.created_at, _S.subscriber_type, _S.subscriber_id)


def of_subscriber(who: Thing, sight: Sight) -> Select[Any]:
    """What somebody subscribed to, as far as the asking one sees it, with the names of business services."""
    mine = (_S.subscriber_type == who[0]) & (_S.subscriber_id == who[1]) & ~_S.refused
    found = (
        select(subscriptions, business_services.c.name)
        .outerjoin(
            business_services,
            (_S.subscribable_type == "business_service") & (business_services.c.id == _S.subscribable_id),
        )
        .where(mine, business_services.c.deleted_at.is_(None), _seen(sight))
    )
    return found.order_by(_S.created_at, _S.subscribable_type, _S.subscribable_id)


def _seen(sight: Sight) -> ColumnElement[bool]:
    shown_incidents = select(incidents.c.id).where(incident_queries.seen(sight)).scalar_subquery()
    shown_services = select(business_services.c.id).where(business.seen(sight)).scalar_subquery()
    incident = (_S.subscribable_type == "incident") & _S.subscribable_id.in_(shown_incidents)
    return or_(incident, (_S.subscribable_type == "business_service") & _S.subscribable_id.in_(shown_services))


def _key(row: Any) -> Link:
    return (row.subscribable_type, row.subscribable_id), (row.subscriber_type, row.subscriber_id)


def present(conn: Connection, links: Iterable[Link]) -> dict[Link, Row[Any]]:
    """Those of these that are stored, refusals too."""
    key = tuple_(_S.subscribable_type, _S.subscribable_id, _S.subscriber_type, _S.subscriber_id)
    wanted = [(*what, *who) for what, who in links]
    rows = conn.execute(select(subscriptions).where(key.in_(wanted))).all() if wanted else ()
    return {_key(row): row for row in rows}


def put(conn: Connection, links: Iterable[Link], refused: bool, now: datetime) -> None:
    """Store these, over what is there."""
    insert_rows(
        conn,
        subscriptions,
        (
            {
                "subscribable_type": what[0], "subscribable_id": what[1], "subscriber_type": who[0],
                "subscriber_id": who[1], "refused": refused, "created_at": now,
            }
            for what, who in links
        ),
        "(subscribable_type, subscribable_id, subscriber_type, subscriber_id)"
        " DO UPDATE SET refused = excluded.refused, created_at = excluded.created_at",
    )  # fmt: skip


def drop(conn: Connection, links: Iterable[Link]) -> None:
    """Forget these."""
    key = tuple_(_S.subscribable_type, _S.subscribable_id, _S.subscriber_type, _S.subscriber_id)
    wanted = [(*what, *who) for what, who in links]
    if wanted:
        conn.execute(delete(subscriptions).where(key.in_(wanted)))


def by_team(conn: Connection, links: Iterable[Link]) -> set[Link]:
    """Those of these (of users) that a subscribed team of theirs stands for."""
    wanted = list(links)
    if not wanted:
        return set()
    m = team_members.c
    query = (
        select(_S.subscribable_type, _S.subscribable_id, m.user_id)
        .join(team_members, m.team_id == _S.subscriber_id)
        .where(_S.subscriber_type == "team", ~_S.refused, m.user_id.in_({who[1] for _, who in wanted}))
        .where(tuple_(_S.subscribable_type, _S.subscribable_id).in_({what for what, _ in wanted}))
    )
    found = {((row[0], row[1]), ("user", row[2])) for row in conn.execute(query)}
    return found & set(wanted)


def count_users(conn: Connection, what: Thing) -> int:
    """How many people subscribed to a thing themselves."""
    return conn.scalar(select(func.count()).select_from(of_thing(what).order_by(None).subquery())) or 0


def capabilities(conn: Connection, incident_id: str, service_id: str) -> list[str]:
    """The business services that an incident concerns: all that depend on its service, however far up and whatever its
    priority, and those that somebody said it impacts; but none of which somebody said that it does not (ei:BS4)."""
    ups = {dependent for _, dependent in graph.related(conn, [graph.node("service", service_id)])}
    found = {up.removeprefix("business_service/") for up in ups if up.startswith("business_service/")}
    said = all_said(conn, incident_id)
    found |= {id for id, relation in said.items() if relation == Relation.IMPACTED}
    return sorted(found - {id for id, relation in said.items() if relation == Relation.NOT_IMPACTED})


def via(conn: Connection, rows: Sequence[Any], business_ids: Sequence[str]) -> dict[Thing, list[str]]:
    """Which of these subscribers are subscribed to these business services besides."""
    who = [(row.subscriber_type, row.subscriber_id) for row in rows]
    if not who or not business_ids:
        return {}
    query = select(_S.subscriber_type, _S.subscriber_id, _S.subscribable_id).where(
        _S.subscribable_type == "business_service", _S.subscribable_id.in_(business_ids), ~_S.refused,
        tuple_(_S.subscriber_type, _S.subscriber_id).in_(who),
    )  # fmt: skip
    found: dict[Thing, list[str]] = {}
    for row in conn.execute(query.order_by(_S.subscribable_id)):
        found.setdefault((row[0], row[1]), []).append(row[2])
    return found


# A person's own word stands above what reaches them through others: their refusal of the incident ends everything,
# that of a business service ends what comes through it.
_REACHED = text(
    """
    WITH mine AS (
        SELECT * FROM subscriptions WHERE (subscribable_type = 'incident' AND subscribable_id = :incident)
           OR (subscribable_type = 'business_service' AND subscribable_id = ANY(CAST(:business AS text[])))
    ), people AS (
        SELECT subscriber_id AS user_id, subscribable_type, subscribable_id FROM mine
         WHERE subscriber_type = 'user' AND NOT refused AND subscriber_id > :after
        UNION SELECT m.user_id, s.subscribable_type, s.subscribable_id
         FROM mine s JOIN team_members m ON m.team_id = s.subscriber_id
         WHERE s.subscriber_type = 'team' AND NOT s.refused AND m.user_id > :after
        UNION SELECT u.id, s.subscribable_type, s.subscribable_id FROM mine s CROSS JOIN users u
         WHERE s.subscriber_type = 'account' AND NOT s.refused AND u.id > :after
    )
    SELECT DISTINCT p.user_id FROM people p JOIN users u ON u.id = p.user_id AND u.deleted_at IS NULL
     WHERE (CAST(:only AS text) IS NULL OR p.user_id = :only)
       AND NOT EXISTS (SELECT 1 FROM mine r WHERE r.refused AND r.subscriber_type = 'user'
                       AND r.subscriber_id = p.user_id
                       AND (r.subscribable_type = 'incident' OR (r.subscribable_type = p.subscribable_type
                                                                 AND r.subscribable_id = p.subscribable_id)))
     ORDER BY 1 LIMIT :most
    """
)


def reached(
    conn: Connection, incident_id: str, business_ids: Sequence[str], after: str, most: int, only: str | None = None
) -> list[str]:
    """The next people, by id, whom an update of this incident reaches, each once; `only`: whether this one is."""
    given = {"incident": incident_id, "business": list(business_ids), "after": after, "most": most, "only": only}
    return list(conn.scalars(_REACHED, given))
