"""`/service_dependencies`: which service depends on which (ei:SD1, ei:SD2)."""

from collections.abc import Sequence
from typing import Any

from tocsin.core.errors import Invalid
from tocsin.rest.body import read
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, all_of, limit_of
from tocsin.rest.permissions import Permission
from tocsin.services import commands, commands_business, wire_dependencies
from tocsin.services import commands_dependencies as verbs
from tocsin.services.logic_graph import Edge
from tocsin.services.store import graph

MOST = 10_000


def list_dependencies(call: Call) -> Page:
    """List all dependencies; without `limit`, up to 10,000 at once"""
    limit, offset = limit_of(call, MOST, MOST), call.whole("offset", 0)
    rows = call.conn.execute(graph.every(call.sight).limit(limit + 1).offset(offset)).all()
    around = {"limit": limit, "offset": offset, "more": len(rows) > limit, "total": None}
    return Page(wire_dependencies.relationships(rows[:limit]), around)


def of_business_service(call: Call) -> Page:
    """List the dependencies of a business service, in both directions"""
    commands_business.get(call.conn, call.id)
    return _touching(call, graph.node("business_service", call.id))


def of_service(call: Call) -> Page:
    """List the dependencies of a service, in both directions"""
    commands.get(call.conn, call.id)
    return _touching(call, graph.node("service", call.id))


def _touching(call: Call, node: str) -> Page:
    return all_of(wire_dependencies.relationships(call.conn.execute(graph.touching([node], call.sight)).all()))


def associate(call: Call) -> Page:
    """Let services depend on others, all or none"""
    return all_of(wire_dependencies.relationships(verbs.associate(call.tx, call.actor, _edges(call))))


def disassociate(call: Call) -> Page:
    """Let services no longer depend on others, all or none"""
    return all_of(wire_dependencies.relationships(verbs.disassociate(call.tx, call.actor, _edges(call))))


def _edges(call: Call) -> Sequence[Edge]:
    """What the body names: who draws an edge sets up what depends, and sees what it depends on."""
    given = read(wire_dependencies.Relationships, {"relationships": call.body}).relationships
    if not given:
        raise Invalid("relationships is required")
    for kind in graph.TABLES:
        dependent = [one.dependent_service.id for one in given if one.dependent_service.type == kind]
        supporting = [one.supporting_service.id for one in given if one.supporting_service.type == kind]
        if dependent:
            call.demand(Permission.CONFIGURE, kind, dependent)
        if supporting:
            call.demand(Permission.READ, kind, supporting)
    return [one.edge() for one in given]


_PATH, _MANY = "/service_dependencies", "relationships"
_READ: dict[str, Any] = {"scope": "services.read", "permission": Permission.READ, "sees": "filtered"}
_WRITE: dict[str, Any] = {
    "scope": "services.write", "permission": Permission.CONFIGURE, "audit": "service_dependency",
    "takes": _MANY, "in_body": True,
}  # fmt: skip

TABLE = Table(
    (
        Operation("GET", _PATH, list_dependencies, 200, _MANY, **_READ),
        Operation("GET", f"{_PATH}/business_services/{{id}}", of_business_service, 200, _MANY, **_READ),
        Operation("GET", f"{_PATH}/technical_services/{{id}}", of_service, 200, _MANY, **_READ),
        Operation("POST", f"{_PATH}/associate", associate, 200, _MANY, **_WRITE),
        Operation("POST", f"{_PATH}/disassociate", disassociate, 200, _MANY, **_WRITE),
    ),
)
