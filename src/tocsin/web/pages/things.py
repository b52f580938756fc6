"""Pages of schedules: what `html_url` leads to, to read (the full ones are issue F's), and the calendar's address."""

from starlette.responses import Response

from tocsin.accounts.commands import calendar_feeds
from tocsin.core.errors import NotFound
from tocsin.rest.permissions import Permission
from tocsin.schedules import commands, feeds
from tocsin.web.pages.frame import framed
from tocsin.web.queries import schedules
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

TOLD = {
    "calendar": "The calendar has a new address. The old one has ended: subscribe again where it was used.",
}  # fmt: skip


def schedule(ask: Ask) -> Response:
    """A schedule: the next two weeks, gaps marked, and its layers."""
    found = schedules.shown(ask.tx.conn, ask.param("id"), ask.now)
    if found is None:
        raise NotFound("There is no such schedule")
    feed = None
    if feeds.is_open(ask.tx.conn, found.id):
        feed = calendar_feeds.addresses(ask.tx, calendar_feeds.SCHEDULE, found.id, ask.asked.base_url)
    return framed(
        ask, "schedule.html", schedule=found, mine=ask.actor.user_id or "", feed=feed,
        may_rotate=ask.may(Permission.CONFIGURE, "schedule", found.id), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def rotate(ask: Ask) -> Response:
    """A new address for the schedule's calendar."""
    row = commands.get(ask.tx.conn, ask.param("id"), lock=True)
    calendar_feeds.rotate(ask.tx, ask.actor, calendar_feeds.SCHEDULE, commands.subject(row))
    return go(f"/app/schedules/{row.id}?done=calendar")


PAGES = (
    Page("GET", "/app/schedules/{id}", schedule),
    Page("POST", "/app/schedules/{id}/calendar", rotate, again=schedule, needs=Permission.CONFIGURE),
)
