"""More people on an incident: ask them, take it back, join or decline (core:I100-I104)."""

from starlette.responses import Response

from tocsin.core.errors import Invalid
from tocsin.incidents.commands import requesting
from tocsin.incidents.commands.requesting import Wanted
from tocsin.incidents.model import Asks
from tocsin.rest.permissions import Permission
from tocsin.web.pages.incident import incident_id, show
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go


def _wanted(ask: Ask) -> list[Wanted]:
    found = []
    for given in ask.fields("target"):
        kind, _, id = given.partition("/")
        if kind not in list(Asks) or not id:
            raise Invalid("Choose people and policies from the list")
        found.append((Asks(kind), id))
    for kind in Asks:
        ask.demand(Permission.READ, kind.value, [id for asks, id in found if asks is kind])
    return found


def request(ask: Ask) -> Response:
    """Ask these people and policies for help."""
    wanted = _wanted(ask)
    if not wanted:
        raise Invalid("Choose whom to ask")
    message = ask.field("message").replace("\r\n", "\n").strip()
    requesting.ask(ask.tx, ask.actor, incident_id(ask), ask.actor.user_id or "", message, wanted)
    return go(f"/app/incidents/{ask.param('id')}?done=ask#responders")


def cancel(ask: Ask) -> Response:
    """They are not needed any more."""
    requesting.cancel(ask.tx, ask.actor, incident_id(ask), _wanted(ask))
    return go(f"/app/incidents/{ask.param('id')}?done=cancel#responders")


def reply(ask: Ask) -> Response:
    """I come, or I do not."""
    joins = ask.field("answer") == "join"
    requesting.reply(ask.tx, ask.actor, incident_id(ask), joins)
    return go(f"/app/incidents/{ask.param('id')}?done={'join' if joins else 'decline'}")


PAGES = (
    Page("POST", "/app/incidents/{id}/responders", request, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/incidents/{id}/responders/cancel", cancel, again=show, needs=Permission.RESPOND),
    Page("POST", "/app/incidents/{id}/reply", reply, again=show, needs=Permission.RESPOND),
)
