"""Add-ons and the services they are for, as rows (core:X2)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, ForeignKey, Row, Select, Table, delete, exists, func, select

from tocsin.core.db import insert_rows
from tocsin.core.metadata import instant, metadata, text
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.store.catalog import seen
from tocsin.services.store.tables import services

addons = Table(
    "addons",
    metadata,
    text("id", primary_key=True),
    text("type"),  # full_page_addon | incident_show_addon
    text("name"),
    text("src"),
    instant("created_at"),
)

addon_services = Table(
    "addon_services",
    metadata,
    text("addon_id", ForeignKey("addons.id", ondelete="CASCADE"), primary_key=True),
    text("service_id", ForeignKey("services.id"), primary_key=True, index=True),
)


def find(type: str | None = None, service_ids: Sequence[str] = (), sight: Sight = EVERYTHING) -> Select[Any]:
    """Add-ons by name; those for some services only as far as these are seen."""
    found = select(addons).order_by(func.lower(addons.c.name), addons.c.id)
    if type:
        found = found.where(addons.c.type == type)
    if service_ids:
        mine = addon_services.c
        theirs = (mine.addon_id == addons.c.id) & mine.service_id.in_(service_ids) & (services.c.id == mine.service_id)
        found = found.where(exists().where(theirs, seen(sight)))
    return found


def services_of(conn: Connection, ids: Iterable[str], sight: Sight = EVERYTHING) -> dict[str, list[Row[Any]]]:
    """Services that are seen, by add-on and name."""
    mine = addon_services.c
    query = (
        select(mine.addon_id, services)
        .join(services, services.c.id == mine.service_id)
        .where(mine.addon_id.in_(list(ids)), seen(sight))
        .order_by(func.lower(services.c.name))
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(query):
        found.setdefault(row.addon_id, []).append(row)
    return found


def of_services(conn: Connection, service_ids: Iterable[str], type: str | None = None) -> dict[str, list[Row[Any]]]:
    """Add-ons for these services (of one type), by service and name."""
    mine = addon_services.c
    query = (
        select(mine.service_id, addons)
        .join(addons, addons.c.id == mine.addon_id)
        .where(mine.service_id.in_(list(service_ids)))
        .order_by(func.lower(addons.c.name), addons.c.id)
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in conn.execute(query.where(addons.c.type == type) if type else query):
        found.setdefault(row.service_id, []).append(row)
    return found


def put_services(conn: Connection, addon_id: str, service_ids: Sequence[str]) -> None:
    """Make these an add-on's services."""
    conn.execute(delete(addon_services).where(addon_services.c.addon_id == addon_id))
    insert_rows(conn, addon_services, [{"addon_id": addon_id, "service_id": id} for id in service_ids])
