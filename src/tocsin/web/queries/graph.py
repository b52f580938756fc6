"""Business services and dependencies as pages show them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tocsin.accounts.store.tables import teams
from tocsin.core.recorded import by_id
from tocsin.impact import reading, store
from tocsin.impact.model import Cause, Impact
from tocsin.incidents.store import queries as incident_queries
from tocsin.incidents.store.tables import incidents
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.logic_graph import Node
from tocsin.services.store import business, catalog, graph
from tocsin.services.store.graph_tables import business_services
from tocsin.services.store.tables import services

MOST_ROWS, MOST_NODES, MOST_CHOICES = 1_000, 300, 2_000
PLACES = {"service": "/app/services/", "business_service": "/app/business-services/"}


@dataclass(frozen=True, slots=True)
class Business:
    """A business service in a list."""

    row: Any
    team: str | None
    impact: Impact | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A service in a tree of what supports what. `again`: what is below it stands higher up already."""

    node: Node
    name: str
    state: str  # impacted | critical | warning | ""
    below: tuple["Branch", ...] = ()
    again: bool = False

    @property
    def business(self) -> bool:
        """Whether it is a business service."""
        return self.node.startswith("business_service/")

    @property
    def href(self) -> str:
        """Its page."""
        kind, _, id = self.node.partition("/")
        return PLACES[kind] + id


@dataclass(frozen=True, slots=True)
class Around:
    """What a service depends on (as a tree), what depends on it, and what it could depend on besides."""

    tree: Branch
    dependents: Sequence[Branch]
    choices: Mapping[str, Sequence[tuple[Node, str]]]
    cut: bool


def listed(conn: Connection, sight: Sight = EVERYTHING) -> tuple[list[Business], int]:
    """Business services that are seen, the impacted ones first, and how many there are."""
    seen = reading.picture(conn, sight)
    first = seen.ranked(seen.services)[:MOST_ROWS]
    rows = by_id(conn, business_services, [row.id for row in first])
    owners = by_id(conn, teams, {row.team_id for row in rows.values() if row.team_id})
    found = [
        Business(rows[row.id], _name(owners, rows[row.id].team_id), seen.impacts.get(row.id)) for row in first
    ]  # fmt: skip
    return found, len(seen.services)


def _name(found: Mapping[str, Any], id: str | None) -> str | None:
    return found[id].name if id and id in found else None


def around(conn: Connection, node: Node, sight: Sight = EVERYTHING) -> Around:
    """Everything around one service that is seen."""
    edges = set(graph.related(conn, (), [node])) | {
        (row.supporting, row.dependent) for row in conn.execute(graph.touching([node], sight))
    }
    names = _seen_names(conn, {end for edge in edges for end in edge} | {node}, sight)
    states = _states(conn, names, sight)
    below: defaultdict[Node, list[Node]] = defaultdict(list)
    for one, other in sorted(edges, key=lambda edge: names.get(edge[0], "").lower()):
        if one in names and other in names:
            below[other].append(one)
    forest = _Forest(names, states, below)
    tree = forest.grow(node)
    dependents = [Branch(other, names[other], states.get(other, "")) for other in names if node in below[other]]
    taken = {node, *below[node]}
    return Around(tree, dependents, _choices(conn, taken, sight), forest.cut)


class _Forest:
    """Grows the tree below a node; what was shown in full once is only named again."""

    def __init__(self, names: Mapping[Node, str], states: Mapping[Node, str], below: Mapping[Node, Sequence[Node]]):
        self._names, self._states, self._below = names, states, below
        self._shown: set[Node] = set()
        self.cut = False

    def grow(self, node: Node) -> Branch:
        """The branch of a node."""
        again = node in self._shown
        self._shown.add(node)
        name, state = self._names.get(node, ""), self._states.get(node, "")
        inner = self._below.get(node, ())
        if again or not inner:
            return Branch(node, name, state, again=again and bool(inner))
        if len(self._shown) > MOST_NODES:
            self.cut = True
            return Branch(node, name, state, again=True)
        return Branch(node, name, state, tuple(self.grow(one) for one in inner))


def _seen_names(conn: Connection, nodes: Iterable[Node], sight: Sight) -> dict[Node, str]:
    names = graph.names(conn, nodes)
    if sight.everything:
        return names
    standings = {"service": catalog.standings, "business_service": business.standings}
    for kind, load in standings.items():
        found = load(conn, [node.partition("/")[2] for node in names if node.startswith(f"{kind}/")])
        for id, standing in found.items():
            if not sight.sees(standing):
                del names[graph.node(kind, id)]
    return names


def _states(conn: Connection, nodes: Iterable[Node], sight: Sight) -> dict[Node, str]:
    technical = [node.removeprefix("service/") for node in nodes if node.startswith("service/")]
    found = {
        graph.node("service", id): "critical" if triggered else "warning"
        for id, triggered in incident_queries.open_by_service(conn, technical).items()
    }
    hurt = reading.picture(conn, sight).impacts
    return found | {graph.node("business_service", id): "impacted" for id in hurt}


def _choices(conn: Connection, taken: set[Node], sight: Sight) -> dict[str, list[tuple[Node, str]]]:
    technical = catalog.find(None, None, (), (), sight).with_only_columns(services.c.id, services.c.name)
    found = {"Services": conn.execute(technical.order_by(services.c.name).limit(MOST_CHOICES)).all()}
    found["Business services"] = list(store.named(conn, sight)[:MOST_CHOICES])
    kinds = {"Services": "service", "Business services": "business_service"}
    return {
        title: [(node, row.name) for row in rows if (node := graph.node(kinds[title], row.id)) not in taken]
        for title, rows in found.items()
    }


def impactors(conn: Connection, causes: Iterable[Cause]) -> Sequence[Any]:
    """The incidents behind these causes that are seen, in their order (50 at most)."""
    ids = [cause.incident_id for cause in causes if cause.seen][:50]
    rows = by_id(conn, incidents, ids)
    return [rows[id] for id in ids]
