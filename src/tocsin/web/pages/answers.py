"""One-click answers out of a mail, without signing in (core:N45).

1. The token is the authority: signed, for one person, one incident, one action, 14 days. No cookie counts here, so
   there is nothing for another site to abuse, and no CSRF token is needed.
2. GET asks and never acts, whatever opens it; POST acts. HEAD and all else change nothing.
"""

from dataclasses import dataclass

from sqlalchemy import select
from starlette.responses import Response

from tocsin.accounts.store.tables import users
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.signing import BadToken
from tocsin.incidents.commands import verbs
from tocsin.incidents.model import Status
from tocsin.notifications.links import Answer, read_answer
from tocsin.web.moments import Watch, zone_of
from tocsin.web.queries import incidents as read
from tocsin.web.serving import Page
from tocsin.web.site import ZONE, Ask

WORDS = {"acknowledge": "Acknowledge", "resolve": "Resolve"}
EXPIRED = ("This link is too old.", "Links in a mail work for 14 days. Sign in to answer.")
FORGED = (
    "This link does not work.",
    "It is incomplete or was changed on the way. Open it from the mail again, or sign in.",
)
GONE = ("This link leads nowhere any more.", "The incident or your account is not here now.")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the link was sent to."""

    id: str
    name: str
    role: str
    time_zone: str


def ask_first(ask: Ask) -> Response:
    """What the link would do, with a button that does it."""
    found = _read(ask)
    return found if isinstance(found, Response) else _page(ask, *found)


def act(ask: Ask) -> Response:
    """Do it, and tell what happened."""
    found = _read(ask)
    if isinstance(found, Response):
        return found
    answer, person, shown = found
    if not _needless(answer, person, shown):
        verb = verbs.acknowledge if answer.action == "acknowledge" else verbs.resolve
        actor = Actor(ActorKind.USER, person.id, person.name, "email", person.role, address=ask.asked.address)
        verb(ask.tx, actor, [shown.incident.id], cause="reply")
        return _page(ask, answer, person, read.one(ask.tx.conn, shown.incident.id, ask.now) or shown, done=True)
    return _page(ask, answer, person, shown)


def _needless(answer: Answer, person: Person, shown: read.Shown) -> bool:
    """Whether it is over, or this person has it already: then nothing is done twice."""
    status = shown.incident.status
    mine = any(ack.id == person.id for ack in shown.incident.acknowledgements)
    return status is Status.RESOLVED or (answer.action == "acknowledge" and status is Status.ACKNOWLEDGED and mine)


def _read(ask: Ask) -> Response | tuple[Answer, Person, read.Shown]:
    try:
        answer = read_answer(ask.site.signer, ask.param("token"), ask.now)
    except BadToken as bad:
        return _wrong(ask, *(EXPIRED if bad.reason == "expired" else FORGED), 410 if bad.reason == "expired" else 400)
    u = users.c
    row = ask.tx.conn.execute(
        select(u.id, u.name, u.role, u.time_zone).where(u.id == answer.user_id, u.deleted_at.is_(None))
    ).one_or_none()
    shown = read.one(ask.tx.conn, answer.incident_id, ask.now)
    if row is None or shown is None:
        return _wrong(ask, *GONE, 410)
    return answer, Person(row.id, row.name, row.role, row.time_zone), shown


def _wrong(ask: Ask, what: str, help: str, status: int) -> Response:
    return ask.page("answer_wrong.html", status, what=what, help=help, troubles=())


def _page(ask: Ask, answer: Answer, person: Person, shown: read.Shown, done: bool = False) -> Response:
    watch = Watch(ask.now, zone_of(ask.asked.cookies.get(ZONE), person.time_zone))
    return ask.page(
        "answer.html", shown=shown, i=shown.incident, action=answer.action, verb=WORDS[answer.action], person=person,
        done=done, needless=_needless(answer, person, shown), t=watch, troubles=(),
    )  # fmt: skip


PAGES = (
    Page("GET", "/app/answer/{token}", ask_first, open=True),
    Page("POST", "/app/answer/{token}", act, again=ask_first, open=True),
)
