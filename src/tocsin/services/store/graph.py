"""The SQL over dependencies: edges by node, and everything that hangs together with some nodes."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, literal, or_, select, text, tuple_, union

from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.logic_graph import Edge, Node
from tocsin.services.store import business, catalog
from tocsin.services.store.graph_tables import business_services, service_dependencies
from tocsin.services.store.tables import services

TABLES = {"service": services, "business_service": business_services}
_LOCK = text("LOCK TABLE service_dependencies IN SHARE ROW EXCLUSIVE MODE")

# UNION, not UNION ALL: a node is walked once, however many ways lead to it.
_RELATED = text(
    """
    WITH RECURSIVE above(node) AS (
        SELECT unnest(CAST(:up AS text[]))
        UNION SELECT e.dependent FROM above JOIN service_dependencies e ON e.supporting = above.node
    ), below(node) AS (
        SELECT unnest(CAST(:down AS text[]))
        UNION SELECT e.supporting FROM below JOIN service_dependencies e ON e.dependent = below.node
    )
    SELECT e.supporting, e.dependent FROM service_dependencies e JOIN above ON above.node = e.supporting
    UNION SELECT e.supporting, e.dependent FROM service_dependencies e JOIN below ON below.node = e.dependent
    """
)


def node(kind: str, id: str) -> Node:
    """A service as a node of the graph."""
    return f"{kind}/{id}"


def lock(conn: Connection) -> None:
    """Let nobody else draw an edge until the transaction ends: two edges, each right alone, may make a circle."""
    conn.execute(_LOCK)


def names(conn: Connection, nodes: Iterable[Node], hold: bool = False) -> dict[Node, str]:
    """The names of those of these that are live; `hold` keeps them from being deleted meanwhile."""
    wanted, found = set(nodes), dict[Node, str]()
    for kind, table in TABLES.items():
        ids = sorted(one.removeprefix(f"{kind}/") for one in wanted if one.startswith(f"{kind}/"))
        query = select(table.c.id, table.c.name).where(table.c.id.in_(ids), table.c.deleted_at.is_(None))
        if hold:
            query = query.order_by(table.c.id).with_for_update(read=True, key_share=True)
        found |= {node(kind, row.id): row.name for row in conn.execute(query)} if ids else {}
    return found


def related(conn: Connection, up: Iterable[Node], down: Iterable[Node] = ()) -> list[Edge]:
    """Every edge on the way up from these nodes to all that depends on them, and down to all that supports them."""
    rows = conn.execute(_RELATED, {"up": list(up), "down": list(down)})
    return [(row.supporting, row.dependent) for row in rows]


def touching(nodes: Iterable[Node], sight: Sight = EVERYTHING) -> Select[Any]:
    """Edges from or to these nodes, oldest first, as far as both ends are seen."""
    wanted, edge = list(nodes), service_dependencies.c
    return every(sight).where(or_(edge.supporting.in_(wanted), edge.dependent.in_(wanted)))


def every(sight: Sight = EVERYTHING) -> Select[Any]:
    """All edges, oldest first, as far as both ends are seen."""
    edge = service_dependencies.c
    found = select(service_dependencies).order_by(edge.created_at, edge.id)
    return found if sight.everything else found.where(_seen(edge.supporting, sight), _seen(edge.dependent, sight))


def _seen(column: ColumnElement[Any], sight: Sight) -> ColumnElement[bool]:
    technical = select(literal("service/").concat(services.c.id)).where(catalog.seen(sight))
    capability = select(literal("business_service/").concat(business_services.c.id)).where(business.seen(sight))
    return column.in_(union(technical, capability).scalar_subquery())


def between(conn: Connection, edges: Iterable[Edge]) -> dict[Edge, Row[Any]]:
    """Those of these edges that are there."""
    edge = service_dependencies.c
    rows = conn.execute(select(service_dependencies).where(tuple_(edge.supporting, edge.dependent).in_(list(edges))))
    return {(row.supporting, row.dependent): row for row in rows}


def erase(conn: Connection, ids: Sequence[str]) -> None:
    """Take edges away."""
    conn.execute(delete(service_dependencies).where(service_dependencies.c.id.in_(ids)))
