"""Priorities, and from which one on an incident impacts business services (ei:BS4)."""

from starlette.responses import Response

from tocsin.impact import commands, store
from tocsin.incidents.store.priorities import in_order
from tocsin.rest.permissions import Permission, may
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/priorities"


def show(ask: Ask) -> Response:
    """All priorities, the most severe first."""
    return framed(
        ask, "priorities.html", priorities=ask.tx.conn.execute(in_order()).all(),
        threshold=store.threshold(ask.tx.conn), may_change=may(ask.actor, Permission.ACCOUNT),
        told="Saved." if ask.query("done") == "saved" else "",
    )  # fmt: skip


def set_threshold(ask: Ask) -> Response:
    """From which priority on business services are impacted."""
    commands.set_threshold(ask.tx, ask.actor, ask.field("threshold") or None)
    return go(f"{HERE}?done=saved")


PAGES = (
    Page("GET", HERE, show, sees="all"),
    Page("POST", HERE, set_threshold, again=show, needs=Permission.ACCOUNT),
)
