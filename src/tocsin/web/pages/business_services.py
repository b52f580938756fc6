"""Business services: the list with who is impacted, one with what carries it; and the edges of all services."""

from typing import Any

from starlette.responses import Response

from tocsin.accounts.store.tables import teams
from tocsin.core.errors import Invalid
from tocsin.core.recorded import live
from tocsin.impact import reading
from tocsin.impact.logic import behind
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.services import commands_business as verbs
from tocsin.services import commands_dependencies
from tocsin.services.logic_graph import Edge
from tocsin.services.store.graph import node
from tocsin.services.wire_business import BusinessBody
from tocsin.web.pages import services
from tocsin.web.pages.frame import framed
from tocsin.web.queries import graph, people
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/business-services"
TOLD = {"made": "The business service is made.", "saved": "Saved.", "removed": "The business service is removed."}


def every(ask: Ask) -> Response:
    """All business services, the impacted ones first."""
    found, count = graph.listed(ask.tx.conn, ask.sight)
    return framed(
        ask, "business_services.html", found=found, count=count, impacted=sum(one.impact is not None for one in found),
        teams=people.all_teams(ask.tx.conn, ask.sight), may_make=may(ask.actor, Permission.CONFIGURE),
        told=TOLD.get(ask.query("done"), ""), given=_given(ask),
    )  # fmt: skip


def _given(ask: Ask) -> dict[str, str]:
    return {name: ask.field(name)[:11_000] for name in ("name", "description", "point_of_contact", "team")}


def _body(ask: Ask, was: str | None = None) -> BusinessBody:
    body = read(BusinessBody, {name: value.strip() for name, value in _given(ask).items()})
    if body.team_id and body.team_id != was:
        ask.demand(Permission.CONFIGURE, "team", [body.team_id])
    return body


def make(ask: Ask) -> Response:
    """A new business service."""
    return go(f"{HERE}/{verbs.add(ask.tx, ask.actor, _body(ask))}?done=made")


def show(ask: Ask) -> Response:
    """One business service: is it impacted, by what, and what carries it."""
    conn, row = ask.tx.conn, verbs.get(ask.tx.conn, ask.param("id"))
    seen = reading.picture(conn, ask.sight)
    impact = seen.impacts.get(row.id)
    return framed(
        ask, "business_service.html", business=row, impact=impact,
        incidents=graph.impactors(conn, behind(seen.causes, [impact] if impact else [])),
        team=live(conn, teams, row.team_id) if row.team_id else None, teams=people.all_teams(conn, ask.sight),
        around=graph.around(conn, node("business_service", row.id), ask.sight),
        may_change=ask.may(Permission.CONFIGURE, "business_service", row.id), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def _locked(ask: Ask) -> Any:
    return verbs.get(ask.tx.conn, ask.param("id"), lock=True)


def edit(ask: Ask) -> Response:
    """Name, description, contact and team."""
    row = _locked(ask)
    verbs.edit(ask.tx, ask.actor, row, _body(ask, row.team_id))
    return go(f"{HERE}/{row.id}?done=saved")


def remove(ask: Ask) -> Response:
    """Remove a business service and its edges."""
    verbs.drop(ask.tx, ask.actor, _locked(ask))
    return go(f"{HERE}?done=removed")


def _edge(ask: Ask, kind: str) -> Edge:
    """What supports, chosen in the form, and what depends, on whose page the form stands."""
    supporting = ask.field("supporting")
    wanted, _, id = supporting.partition("/")
    if wanted not in graph.PLACES or not id:
        raise Invalid("Choose a service")
    ask.demand(Permission.READ, wanted, [id])
    return supporting, node(kind, ask.param("id"))


def _join(kind: str) -> Any:
    def join(ask: Ask) -> Response:
        """One more that this service depends on."""
        commands_dependencies.associate(ask.tx, ask.actor, [_edge(ask, kind)])
        return go(f"{graph.PLACES[kind]}{ask.param('id')}?done=saved")

    return join


def _part(kind: str) -> Any:
    def part(ask: Ask) -> Response:
        """One fewer that this service depends on."""
        commands_dependencies.disassociate(ask.tx, ask.actor, [_edge(ask, kind)])
        return go(f"{graph.PLACES[kind]}{ask.param('id')}?done=saved")

    return part


_ONE = HERE + "/{id}"
_SERVICE = "/app/services/{id}"
_SETS: dict[str, Any] = {"needs": Permission.CONFIGURE}
PAGES = (
    Page("GET", HERE, every, sees="filtered"),
    Page("POST", HERE, make, again=every, **_SETS),
    Page("GET", _ONE, show),
    Page("POST", _ONE, edit, again=show, **_SETS),
    Page("POST", f"{_ONE}/remove", remove, again=show, **_SETS),
    Page("POST", f"{_ONE}/dependencies", _join("business_service"), again=show, **_SETS),
    Page("POST", f"{_ONE}/dependencies/remove", _part("business_service"), again=show, **_SETS),
    Page("POST", f"{_SERVICE}/dependencies", _join("service"), again=services.show, **_SETS),
    Page("POST", f"{_SERVICE}/dependencies/remove", _part("service"), again=services.show, **_SETS),
)
