"""Who hears of incidents and business services (core:I92, core:C17, ei:BS2)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts.store.people import live_users, the_account
from tocsin.accounts.store.tables import teams
from tocsin.core.errors import NotFound
from tocsin.core.recorded import by_id, live
from tocsin.incidents.api import shown
from tocsin.incidents.store import queries as incident_queries
from tocsin.incidents.store.tables import incidents
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission, Sight, Standing
from tocsin.services.commands_business import get as get_business
from tocsin.services.store import business
from tocsin.status_pages import wire
from tocsin.status_pages.commands import subscribing
from tocsin.status_pages.commands.subscribing import Allowed, Counts
from tocsin.status_pages.store import sight as sights
from tocsin.status_pages.store import subscriptions as stored
from tocsin.status_pages.store.subscriptions import Link, Thing


def _account(call: Call) -> str:
    row = the_account(call.conn)
    return str(row.id) if row else ""


def _page(call: Call, found: Any, show: Any) -> Page:
    page = offset_page(call, found, show)
    return Page(page.items, page.around | {"account_id": _account(call)})


def list_of_incident(call: Call) -> Page:
    """List who subscribed to an incident"""
    id = shown.incident_id(call)

    def show(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        service = by_id(call.conn, incidents, [id])[id].service_id
        seen = business.standings(call.conn, stored.capabilities(call.conn, id, service) if rows else [])
        ways = stored.via(call.conn, rows, [one for one, standing in seen.items() if call.sight.sees(standing)])
        return [wire.subscriber_of_incident(row, ways) for row in rows]

    return _page(call, stored.of_thing(("incident", id)), show)


def list_of_business(call: Call) -> Page:
    """List who subscribed to a business service"""
    get_business(call.conn, call.id)
    found = stored.of_thing(("business_service", call.id))
    return _page(call, found, lambda rows: [wire.subscriber(row) for row in rows])


def _to(call: Call, what: Thing, standing: Standing) -> tuple[list[Link], Allowed]:
    """The links that a body of subscribers asks for, and which of them may be (rule 2 of the commands)."""
    given = [one.thing for one in call.read(wire.Subscribers).subscribers]
    able = sights.able(call.conn, {id for kind, id in given if kind == "user"}, standing)
    found = by_id(call.conn, teams, {id for kind, id in given if kind == "team"})
    known = {id for id, row in found.items() if row.deleted_at is None and call.sight.sees_team(id)}
    return [(what, who) for who in given], lambda link: link[1][1] in (able if link[1][0] == "user" else known)


def _answer(call: Call, links: Sequence[Link], results: Sequence[str]) -> list[dict[str, Any]]:
    account = _account(call)
    return [wire.link(link, account, result) for link, result in zip(links, results, strict=True)]


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "deleted_count": counts.deleted, "unauthorized_count": counts.unauthorized,
        "non_existent_count": counts.non_existent,
    }  # fmt: skip


def _incident(call: Call) -> tuple[list[Link], Allowed]:
    id = shown.incident_id(call)
    return _to(call, ("incident", id), incident_queries.standings(call.conn, [id])[id])


def subscribe_to_incident(call: Call) -> list[dict[str, Any]]:
    """Subscribe people and teams to an incident"""
    links, allowed = _incident(call)
    return _answer(call, links, subscribing.subscribe(call.tx, call.actor, links, allowed, None))


def unsubscribe_from_incident(call: Call) -> dict[str, int]:
    """Unsubscribe people and teams from an incident"""
    links, allowed = _incident(call)
    return _counted(subscribing.unsubscribe(call.tx, call.actor, links, allowed, None))


def _business(call: Call) -> tuple[list[Link], Allowed]:
    get_business(call.conn, call.id)
    return _to(call, ("business_service", call.id), business.standings(call.conn, [call.id])[call.id])


def subscribe_to_business(call: Call) -> list[dict[str, Any]]:
    """Subscribe people and teams to a business service"""
    links, allowed = _business(call)
    root = ("business_service", call.id)
    return _answer(call, links, subscribing.subscribe(call.tx, call.actor, links, allowed, root))


def unsubscribe_from_business(call: Call) -> dict[str, int]:
    """Unsubscribe people and teams from a business service"""
    links, allowed = _business(call)
    return _counted(subscribing.unsubscribe(call.tx, call.actor, links, allowed, ("business_service", call.id)))


def subscribe_account(call: Call) -> bool:
    """Let everybody of the account hear of a business service"""
    get_business(call.conn, call.id)
    subscribing.subscribe_account(call.tx, call.actor, call.id, _account(call), True)
    return True


def unsubscribe_account(call: Call) -> None:
    """Let no longer everybody hear of a business service"""
    get_business(call.conn, call.id)
    subscribing.subscribe_account(call.tx, call.actor, call.id, _account(call), False)


def _user(call: Call) -> tuple[Thing, Sight]:
    row = live_users(call.conn, [call.id]).get(call.id)
    if row is None:
        raise NotFound()
    return ("user", call.id), sights.of_person(call.conn, call.id, row.role)


def _team(call: Call) -> tuple[Thing, Sight]:
    if live(call.conn, teams, call.id) is None:
        raise NotFound()
    return ("team", call.id), call.sight  # its members are looked at when something is sent


def _of(call: Call, who: Thing, theirs: Sight) -> tuple[list[Link], Allowed]:
    """The links that a body of things asks for, and which of them may be."""
    given = [one.thing for one in call.read(wire.Subscribables).subscribables]
    known = [id for kind, id in given if kind == "incident" and not id.isdigit()]  # by id alone, not by number
    standings = {("incident", id): one for id, one in incident_queries.standings(call.conn, known).items()}
    names = [id for kind, id in given if kind == "business_service"]
    standings |= {("business_service", id): one for id, one in business.standings(call.conn, names).items()}
    seen = {what for what, one in standings.items() if theirs.sees(one) and call.sight.sees(one)}
    return [(what, who) for what in given], lambda link: link[0] in seen


def list_of_user(call: Call) -> Page:
    """List what a person subscribed to"""
    return _list_of(call, _user(call)[0])


def list_of_team(call: Call) -> Page:
    """List what a team subscribed to"""
    return _list_of(call, _team(call)[0])


def _list_of(call: Call, who: Thing) -> Page:
    account = _account(call)
    found = stored.of_subscriber(who, call.sight)
    return offset_page(call, found, lambda rows: [wire.subscription(row, account) for row in rows])


def subscribe_user(call: Call) -> list[dict[str, Any]]:
    """Subscribe a person to incidents and business services"""
    return _subscribe(call, *_user(call))


def subscribe_team(call: Call) -> list[dict[str, Any]]:
    """Subscribe a team to incidents and business services"""
    return _subscribe(call, *_team(call))


def _subscribe(call: Call, who: Thing, theirs: Sight) -> list[dict[str, Any]]:
    links, allowed = _of(call, who, theirs)
    return _answer(call, links, subscribing.subscribe(call.tx, call.actor, links, allowed, who))


def unsubscribe_user(call: Call) -> dict[str, int]:
    """Unsubscribe a person from incidents and business services"""
    return _unsubscribe(call, *_user(call))


def unsubscribe_team(call: Call) -> dict[str, int]:
    """Unsubscribe a team from incidents and business services"""
    return _unsubscribe(call, *_team(call))


def _unsubscribe(call: Call, who: Thing, theirs: Sight) -> dict[str, int]:
    links, allowed = _of(call, who, theirs)
    return _counted(subscribing.unsubscribe(call.tx, call.actor, links, allowed, who))


_READ: dict[str, Any] = {"scope": "subscribers.read", "permission": Permission.READ}
_WRITE: dict[str, Any] = {"scope": "subscribers.write", "permission": Permission.RESPOND}
_TEAM: dict[str, Any] = {"scope": "subscribers.write", "permission": Permission.MANAGE_TEAM, "audit": "team"}
_USER: dict[str, Any] = {"permission": Permission.OWN_PROFILE, "subject": "id"}
_SUBSCRIBERS: dict[str, Any] = {"body": wire.Subscribers}
_SUBSCRIBABLES: dict[str, Any] = {"body": wire.Subscribables}
_INCIDENT, _BUSINESS = "/incidents/{id}/status_updates", "/business_services/{id}"
_OF_USER, _OF_TEAM = "/users/{id}/notification_subscriptions", "/teams/{id}/notification_subscriptions"

TABLE = Table(
    (
        Operation("GET", f"{_INCIDENT}/subscribers", list_of_incident, 200, "subscribers", **_READ),
        Operation(
            "POST", f"{_INCIDENT}/subscribers", subscribe_to_incident, 200, "subscriptions", **_WRITE, **_SUBSCRIBERS
        ),
        Operation("POST", f"{_INCIDENT}/unsubscribe", unsubscribe_from_incident, 200, None, **_WRITE, **_SUBSCRIBERS),
        Operation("GET", f"{_BUSINESS}/subscribers", list_of_business, 200, "subscribers", **_READ),
        Operation(
            "POST", f"{_BUSINESS}/subscribers", subscribe_to_business, 200, "subscriptions", audit="business_service",
            **_WRITE, **_SUBSCRIBERS,
        ),
        Operation(
            "POST", f"{_BUSINESS}/unsubscribe", unsubscribe_from_business, 200, None, audit="business_service",
            **_WRITE, **_SUBSCRIBERS,
        ),
        Operation(
            "POST", f"{_BUSINESS}/account_subscription", subscribe_account, 200, "account_is_subscribed",
            "subscribers.write", Permission.ACCOUNT, audit="business_service",
        ),
        Operation(
            "DELETE", f"{_BUSINESS}/account_subscription", unsubscribe_account, 204, None, "subscribers.write",
            Permission.ACCOUNT, audit="business_service",
        ),
        Operation("GET", _OF_USER, list_of_user, 200, "subscriptions", "subscribers.read", Permission.READ, "id"),
        Operation(
            "POST", _OF_USER, subscribe_user, 200, "subscriptions", "subscribers.write", audit="user", **_USER,
            **_SUBSCRIBABLES,
        ),
        Operation(
            "POST", f"{_OF_USER}/unsubscribe", unsubscribe_user, 200, None, "subscribers.write", audit="user", **_USER,
            **_SUBSCRIBABLES,
        ),
        Operation("GET", _OF_TEAM, list_of_team, 200, "subscriptions", **_READ),
        Operation("POST", _OF_TEAM, subscribe_team, 200, "subscriptions", **_TEAM, **_SUBSCRIBABLES),
        Operation("POST", f"{_OF_TEAM}/unsubscribe", unsubscribe_team, 200, None, **_TEAM, **_SUBSCRIBABLES),
    )
)  # fmt: skip
