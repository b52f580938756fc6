"""Maintenance windows: the list, one, a new one, its end; and quiet for a service at once (core:W1-W6, SPINE 11).

The commands are those of the REST API; times are read on the viewer's watch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission, somewhere
from tocsin.services import commands_windows as commands
from tocsin.services.wire_windows import WindowBody, present
from tocsin.web.pages import services
from tocsin.web.pages.frame import framed
from tocsin.web.queries import maintenance
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/maintenance-windows"
TOLD = {
    "made": "Planned.", "saved": "Saved.", "ended": "Ended. What still fires opens now, and pages.",
    "removed": "Called off.",
}  # fmt: skip
QUIET = {"30": timedelta(minutes=30), "60": timedelta(hours=1), "240": timedelta(hours=4)}
FIELD = "%Y-%m-%dT%H:%M"


def every(ask: Ask) -> Response:
    """All windows that are open, or those that are past."""
    which = "past" if ask.query("show") == "past" else "open"
    return framed(
        ask, "maintenance.html", windows=maintenance.listed(ask.tx.conn, which, ask.now, ask.sight), which=which,
        told=TOLD.get(ask.query("done"), ""),
        may_plan=Permission.CONFIGURE in somewhere(ask.actor) and ask.session is not None,
    )  # fmt: skip


def new(ask: Ask) -> Response:
    """The form for another one."""
    start = ask.now.astimezone(ask.watch.zone)
    given = {
        "description": ask.field("description")[:10_000], "start": ask.field("start") or start.strftime(FIELD),
        "end": ask.field("end") or (start + timedelta(hours=1)).strftime(FIELD),
    }  # fmt: skip
    chosen = ask.fields("service") or [ask.query("service")]
    choosable = maintenance.choosable(ask.tx.conn, ask.sight)
    return framed(ask, "window_new.html", given=given, chosen=chosen, choosable=choosable)


def _asked(ask: Ask, row: Any = None) -> WindowBody:
    """The form's words; a field that was left as it was means the stored instant, to the second."""
    kept = [id for id in ask.fields("kept") if row is not None and id in row.service_ids]  # removed: on no list
    given: dict[str, Any] = {
        "start_time": _instant(ask, "start", row and row.start_time),
        "end_time": _instant(ask, "end", row and row.end_time),
        "description": ask.field("description").replace("\r\n", "\n").strip(),
        "services": [{"id": id} for id in [*ask.fields("service"), *kept]],
    }
    if not given["services"]:
        raise Invalid("Choose a service")
    return read(WindowBody, given, present(row) if row is not None else None)


def _instant(ask: Ask, name: str, stored: datetime | None) -> datetime:
    text = ask.field(name)
    if stored is not None and text in ("", stored.astimezone(ask.watch.zone).strftime(FIELD)):
        return stored
    found = ask.watch.local(text)
    if found is None:
        raise Invalid(f"Say when it {name}s")
    return found


def make(ask: Ask) -> Response:
    """Plan one."""
    body = _asked(ask)
    ask.demand(Permission.CONFIGURE, "service", body.service_ids)
    commands.add(ask.tx, ask.actor, body)
    return go(f"{HERE}?done=made")


def quiet(ask: Ask) -> Response:
    """Put a service into maintenance at once."""
    id, until = ask.param("id"), _until(ask)
    why = ask.field("description").strip() or f"Quiet, asked for by {ask.actor.name}"
    given = {"start_time": ask.now, "end_time": until, "description": why, "services": [{"id": id}]}
    commands.add(ask.tx, ask.actor, read(WindowBody, given))
    return go(f"/app/services/{id}?done=quiet")


def _until(ask: Ask) -> datetime:
    chosen = ask.field("for")
    until = ask.now + QUIET[chosen] if chosen in QUIET else ask.watch.local(ask.field("until"))
    if until is None:
        raise Invalid("Say until when it shall be quiet")
    return until


def show(ask: Ask) -> Response:
    """One window."""
    row = commands.get(ask.tx.conn, ask.param("id"))
    (window,) = maintenance.shown(ask.tx.conn, [row], ask.now, ask.sight)
    return framed(
        ask, "window.html", w=window, may_change=window.state != "past" and _may(ask, row.service_ids),
        choosable=maintenance.choosable(ask.tx.conn, ask.sight), told=TOLD.get(ask.query("done"), ""),
        given={name: at.astimezone(ask.watch.zone).strftime(FIELD) for name, at in _ends(row)},
    )  # fmt: skip


def _ends(row: Any) -> Sequence[tuple[str, datetime]]:
    return (("start", row.start_time), ("end", row.end_time))


def _may(ask: Ask, service_ids: Sequence[str]) -> bool:
    try:
        ask.demand(Permission.CONFIGURE, "service", service_ids)
    except (Forbidden, NotFound):
        return False
    return True


def _locked(ask: Ask) -> Any:
    row = commands.get(ask.tx.conn, ask.param("id"), lock=True)
    ask.demand(Permission.CONFIGURE, "service", row.service_ids)
    return row


def edit(ask: Ask) -> Response:
    """Move it, or change what it names."""
    row = _locked(ask)
    body = _asked(ask, row)
    ask.demand(Permission.CONFIGURE, "service", body.service_ids)
    commands.edit(ask.tx, ask.actor, row, body)
    return go(f"{HERE}/{row.id}?done=saved")


def end(ask: Ask) -> Response:
    """End it now, or call it off."""
    row = _locked(ask)
    began = row.start_time <= ask.now
    commands.drop(ask.tx, ask.actor, row)
    return go(f"{HERE}?done={'ended' if began else 'removed'}")


_ONE = HERE + "/{id}"
PAGES = (
    Page("GET", HERE, every, sees="filtered"),
    Page("GET", f"{HERE}/new", new, needs=Permission.CONFIGURE, in_body=True),
    Page("POST", HERE, make, again=new, needs=Permission.CONFIGURE, in_body=True),
    Page("GET", _ONE, show),
    Page("POST", _ONE, edit, again=show, needs=Permission.CONFIGURE),
    Page("POST", f"{_ONE}/end", end, again=show, needs=Permission.CONFIGURE),
    Page("POST", "/app/services/{id}/quiet", quiet, again=services.show, needs=Permission.CONFIGURE),
)
