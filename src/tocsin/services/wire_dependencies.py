"""Dependencies between services on the wire (ei:SD1, ei:SD2).

A service may be called `service`, `technical_service` or `business_service`, with `_reference` or without; answers say
`technical_service_reference` and `business_service_reference`, which clients translate back.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from sqlalchemy import Row

from tocsin.rest.body import Body
from tocsin.services.logic_graph import Edge, Node

_SHOWN = {"service": "technical_service_reference", "business_service": "business_service_reference"}


def _kind(given: Any) -> Any:
    return given.removesuffix("_reference").replace("technical_service", "service") if isinstance(given, str) else given


def _no_slash(id: str) -> str:
    if "/" in id:
        raise ValueError("is not an id")
    return id


class End(Body):
    """One end of a dependency."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_no_slash)]
    type: Annotated[Literal["service", "business_service"], BeforeValidator(_kind)]

    def node(self) -> Node:
        """As a node of the graph."""
        return f"{self.type}/{self.id}"


class Relationship(Body):
    """A dependency as clients send one; an id that comes with it is ignored."""

    supporting_service: End
    dependent_service: End

    def edge(self) -> Edge:
        """As an edge of the graph."""
        return self.supporting_service.node(), self.dependent_service.node()


class Relationships(Body):
    """What is to be joined or parted."""

    relationships: list[Relationship]


def relationship(row: Row[Any]) -> dict[str, Any]:
    """A dependency in full."""
    return {
        "id": row.id, "type": "service_dependency", "supporting_service": _end(row.supporting),
        "dependent_service": _end(row.dependent),
    }  # fmt: skip


def relationships(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Dependencies in full."""
    return [relationship(row) for row in rows]


def _end(node: Node) -> dict[str, str]:
    kind, _, id = node.partition("/")
    return {"id": id, "type": _SHOWN[kind]}
