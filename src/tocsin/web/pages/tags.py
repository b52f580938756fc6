"""Tags: the list, and one with what bears it (core:X1)."""

from typing import Any

from starlette.responses import Response

from tocsin.core.errors import Invalid
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, may
from tocsin.tags import commands, store
from tocsin.tags.api import CHANGES
from tocsin.tags.wire import ChangeBody, TagBody
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/tags"
TOLD = {"made": "The tag is made.", "saved": "Saved.", "removed": "The tag is removed."}
PLACES = {"user": "/app/users/", "team": "/app/teams/", "escalation_policy": "/app/escalation-policies/"}
TITLES = {"user": "People", "team": "Teams", "escalation_policy": "Escalation policies"}
MOST = 1_000


def every(ask: Ask) -> Response:
    """All tags."""
    query = ask.query("q")
    return framed(
        ask, "tags.html", tags=ask.tx.conn.execute(store.find(query or None).limit(MOST)).all(), query=query,
        counts=store.counts(ask.tx.conn, ask.sight), kinds=TITLES, may_change=may(ask.actor, Permission.CONFIGURE),
        told=TOLD.get(ask.query("done"), ""), label=ask.field("label")[:300],
    )  # fmt: skip


def make(ask: Ask) -> Response:
    """A new tag."""
    return go(f"{HERE}/{commands.add(ask.tx, ask.actor, read(TagBody, {'label': ask.field('label').strip()}).label)}")


def show(ask: Ask) -> Response:
    """One tag and what bears it."""
    conn, row = ask.tx.conn, commands.get(ask.tx.conn, ask.param("id"))
    kinds = []
    for kind, title in TITLES.items():
        bearers = conn.execute(store.tagged(kind, row.id, ask.sight).limit(MOST)).all()
        on = {one.id for one in bearers}
        rest = [one for one in conn.execute(store.seen(kind, ask.sight).limit(MOST)) if one.id not in on]
        kinds.append((kind, title, PLACES[kind], bearers, rest))
    return framed(
        ask, "tag.html", tag=row, kinds=kinds, may_change=may(ask.actor, Permission.CONFIGURE),
        told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def _change(ask: Ask, into: str) -> Response:
    kind, id = ask.field("kind"), ask.field("thing")
    if kind not in TITLES or not id:
        raise Invalid("Choose who or what it is put on")
    ask.demand(CHANGES[kind], kind, [id])
    tag: dict[str, Any] = {"type": "tag_reference", "id": ask.param("id")}
    commands.change_tags(ask.tx, ask.actor, kind, id, read(ChangeBody, {into: [tag]}))
    return go(f"{HERE}/{ask.param('id')}?done=saved")


def put_on(ask: Ask) -> Response:
    """Put the tag on something."""
    return _change(ask, "add")


def take_off(ask: Ask) -> Response:
    """Take the tag from something."""
    return _change(ask, "remove")


def remove(ask: Ask) -> Response:
    """Remove the tag from everything."""
    commands.drop(ask.tx, ask.actor, commands.get(ask.tx.conn, ask.param("id"), lock=True))
    return go(f"{HERE}?done=removed")


_ONE = HERE + "/{id}"
PAGES = (
    Page("GET", HERE, every, sees="all"),
    Page("POST", HERE, make, again=every, needs=Permission.CONFIGURE),
    Page("GET", _ONE, show, sees="filtered"),
    Page("POST", f"{_ONE}/things", put_on, again=show, sees="filtered"),
    Page("POST", f"{_ONE}/things/remove", take_off, again=show, sees="filtered"),
    Page("POST", f"{_ONE}/remove", remove, again=show, needs=Permission.CONFIGURE),
)
