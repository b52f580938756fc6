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
from tocsin.incidents.commands import requesting, verbs
from tocsin.incidents.model import Reply, Status, targets_of
from tocsin.notifications.links import Answer, read_answer
from tocsin.web.moments import Watch, zone_of
from tocsin.web.queries import incidents as read
from tocsin.web.serving import Page
from tocsin.web.site import ZONE, Ask

WORDS = {"acknowledge": "Acknowledge", "resolve": "Resolve", "join": "Join", "decline": "Decline"}
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
        actor = Actor(ActorKind.USER, person.id, person.name, "email", person.role, address=ask.asked.address)
        _answer(ask, answer, actor, shown.incident.id)
        return _page(ask, answer, person, read.one(ask.tx.conn, shown.incident.id, ask.now) or shown, done=True)
    return _page(ask, answer, person, shown)


def _answer(ask: Ask, answer: Answer, actor: Actor, incident_id: str) -> None:
    if answer.action in ("join", "decline"):
        requesting.reply(ask.tx, actor, incident_id, answer.action == "join", answer.request_id, cause="reply")
        return
    verb = verbs.acknowledge if answer.action == "acknowledge" else verbs.resolve
    verb(ask.tx, actor, [incident_id], cause="reply")


def _needless(answer: Answer, person: Person, shown: read.Shown) -> bool:
    """Whether it is over, or this person has it already: then nothing is done twice."""
    status = shown.incident.status
    if status is not Status.RESOLVED and answer.action in ("join", "decline"):
        return not _open(answer, shown)
    mine = any(ack.id == person.id for ack in shown.incident.acknowledgements)
    return status is Status.RESOLVED or (answer.action == "acknowledge" and status is Status.ACKNOWLEDGED and mine)


def _open(answer: Answer, shown: read.Shown) -> bool:
    """Whether the call for help still waits for this answer: who declined may yet join."""
    asked = [
        one.state
        for request, target in targets_of(shown.incident.requests)
        for one in target.responders
        if request.id == answer.request_id and one.user_id == answer.user_id
    ]
    over = (Reply.JOINED,) if answer.action == "join" else (Reply.JOINED, Reply.DECLINED, Reply.CANCELLED)
    return any(state not in over for state in asked)


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
