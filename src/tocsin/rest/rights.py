"""Rights on things: what the path or the body names, and whether this actor may (core:R3, core:R4).

1. The first thing that a path names is what an operation works on: it needs the operation's permission there. What
   else the path names must be seen.
2. Operations whose things stand in the body (`in_body`) are let in where the actor may do it somewhere, and ask for
   each thing themselves; one that forgets to ask fails.
3. An operation that lists without naming a thing says whether it filters by sight; one that says nothing is closed to
   those who do not see everything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from sqlalchemy import Connection

from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.rest import permissions
from tocsin.rest.permissions import Permission, Standing

StandingsOf = Callable[[Connection, Sequence[str]], Mapping[str, Standing]]
Standings = Mapping[str, StandingsOf]
"""By type of thing: `(conn, ids) -> {id: Standing}`; what does not exist is left out."""

COLLECTIONS: Mapping[str, str] = {
    "users": "user", "teams": "team", "schedules": "schedule", "escalation_policies": "escalation_policy",
    "escalation-policies": "escalation_policy", "services": "service", "incidents": "incident",
    "log_entries": "log_entry", "change_events": "change_event", "business_services": "business_service",
    "business-services": "business_service", "technical_services": "service",
    "maintenance_windows": "maintenance_window", "maintenance-windows": "maintenance_window",
    "webhook_subscriptions": "webhook_subscription",
    "webhooks": "webhook_subscription", "extensions": "extension",
}  # fmt: skip


class Asked(Protocol):
    """What is asked for, as far as rights go: an operation of the wire, or a page."""

    @property
    def path(self) -> str: ...
    @property
    def permission(self) -> Permission: ...
    @property
    def in_body(self) -> bool: ...
    @property
    def sees(self) -> str: ...


def named(path: str, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """(type, id) of the things that a path names, in order."""
    pairs = pairwise(path.strip("/").split("/"))
    return [
        (COLLECTIONS[above], given[below.strip("{}")])
        for above, below in pairs
        if above in COLLECTIONS and below.startswith("{")
    ]


def admit(
    conn: Connection, standings: Standings, actor: Actor, asked: Asked, given: Mapping[str, str], subject: str | None
) -> None:
    """`NotFound` or `Forbidden` unless the actor may do this with what the path names (`given`: its parameters)."""
    seen = permissions.sight(actor)
    if seen.everything and permissions.may(actor, asked.permission, subject):
        return
    found = [_standing(conn, standings, type, id) for type, id in named(asked.path, given)]
    if subject is None or subject != actor.user_id:
        if any(standing is not None and not seen.sees(standing) for standing in found):
            raise NotFound()
        if not found and not asked.sees and not seen.everything and asked.permission is Permission.READ:
            raise permissions.refusal(actor)
    if asked.in_body and asked.permission in permissions.somewhere(actor):
        return
    if not permissions.may(actor, asked.permission, subject, found[0] if found else None):
        raise permissions.refusal(actor)


def _standing(conn: Connection, standings: Standings, type: str, id: str) -> Standing | None:
    loader = standings.get(type)
    return loader(conn, [id]).get(id) if loader else None


def demand(
    conn: Connection, standings: Standings, actor: Actor, permission: Permission, type: str, ids: Iterable[str]
) -> None:
    """`NotFound` or `Forbidden` unless the actor may do this with all of these; without any, anywhere.

    What does not exist is passed over: whoever asks says so in its own words.
    """
    wanted = list(dict.fromkeys(ids))
    if permission in permissions.granted(actor) and permissions.sight(actor).everything:
        return
    if not wanted and not permissions.may(actor, permission):
        raise permissions.refusal(actor)
    found = standings[type](conn, wanted) if wanted else {}
    if any(not permissions.sight(actor).sees(standing) for standing in found.values()):
        raise NotFound()
    if any(not permissions.may(actor, permission, standing=found.get(id)) for id in wanted):
        raise permissions.refusal(actor)
