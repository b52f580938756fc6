"""`/business_services`: what a business offers, carried by technical services."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts.store.tables import teams
from tocsin.accounts.wire import team_ref
from tocsin.core.recorded import by_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services import commands_business as commands
from tocsin.services import wire_business as wire
from tocsin.services.store import business
from tocsin.services.store.graph_tables import business_services


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    owners = by_id(call.conn, teams, {row.team_id for row in rows if row.team_id})
    refs = {id: team_ref(id, team.name) for id, team in owners.items()}
    return [wire.business_service(row, refs.get(row.team_id)) for row in rows]


def load_business_services(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Business services for `include[]`."""
    rows = by_id(call.conn, business_services, ids).values()
    return {thing.id: thing for thing in _show(call, [row for row in rows if row.deleted_at is None])}


def list_business_services(call: Call) -> Page:
    """List business services"""
    return offset_page(call, business.find(call.sight), lambda rows: _show(call, rows))


def get_business_service(call: Call) -> Thing:
    """Get a business service"""
    return _show(call, [commands.get(call.conn, call.id)])[0]


def create_business_service(call: Call) -> Thing:
    """Create a business service"""
    body = call.read(wire.BusinessBody)
    call.demand(Permission.CONFIGURE, "team", [body.team_id])
    id = commands.add(call.tx, call.actor, body)
    return _show(call, [commands.get(call.conn, id)])[0]


def update_business_service(call: Call) -> Thing:
    """Change a business service"""
    row = commands.get(call.conn, call.id, lock=True)
    body = call.read(wire.BusinessBody, over=wire.present(row))
    if body.team_id and body.team_id != row.team_id:
        call.demand(Permission.CONFIGURE, "team", [body.team_id])
    commands.edit(call.tx, call.actor, row, body)
    return get_business_service(call)


def delete_business_service(call: Call) -> None:
    """Remove a business service"""
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


_WRITE: dict[str, Any] = {
    "scope": "services.write", "permission": Permission.CONFIGURE, "audit": "business_service",
    "takes": "business_service", "body": wire.BusinessBody,
}  # fmt: skip

TABLE = Table(
    (
        *resource(
            "/business_services", "business_service", "business_services", scope="services", sees="filtered",
            list=list_business_services, get=get_business_service, delete=delete_business_service,
            update=update_business_service, body=wire.BusinessBody,
        ),
        # 200 and not 201: clients compare (ei:X2).
        Operation(
            "POST", "/business_services", create_business_service, 200, "business_service", in_body=True, **_WRITE
        ),
        Operation(
            "PATCH", "/business_services/{id}", update_business_service, 200, "business_service", **_WRITE
        ),
    ),
    {"business_service": load_business_services},
)  # fmt: skip
