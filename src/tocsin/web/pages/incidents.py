"""The list of incidents, and answers to many at once (core:I52)."""

from starlette.responses import Response

from tocsin.core.errors import Invalid
from tocsin.incidents.commands import verbs
from tocsin.rest.permissions import Permission
from tocsin.web import words
from tocsin.web.pages.frame import framed
from tocsin.web.queries import incidents as read
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

CHOICES = ("open", "mine", "resolved")
MOST_PAGES = 1000
MOST_AT_ONCE = 500
DONE = {"acknowledge": "acknowledged", "resolve": "resolved"}


def show(ask: Ask) -> Response:
    """Open incidents (or mine, or those resolved lately)."""
    which = ask.query("show", "open")
    which = which if which in CHOICES else "open"
    at = ask.query("page", "0")
    page = min(int(at), MOST_PAGES) if at.isascii() and at.isdigit() and len(at) < 6 else 0
    user = ask.actor.user_id or ""
    rows, more = read.listed(ask.tx.conn, which, user, ask.now, page, ask.sight)
    counts = read.counts(ask.tx.conn, user, ask.now, ask.sight)
    return framed(
        ask, "incidents.html", which=which, rows=rows, counts=counts, page=page, more=more, told=said(ask.query("done"))
    )


def act(ask: Ask) -> Response:
    """Acknowledge or resolve all chosen incidents that can still be; what is over already is left alone."""
    ids, what = ask.fields("id"), ask.field("do")
    if not ids:
        raise Invalid("Choose at least one incident first")
    if what not in DONE or len(ids) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} incidents can be acknowledged or resolved at once")
    known = read.several(ask.tx.conn, ids)
    wanted = [id for id in ids if id in known and known[id].status != "resolved"]
    if not wanted:
        raise Invalid("None of the chosen incidents is open any more")
    ask.demand(Permission.RESPOND, "incident", wanted)
    verb = verbs.acknowledge if what == "acknowledge" else verbs.resolve
    verb(ask.tx, ask.actor, wanted)
    return go(f"/app?show={_back(ask)}&done={what}-{len(wanted)}-{len(ids) - len(wanted)}")


def _back(ask: Ask) -> str:
    which = ask.field("show")
    return which if which in CHOICES else "open"


def said(done: str) -> str:
    """The sentence after an action on many: `acknowledge-3-1`."""
    what, _, rest = done.partition("-")
    counted = rest.split("-")
    if what not in DONE or len(counted) != 2 or not all(n.isascii() and n.isdigit() and len(n) < 6 for n in counted):
        return ""
    late = f"; {words.counted(int(counted[1]), 'was', 'were')} over already" if counted[1] != "0" else ""
    return f"{words.counted(int(counted[0]), 'incident')} {DONE[what]}{late}."


PAGES = (
    Page("GET", "/app", show, sees="filtered"),
    Page("GET", "/app/incidents", show, sees="filtered"),
    Page("POST", "/app/incidents/act", act, again=show, needs=Permission.READ, sees="filtered"),
)
