"""One's own on-call: when to be told of hand-offs, and the calendar to subscribe to (core:N30, core:S50)."""

from typing import Any

from starlette.responses import Response

from tocsin.accounts.commands import calendar_feeds, handoff_rules, users
from tocsin.accounts.store import handoff_rules as stored_rules
from tocsin.accounts.store import people
from tocsin.accounts.wire_handoffs import MOST_ADVANCE, HandoffRuleBody
from tocsin.core.errors import Invalid
from tocsin.rest.body import read
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/me"
TOLD = {
    "told": "Saved. You are told from the next hand-off on.", "removed": "Removed.",
    "calendar": "Your calendar has a new address. The old one has ended: subscribe again where you used it.",
}  # fmt: skip
UNITS = {"minutes": 1, "hours": 60, "days": 1440}


def me(ask: Ask) -> Any:
    """The row of whoever is signed in."""
    return users.get(ask.tx.conn, ask.actor.user_id or "")


def show(ask: Ask) -> Response:
    """All of it."""
    user = me(ask)
    feed = calendar_feeds.addresses(ask.tx, calendar_feeds.USER, user.id, ask.asked.base_url)
    methods = people.methods_of(ask.tx.conn, [user.id])
    return framed(
        ask, "me.html", me=user, rules=stored_rules.of_users(ask.tx.conn, [user.id]), methods=methods, feed=feed,
        told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def add_rule(ask: Ask) -> Response:
    """Be told of hand-offs."""
    length, unit = ask.field("advance"), UNITS.get(ask.field("unit"), 0)
    if not (length.isascii() and length.isdigit() and len(length) < 5 and unit):
        raise Invalid("Say how long before, in whole minutes, hours or days")
    minutes = int(length) * unit
    if minutes > MOST_ADVANCE:
        raise Invalid("You can be told 48 hours before at most")
    given = {
        "handoff_type": ask.field("kind"), "notify_advance_in_minutes": minutes,
        "contact_method": {"id": ask.field("method")},
    }  # fmt: skip
    handoff_rules.add(ask.tx, ask.actor, ask.actor.user_id or "", read(HandoffRuleBody, given))
    return go(f"{HERE}?done=told")


def remove_rule(ask: Ask) -> Response:
    """Be told no more."""
    row = handoff_rules.get(ask.tx.conn, ask.actor.user_id or "", ask.param("id"))
    handoff_rules.drop(ask.tx, ask.actor, row)
    return go(f"{HERE}?done=removed")


def rotate(ask: Ask) -> Response:
    """A new address for one's own calendar."""
    calendar_feeds.rotate(ask.tx, ask.actor, calendar_feeds.USER, users.subject(me(ask)))
    return go(f"{HERE}?done=calendar")


PAGES = (
    Page("GET", HERE, show, needs=None),
    Page("POST", f"{HERE}/hand-offs", add_rule, again=show, needs=None),
    Page("POST", HERE + "/hand-offs/{id}/remove", remove_rule, again=show, needs=None),
    Page("POST", f"{HERE}/calendar", rotate, again=show, needs=None),
)
