"""What impact is made of, as rows: what people said, the account's threshold, the open incidents that matter."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, ForeignKey, Row, Table, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.accounts.store.tables import account
from tocsin.core.db import Tx
from tocsin.core.metadata import instant, metadata, text
from tocsin.impact.model import Cause, Priority, Relation
from tocsin.incidents.store import queries
from tocsin.incidents.store.tables import incidents, priorities
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.store import business
from tocsin.services.store.graph_tables import business_services

THRESHOLD = "impact_threshold"
"""The account's setting that holds the priority's id."""

incident_impacts = Table(
    "incident_impacts",
    metadata,
    text("incident_id", ForeignKey("incidents.id"), primary_key=True),
    text("business_service_id", ForeignKey("business_services.id"), primary_key=True, index=True),
    text("relation"),  # impacted | not_impacted
    instant("at"),
)


def threshold(conn: Connection) -> Row[Any] | None:
    """The priority that an incident must have at least; None: any will do."""
    named = account.c.settings[THRESHOLD].astext
    return conn.execute(select(priorities).join(account, named == priorities.c.id)).first()


def causes(conn: Connection, sight: Sight = EVERYTHING, incident_id: str | None = None) -> list[Cause]:
    """Open incidents that may impact something (or the one that is asked for), the most severe first."""
    i, said = incidents.c, incident_impacts.c
    counts = _counts()
    query = (
        select(
            i.id, i.service_id, i.created_at, priorities.c.id.label("priority_id"), priorities.c.position,
            counts.label("counts"), said.business_service_id, said.relation, said.at,
            queries.seen(sight).label("seen"),
        )
        .outerjoin(priorities, priorities.c.id == i.priority_id)
        .outerjoin(incident_impacts, said.incident_id == i.id)
        .where(i.status != "resolved", or_(counts, said.relation.is_not(None)))
        .order_by(priorities.c.position.nulls_last(), i.created_at, i.id)
    )  # fmt: skip
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(query.where(i.id == incident_id) if incident_id else query):
        found.setdefault(row.id, []).append(row)
    return [_cause(rows) for rows in found.values()]


def _counts() -> ColumnElement[bool]:
    """Whether the incident's priority reaches the threshold; an incident without one never does."""
    least = priorities.alias()
    named = account.c.settings[THRESHOLD].astext
    reached = select(least.c.position).join(account, named == least.c.id).limit(1).scalar_subquery()
    enough = priorities.c.position <= func.coalesce(reached, priorities.c.position)
    return and_(priorities.c.id.is_not(None), enough)


def _cause(rows: Sequence[Row[Any]]) -> Cause:
    one = rows[0]
    said = {row.business_service_id: (Relation(row.relation), row.at) for row in rows if row.relation is not None}
    priority = Priority(one.priority_id, one.position) if one.priority_id is not None else None
    return Cause(one.id, one.service_id, one.created_at, priority, one.counts, said, one.seen)


def named(conn: Connection, sight: Sight) -> Sequence[Any]:
    """(id, name) of all live business services that are seen, by name (5,000 at most)."""
    mine = business_services.c
    return conn.execute(business.find(sight).with_only_columns(mine.id, mine.name)).all()


def said(conn: Connection, incident_id: str, business_service_id: str) -> str | None:
    """What was said by hand of these two."""
    mine = incident_impacts.c
    both = (mine.incident_id == incident_id) & (mine.business_service_id == business_service_id)
    return conn.scalar(select(mine.relation).where(both))


def all_said(conn: Connection, incident_id: str) -> dict[str, str]:
    """Everything that was said by hand of an incident, by business service."""
    mine = incident_impacts.c
    query = select(mine.business_service_id, mine.relation).where(mine.incident_id == incident_id)
    return {row.business_service_id: row.relation for row in conn.execute(query)}


def say(tx: Tx, incident_id: str, business_service_id: str, relation: Relation) -> None:
    """Keep what was said; the last word counts."""
    row = {"relation": relation.value, "at": tx.now}
    new = insert(incident_impacts).values(incident_id=incident_id, business_service_id=business_service_id, **row)
    tx.conn.execute(new.on_conflict_do_update(index_elements=["incident_id", "business_service_id"], set_=row))
