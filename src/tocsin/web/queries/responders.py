"""Who was asked to help with an incident, its status updates and who hears of it, as its pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tocsin.accounts.store.tables import teams
from tocsin.incidents.model import Asks, Incident, Reply, targets_of
from tocsin.rest.permissions import Sight
from tocsin.status_pages.logic import html
from tocsin.status_pages.store import subscriptions
from tocsin.status_pages.store.tables import status_updates, templates
from tocsin.web.queries import names

WORDS = {"pending": "asked", "joined": "joined", "declined": "declined", "user_cancelled": "taken back"}
TONES = {"pending": "warm", "joined": "good", "declined": "bad"}


@dataclass(frozen=True, slots=True)
class Person:
    """One who was asked: where they stand, since when, through which policies."""

    id: str
    name: str
    state: str
    at: datetime
    through: tuple[str, ...]

    @property
    def words(self) -> str:
        """The state as people say it."""
        return WORDS[self.state]

    @property
    def tone(self) -> str:
        """Its colour's name."""
        return TONES.get(self.state, "low")


@dataclass(frozen=True, slots=True)
class Walk:
    """A policy that is still asked, level by level."""

    id: str
    name: str
    level: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Calls:
    """All calls for help on an incident; `message` is the last one's, if I have not answered it."""

    people: tuple[Person, ...]
    walks: tuple[Walk, ...]
    message: str
    by: str
    mine: bool


def calls(conn: Connection, incident: Incident, me: str | None) -> Calls:
    """Everybody who was asked, each once with the latest answer, and what is still going on."""
    called = names.people(conn, {id for r in incident.requests for id in (r.requester_id, *_asked(r))})
    waiting = [r for r, t in targets_of(incident.requests) if me in t.pending and t.state is Reply.PENDING]
    return Calls(
        people=tuple(_people(incident, called)),
        walks=tuple(
            Walk(t.id, t.name, t.level + 1, t.next_at)
            for _, t in targets_of(incident.requests) if t.kind is Asks.POLICY and t.state is Reply.PENDING
        ),
        message=waiting[-1].message if waiting else "",
        by=called.get(waiting[-1].requester_id, "") if waiting else "",
        mine=bool(waiting),
    )  # fmt: skip


def _asked(request: Any) -> list[str]:
    return [one.user_id for target in request.targets for one in target.responders]


def _people(incident: Incident, called: Mapping[str, str]) -> list[Person]:
    of: dict[str, list[tuple[Any, Any]]] = {}
    for _, target in targets_of(incident.requests):
        for one in target.responders:
            of.setdefault(one.user_id, []).append((target, one))
    found = []
    for id, rows in of.items():
        latest = max((one for _, one in rows), key=lambda one: one.changed_at)
        through = tuple(dict.fromkeys(target.name for target, _ in rows if target.kind is Asks.POLICY))
        found.append(Person(id, called.get(id, id), latest.state.value, latest.changed_at, through))
    return found


@dataclass(frozen=True, slots=True)
class Update:
    """A status update; `html` is safe."""

    sender: str
    at: datetime
    message: str
    subject: str
    html: str
    sending: bool


def updates(conn: Connection, incident_id: str, most: int = 100) -> list[Update]:
    """The newest first."""
    mine = status_updates.c.incident_id == incident_id
    newest = (status_updates.c.created_at.desc(), status_updates.c.id.desc())
    rows = conn.execute(select(status_updates).where(mine).order_by(*newest).limit(most)).all()
    called = names.people(conn, {row.sender_id for row in rows})
    return [
        Update(called.get(row.sender_id, "Somebody"), row.created_at, row.message, row.subject or "",
               html.safe(row.html_message) if row.html_message else "", row.planned_at is None)
        for row in rows
    ]  # fmt: skip


def subscribers(conn: Connection, incident_id: str, most: int = 500) -> list[tuple[str, str, str]]:
    """(type, id, name) of those who subscribed to an incident themselves."""
    rows = conn.execute(subscriptions.of_thing(("incident", incident_id)).limit(most)).all()
    called: dict[str, str] = names.people(conn, {r.subscriber_id for r in rows if r.subscriber_type == "user"})
    wanted = [r.subscriber_id for r in rows if r.subscriber_type == "team"]
    called |= {r.id: r.name for r in conn.execute(select(teams.c.id, teams.c.name).where(teams.c.id.in_(wanted)))}
    return [(r.subscriber_type, r.subscriber_id, called.get(r.subscriber_id, r.subscriber_id)) for r in rows]


def hears(conn: Connection, incident: Incident, user_id: str | None) -> bool:
    """Whether updates of this incident reach a person."""
    if user_id is None:
        return False
    about = subscriptions.capabilities(conn, incident.id, incident.service_id)
    return subscriptions.reached(conn, incident.id, about, "", 1, user_id) == [user_id]


def all_teams(conn: Connection, sight: Sight) -> Sequence[tuple[str, str]]:
    """(id, name) of the teams that are seen."""
    rows = conn.execute(select(teams.c.id, teams.c.name).where(teams.c.deleted_at.is_(None)).order_by(teams.c.name))
    return [(row.id, row.name) for row in rows if sight.sees_team(row.id)]


def all_templates(conn: Connection) -> Sequence[Any]:
    """Live templates by name."""
    return conn.execute(select(templates).where(templates.c.deleted_at.is_(None)).order_by(templates.c.name)).all()
