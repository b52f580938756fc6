"""Tags and what they are on, as rows (core:X1)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, Row, Select, Table, delete, exists, func, or_, select
from sqlalchemy import text as sql

from tocsin.accounts.store import people
from tocsin.accounts.store.people import matching
from tocsin.accounts.store.tables import teams, users
from tocsin.core import db
from tocsin.core.metadata import instant, metadata, text
from tocsin.escalation.store import policies
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import EVERYTHING, Sight

tags = Table(
    "tags",
    metadata,
    text("id", primary_key=True),
    text("label"),
    instant("created_at"),
    Index("uq_tags_label", sql("lower(label)"), unique=True),
)

taggings = Table(
    "taggings",
    metadata,
    text("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    text("entity_type", primary_key=True),  # user | team | escalation_policy
    text("entity_id", primary_key=True),
    Index("ix_taggings_entity", "entity_type", "entity_id"),
)

db.RACED.add("uq_tags_label")  # two that give a thing the same new label at once: the second takes the first's tag

ENTITIES: dict[str, Table] = {"user": users, "team": teams, "escalation_policy": escalation_policies}


def find(query: str | None = None) -> Select[Any]:
    """Tags by label."""
    found = select(tags).order_by(func.lower(tags.c.label), tags.c.id)
    return found.where(matching(tags.c.label, query)) if query else found


def of_entity(kind: str, id: str) -> Select[Any]:
    """The tags of one thing, by label."""
    mine = (taggings.c.tag_id == tags.c.id) & (taggings.c.entity_type == kind) & (taggings.c.entity_id == id)
    return find().where(exists().where(mine))


def wanted(conn: Connection, ids: Iterable[str], labels: Iterable[str]) -> Sequence[Row[Any]]:
    """Tags by id, or by label in any case."""
    lower = [label.lower() for label in labels]
    return conn.execute(find().where(or_(tags.c.id.in_(list(ids)), func.lower(tags.c.label).in_(lower)))).all()


def tagged(kind: str, tag_id: str, sight: Sight = EVERYTHING) -> Select[Any]:
    """Live things of one kind that bear a tag and are seen, by name."""
    table = ENTITIES[kind]
    on = (taggings.c.entity_id == table.c.id) & (taggings.c.entity_type == kind) & (taggings.c.tag_id == tag_id)
    return seen(kind, sight).where(exists().where(on))


def seen(kind: str, sight: Sight) -> Select[Any]:
    """Live things of one kind that are seen, by name."""
    if kind == "user":
        return people.find_users(sight=sight)
    if kind == "team":
        return people.find_teams(sight=sight)
    mine = escalation_policies.c
    return policies.find(None, (), (), sight).order_by(func.lower(mine.name), mine.id)


def counts(conn: Connection, sight: Sight = EVERYTHING) -> dict[tuple[str, str], int]:
    """(tag, kind) -> how many live things of this kind that are seen bear it."""
    found: dict[tuple[str, str], int] = {}
    for kind in ENTITIES:
        live = seen(kind, sight).order_by(None).subquery()
        on = (taggings.c.entity_id == live.c.id) & (taggings.c.entity_type == kind)
        query = select(taggings.c.tag_id, func.count().label("n")).join(live, on).group_by(taggings.c.tag_id)
        found |= {(row.tag_id, kind): row.n for row in conn.execute(query)}
    return found


def put_on(conn: Connection, tag_ids: Sequence[str], kind: str, id: str) -> None:
    """Tag a thing; what it bears already stays."""
    rows = [{"tag_id": tag_id, "entity_type": kind, "entity_id": id} for tag_id in tag_ids]
    db.insert_rows(conn, taggings, rows, "DO NOTHING")


def take_off(conn: Connection, tag_ids: Sequence[str], kind: str, id: str) -> None:
    """Take tags from a thing."""
    mine = (taggings.c.entity_type == kind) & (taggings.c.entity_id == id)
    conn.execute(delete(taggings).where(mine, taggings.c.tag_id.in_(tag_ids)))
