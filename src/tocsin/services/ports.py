"""What the services tell earlier packages: which of them a policy serves, what belongs to a team."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.services.store import business, catalog, graph
from tocsin.services.wire import service_ref


def facts_of_policies(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The services of each policy."""
    found = catalog.on_policies(conn, ids)
    return {id: {"services": [service_ref(row) for row in rows]} for id, rows in found.items()}


def uses_of_policy(conn: Connection, id: str) -> Sequence[str]:
    """Services that a policy serves."""
    rows = catalog.on_policies(conn, [id]).get(id, [])
    return [f"Escalation policy can't be deleted if it's being used by services: {row.name}" for row in rows]


def uses_of_team(conn: Connection, id: str) -> Sequence[str]:
    """Business services that belong to a team (core:T4)."""
    return [f"The team owns the business service {row.name}" for row in business.of_team(conn, id)]


def dependencies(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What each of these services is joined with by one edge: `supporting` and `dependent`, (type, id) each."""
    found: dict[str, dict[str, list[tuple[str, ...]]]] = {id: {"supporting": [], "dependent": []} for id in ids}
    for edge in conn.execute(graph.touching(graph.node("service", id) for id in ids)):
        supporting, dependent = (tuple(node.split("/", 1)) for node in (edge.supporting, edge.dependent))
        if dependent[0] == "service" and dependent[1] in found:
            found[dependent[1]]["supporting"].append(supporting)
        if supporting[0] == "service" and supporting[1] in found:
            found[supporting[1]]["dependent"].append(dependent)
    return found
