"""Pages of schedules: what `html_url` leads to, to read (the full ones are issue F's)."""

from starlette.responses import Response

from tocsin.core.errors import NotFound
from tocsin.web.pages.frame import framed
from tocsin.web.queries import schedules
from tocsin.web.serving import Page
from tocsin.web.site import Ask


def schedule(ask: Ask) -> Response:
    """A schedule: the next two weeks, gaps marked, and its layers."""
    found = schedules.shown(ask.tx.conn, ask.param("id"), ask.now)
    if found is None:
        raise NotFound("There is no such schedule")
    return framed(ask, "schedule.html", schedule=found, mine=ask.actor.user_id or "")


PAGES = (Page("GET", "/app/schedules/{id}", schedule),)
