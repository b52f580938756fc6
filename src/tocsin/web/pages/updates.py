"""Status updates of an incident: write one, read them, say who hears of it (core:I91-I92, ei:SU1).

A link out of such a mail ends them for one person without signing in: GET asks, POST acts, and the token is all there
is to it. Mail programs send that POST by themselves when somebody presses their button.
"""

from starlette.responses import Response

from tocsin.core.errors import Invalid, NotFound
from tocsin.core.signing import BadToken
from tocsin.incidents.store import queries as incident_queries
from tocsin.notifications.links import read_unsubscribe
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission
from tocsin.status_pages import wire
from tocsin.status_pages.commands import subscribing, templates, updating
from tocsin.status_pages.store.sight import able
from tocsin.status_pages.store.subscriptions import Link
from tocsin.web.pages.answers import EXPIRED, FORGED
from tocsin.web.pages.frame import framed
from tocsin.web.pages.incident import incident_id, shown_incident
from tocsin.web.queries import names, responders
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

SAID = {
    "sent": "Published. It is on its way to everybody who subscribed.", "subscribed": "Saved.",
    "mine": "You will hear of this incident.", "enough": "You will hear no more of this incident.",
}  # fmt: skip


def show(ask: Ask) -> Response:
    """The updates, with a form for the next one, filled in from a template if one is chosen."""
    conn, shown = ask.tx.conn, shown_incident(ask)
    draft = {name: ask.field(name) or ask.query(name)[:5000] for name in ("message", "subject", "html_message")}
    preview = None
    if (chosen := ask.query("template")) and not ask.errors:
        page = ask.asked.base_url + f"/app/incidents/{shown.incident.id}"
        preview = templates.render(ask.tx, templates.get(conn, chosen), shown.incident.id, draft["message"], page)
        draft = {
            "message": preview.fields["message"] or draft["message"], "subject": preview.fields["email_subject"] or "",
            "html_message": preview.fields["email_body"] or "",
        }  # fmt: skip
    return framed(
        ask, "updates.html", shown=shown, i=shown.incident, draft=draft, preview=preview, chosen=chosen,
        told=SAID.get(ask.query("done"), ""), updates=responders.updates(conn, shown.incident.id),
        templates=responders.all_templates(conn), can_answer=ask.may(Permission.RESPOND, "incident", shown.incident.id),
        subscribers=responders.subscribers(conn, shown.incident.id), everybody=names.everybody(conn),
        teams=responders.all_teams(conn, ask.sight), hears=responders.hears(conn, shown.incident, ask.actor.user_id),
    )  # fmt: skip


def _done(ask: Ask, what: str) -> Response:
    return go(f"/app/incidents/{ask.param('id')}/updates?done={what}")


def publish(ask: Ask) -> Response:
    """Tell everybody who subscribed."""
    given = {name: ask.field(name).replace("\r\n", "\n") for name in ("message", "subject", "html_message")}
    body = read(wire.UpdateBody, {name: value or None for name, value in given.items()})
    updating.publish(ask.tx, ask.actor, incident_id(ask), body)
    return _done(ask, "sent")


def _links(ask: Ask, id: str) -> list[Link]:
    found: list[Link] = []
    for given in ask.fields("who"):
        kind, _, one = given.partition("/")
        if kind not in ("user", "team") or not one:
            raise Invalid("Choose people and teams from the list")
        found.append((("incident", id), (kind, one)))
    return found


def subscribe(ask: Ask) -> Response:
    """Let these people and teams hear of it."""
    id = incident_id(ask)
    links = _links(ask, id)
    people = able(ask.tx.conn, [who[1] for _, who in links], incident_queries.standings(ask.tx.conn, [id])[id])
    known = people | {team for team, _ in responders.all_teams(ask.tx.conn, ask.sight)}
    results = subscribing.subscribe(ask.tx, ask.actor, links, lambda link: link[1][1] in known, None)
    if "unauthorized" in results:
        raise Invalid("Somebody of those may not see this incident, or is not here any more")
    return _done(ask, "subscribed")


def unsubscribe(ask: Ask) -> Response:
    """Let these people and teams hear no more of it."""
    subscribing.unsubscribe(ask.tx, ask.actor, _links(ask, incident_id(ask)), lambda link: True, None)
    return _done(ask, "subscribed")


def mine(ask: Ask) -> Response:
    """I want to hear of it, or no more."""
    id, me = incident_id(ask), ask.actor.user_id or ""
    if ask.field("want") == "yes":
        subscribing.subscribe(ask.tx, ask.actor, [(("incident", id), ("user", me))], lambda link: True, None)
        return _done(ask, "mine")
    subscribing.refuse(ask.tx, me, id)
    return _done(ask, "enough")


def _linked(ask: Ask) -> tuple[str, str] | Response:
    try:
        return read_unsubscribe(ask.site.signer, ask.param("token"), ask.now)
    except BadToken as bad:
        what, help = EXPIRED if bad.reason == "expired" else FORGED
        return ask.page("answer_wrong.html", 410 if bad.reason == "expired" else 400, what=what, help=help, troubles=())


def ask_first(ask: Ask) -> Response:
    """What the link would do, with a button that does it."""
    found = _linked(ask)
    return found if isinstance(found, Response) else _enough(ask, found[0], False)


def enough(ask: Ask) -> Response:
    """No more updates of this incident for this person."""
    found = _linked(ask)
    if isinstance(found, Response):
        return found
    subscribing.refuse(ask.tx, found[1], found[0])
    return _enough(ask, found[0], True)


def _enough(ask: Ask, id: str, done: bool) -> Response:
    rows = incident_queries.by_ids(ask.tx.conn, [id])
    if not rows:
        raise NotFound("There is no such incident")
    return ask.page("enough.html", i=rows[0], done=done, troubles=())


PAGES = (
    Page("GET", "/app/incidents/{id}/updates", show),
    Page("POST", "/app/incidents/{id}/updates", publish, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/incidents/{id}/updates/subscribe", subscribe, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/incidents/{id}/updates/unsubscribe", unsubscribe, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/incidents/{id}/updates/mine", mine, again=show),
    Page("GET", "/app/unsubscribe/{token}", ask_first, open=True),
    Page("POST", "/app/unsubscribe/{token}", enough, again=ask_first, open=True),
)
