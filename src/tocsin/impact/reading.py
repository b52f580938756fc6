"""Who is impacted now, read in three statements however many services and incidents there are."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tocsin.impact import store
from tocsin.impact.logic import impacts
from tocsin.impact.model import Cause, Impact
from tocsin.rest.permissions import EVERYTHING, Sight
from tocsin.services.logic_graph import Edge, supporters
from tocsin.services.store import graph


@dataclass(frozen=True, slots=True)
class Picture:
    """The business services that are seen, by name, and which of them are impacted by what."""

    services: Sequence[Any]
    impacts: Mapping[str, Impact]
    causes: Sequence[Cause]
    below: Collection[str] = ()

    def only(self, ids: Collection[str]) -> list[Any]:
        """Those of these services that are seen; without ids, all."""
        return [row for row in self.services if not ids or row.id in ids]

    def ranked(self, rows: Sequence[Any]) -> list[Any]:
        """Impacted ones first, the most recently impacted before others, then by name (ei:BS3)."""
        return sorted(rows, key=self._rank)  # a stable sort: the rows come by name

    @property
    def _rank(self) -> Callable[[Any], float]:
        since = {id: impact.since.timestamp() for id, impact in self.impacts.items()}
        return lambda row: -since[row.id] if row.id in since else 0.0


def picture(conn: Connection, sight: Sight = EVERYTHING, under: str | None = None) -> Picture:
    """The whole picture; `under` asks for `below`, the ids of what supports this business service."""
    top = [graph.node("business_service", under)] if under else []
    causes = store.causes(conn, sight)
    edges = _edges(conn, causes, top)
    below = {node.partition("/")[2] for node in supporters(edges, *top)} if under else ()
    return Picture(store.named(conn, sight), impacts(causes, edges), causes, below)


def of_incident(conn: Connection, incident_id: str) -> Mapping[str, Impact]:
    """What one incident impacts, by id; nothing once it is resolved."""
    causes = store.causes(conn, incident_id=incident_id)
    return impacts(causes, _edges(conn, causes))


def _edges(conn: Connection, causes: Sequence[Cause], top: Sequence[str] = ()) -> list[Edge]:
    return graph.related(conn, {graph.node("service", cause.service_id) for cause in causes if cause.counts}, top)
