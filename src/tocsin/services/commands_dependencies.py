"""Which service depends on which: joined and parted (core:C15, ei:SD1).

1. All of a request or nothing of it. What is joined already stays as it is, with the id that clients remember;
   what is not joined is parted already.
2. One transaction at a time draws edges, so that two of them never make a circle together. It holds the services
   first: who deletes one takes its row and then its edges, so the two wait for each other in one order.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, create, note
from tocsin.services.logic_graph import Edge, Node, fault
from tocsin.services.store import graph
from tocsin.services.store.graph_tables import service_dependencies


def associate(tx: Tx, actor: Actor, wanted: Iterable[Edge]) -> list[Row[Any]]:
    """Let the second of each pair depend on the first; the edges, in the order given."""
    edges = list(dict.fromkeys(wanted))
    names = _hold(tx.conn, edges)
    graph.lock(tx.conn)
    present = graph.between(tx.conn, edges)
    new = [edge for edge in edges if edge not in present]
    touched = sorted({node for edge in new for node in edge})
    if why := fault({*graph.related(tx.conn, touched, touched), *new}, names):
        raise Invalid(why)
    for edge in new:
        _draw(tx, actor, edge, names)
    found = graph.between(tx.conn, edges)
    return [found[edge] for edge in edges]


def disassociate(tx: Tx, actor: Actor, wanted: Iterable[Edge]) -> list[Row[Any]]:
    """Let the second of each pair no longer depend on the first; the edges that were there."""
    edges = list(dict.fromkeys(wanted))
    names = _hold(tx.conn, edges)
    graph.lock(tx.conn)
    found = graph.between(tx.conn, edges)
    _erase(tx, actor, [found[edge] for edge in edges if edge in found], names)
    return [found[edge] for edge in edges if edge in found]


def cut_off(tx: Tx, actor: Actor, node: Node) -> None:
    """Take a service out of the graph before it goes."""
    rows = tx.conn.execute(graph.touching([node])).all()
    names = graph.names(tx.conn, {end for row in rows for end in (row.supporting, row.dependent)})
    _erase(tx, actor, rows, names)


def _hold(conn: Connection, edges: Sequence[Edge]) -> dict[Node, str]:
    wanted = sorted({node for edge in edges for node in edge})
    names = graph.names(conn, wanted, hold=True)
    if missing := [node for node in wanted if node not in names]:
        raise NotFound([f"{_kind(node)} {_id(node)} Not Found" for node in missing])
    return names


def _draw(tx: Tx, actor: Actor, edge: Edge, names: dict[Node, str]) -> None:
    row = {"id": ids.dependency(), "supporting": edge[0], "dependent": edge[1], "created_at": tx.now}
    create(tx, actor, service_dependencies, row, _subject(str(row["id"]), edge, names))


def _erase(tx: Tx, actor: Actor, rows: Sequence[Row[Any]], names: dict[Node, str]) -> None:
    graph.erase(tx.conn, [row.id for row in rows])
    for row in rows:
        edge = (row.supporting, row.dependent)
        note(tx, actor, "delete", _subject(row.id, edge, names), {"supporting": edge[0], "dependent": edge[1]})


def _subject(id: str, edge: Edge, names: dict[Node, str]) -> Subject:
    """An edge belongs to what depends."""
    name = f"{names.get(edge[1], _id(edge[1]))} depends on {names.get(edge[0], _id(edge[0]))}"
    kind, _, root = edge[1].partition("/")
    return Subject("service_dependency", id, name, (kind, root))


def _kind(node: Node) -> str:
    return "Business service" if node.startswith("business_service/") else "Service"


def _id(node: Node) -> str:
    return node.partition("/")[2]
