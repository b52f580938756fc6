"""What an incident impacts, marked by hand on its page (ei:BS4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tocsin.core.errors import Invalid, NotFound
from tocsin.impact import commands, reading, store
from tocsin.impact.model import Relation
from tocsin.incidents.store import queries
from tocsin.rest.permissions import Permission
from tocsin.services import commands_business
from tocsin.web.site import Ask, go

RELATIONS = {one.value for one in Relation}


@dataclass(frozen=True, slots=True)
class OnIncident:
    """Business services of one incident's card: impacted and spared ones, and all that could be marked."""

    impacted: Sequence[Any]
    spared: Sequence[Any]
    by_hand: frozenset[str]
    every: Sequence[Any]


def of_incident(ask: Ask, id: str) -> OnIncident:
    """The card's contents; empty once the incident is resolved."""
    every = store.named(ask.tx.conn, ask.sight)
    hurt = reading.of_incident(ask.tx.conn, id)
    said = store.all_said(ask.tx.conn, id)
    spared = [row for row in every if row.id not in hurt and said.get(row.id) == Relation.NOT_IMPACTED]
    return OnIncident([row for row in every if row.id in hurt], spared, frozenset(said), every)


def mark(ask: Ask) -> Response:
    """Say that it impacts a business service, or that it does not."""
    found = queries.ids_of(ask.tx.conn, [ask.param("id")]).get(ask.param("id"))
    if found is None:
        raise NotFound("There is no such incident")
    business, relation = ask.field("business_service"), ask.field("relation")
    if not business or relation not in RELATIONS:
        raise Invalid("Choose a business service")
    ask.demand(Permission.READ, "business_service", [business])
    row = commands_business.get(ask.tx.conn, business)
    commands.mark(ask.tx, ask.actor, found, row, Relation(relation))
    return go(f"/app/incidents/{found}?done=impact")
