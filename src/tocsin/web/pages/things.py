"""Pages of people and schedules: what `html_url` leads to, to read (the full ones are issue F's)."""

from starlette.responses import Response

from tocsin.core.errors import NotFound
from tocsin.web.pages.frame import framed
from tocsin.web.queries import incidents as read
from tocsin.web.queries import schedules, things
from tocsin.web.serving import Page
from tocsin.web.site import Ask


def person(ask: Ask) -> Response:
    """A person: how they are reached, where they are on call, what they have."""
    found = things.person(ask.tx.conn, ask.param("id"))
    if found is None:
        raise NotFound("There is no such person")
    on_call = [policy for policy in things.policies(ask.tx.conn, ask.now, sight=ask.sight) if policy.has(found.id)]
    rows, more = read.listed(ask.tx.conn, "mine", found.id, ask.now, 0, ask.sight)
    return framed(
        ask, "person.html", person=found, methods=things.methods(ask.tx.conn, found.id),
        rules=things.rules(ask.tx.conn, found.id), on_call=on_call, rows=rows, more=more,
    )  # fmt: skip


def schedule(ask: Ask) -> Response:
    """A schedule: the next two weeks, gaps marked, and its layers."""
    found = schedules.shown(ask.tx.conn, ask.param("id"), ask.now)
    if found is None:
        raise NotFound("There is no such schedule")
    return framed(ask, "schedule.html", schedule=found, mine=ask.actor.user_id or "")


PAGES = (
    Page("GET", "/app/users/{id}", person),
    Page("GET", "/app/schedules/{id}", schedule),
)
