"""The SQL over business services (ei:BS1)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from tocsin.accounts.store.standing import seen_by_team
from tocsin.rest.permissions import EVERYTHING, Sight, Standing
from tocsin.services.store.graph_tables import business_services

_LIVE = business_services.c.deleted_at.is_(None)


def standings(conn: Connection, ids: Sequence[str]) -> Mapping[str, Standing]:
    """What rights on business services depend on: their team."""
    mine = business_services.c
    found = conn.execute(select(mine.id, mine.team_id).where(mine.id.in_(ids), _LIVE))
    return {row.id: Standing(frozenset({row.team_id} - {None})) for row in found}


def seen(sight: Sight) -> ColumnElement[bool]:
    """A condition: the business service is seen."""
    return seen_by_team(sight, business_services.c.team_id)


def find(sight: Sight = EVERYTHING) -> Select[Any]:
    """Live business services by name."""
    found = select(business_services).where(_LIVE, seen(sight))
    return found.order_by(func.lower(business_services.c.name), business_services.c.id)


def count(conn: Connection) -> int:
    """How many there are."""
    return conn.scalar(select(func.count()).select_from(business_services).where(_LIVE)) or 0


def of_team(conn: Connection, team_id: str) -> Sequence[Row[Any]]:
    """Live business services of a team, by name."""
    return conn.execute(find().where(business_services.c.team_id == team_id)).all()
