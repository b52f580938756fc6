"""Names of people and services by id, looked up once a page."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tocsin.accounts.store.tables import users
from tocsin.escalation.store import policies as stored
from tocsin.escalation.store.tables import escalation_policies
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.store.tables import services

Names = dict[str, str]


def people(conn: Connection, ids: Iterable[str]) -> Names:
    """Names of these people, of those who left as well."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = conn.execute(select(users.c.id, users.c.name, users.c.deleted_at).where(users.c.id.in_(wanted)))
    return {row.id: row.name if row.deleted_at is None else f"{row.name} (left)" for row in rows}


def everybody(conn: Connection) -> list[tuple[str, str]]:
    """(id, name) of all living people, by name."""
    query = select(users.c.id, users.c.name).where(users.c.deleted_at.is_(None)).order_by(users.c.name, users.c.id)
    return [(row.id, row.name) for row in conn.execute(query)]


def policies(conn: Connection, sight: Sight = EVERYTHING) -> list[tuple[str, str]]:
    """(id, name) of all living escalation policies, by name."""
    p = escalation_policies.c
    query = select(p.id, p.name).where(p.deleted_at.is_(None), stored.seen(sight)).order_by(p.name, p.id)
    return [(row.id, row.name) for row in conn.execute(query)]


def of_services(conn: Connection, ids: Iterable[str]) -> Names:
    """Names of these services."""
    rows = conn.execute(select(services.c.id, services.c.name).where(services.c.id.in_(sorted(set(ids)))))
    return {row.id: row.name for row in rows}
