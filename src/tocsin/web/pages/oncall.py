"""Who is on call now, by escalation policy and level."""

from starlette.responses import Response

from tocsin.core.errors import NotFound
from tocsin.web.pages.frame import framed
from tocsin.web.queries import things
from tocsin.web.serving import Page
from tocsin.web.site import Ask


def show(ask: Ask) -> Response:
    """All policies; those of the viewer first."""
    found = things.policies(ask.tx.conn, ask.now, sight=ask.sight)
    mine = ask.actor.user_id or ""
    return framed(ask, "on_call.html", policies=sorted(found, key=lambda p: not p.has(mine)), mine=mine)


def policy(ask: Ask) -> Response:
    """One policy."""
    found = things.policies(ask.tx.conn, ask.now, ask.param("id"))
    if not found:
        raise NotFound("There is no such escalation policy")
    return framed(ask, "policy.html", policy=found[0], mine=ask.actor.user_id or "")


PAGES = (
    Page("GET", "/app/on-call", show, sees="filtered"),
    Page("GET", "/app/escalation-policies/{id}", policy),
)
