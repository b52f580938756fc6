"""`/install/integration`: a product asks for keys, a person picks the services (core:O9-O11, ei:TE4).

1. What is wrong with the product's request is found before anybody signs in, and is told here: a browser is sent on to
   a registered address and to no other.
2. Looking gives nothing away: the keys are given by a POST in a session, with its token, and the request is checked
   afresh. Search is a POST too, so that what was ticked stays, and no token gets into an address.
3. Saying no is open to everybody; giving keys needs the right to configure services.
"""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row
from starlette.responses import Response

from tocsin.accounts.store import people
from tocsin.connect import commands, logic
from tocsin.core.errors import Invalid, Unauthenticated
from tocsin.oauth.store import apps
from tocsin.rest.permissions import Permission, refusal, somewhere
from tocsin.services.store import catalog
from tocsin.services.store.tables import services
from tocsin.web.queries import names
from tocsin.web.security import sending_on_to
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

UNANSWERABLE = "This product's request cannot be answered"
SHOWN = 30


def _checked(ask: Ask) -> tuple[Row[Any], logic.Back]:
    given = {value for value in ask.asked.query.get("app_id", ()) if value}
    app = apps.find(ask.tx.conn, given.pop()) if len(given) == 1 else None
    if app is None:
        raise _wrong("it names no app that is registered here (app_id)")
    redirect = logic.redirect_of(ask.asked.query)
    if redirect is None:
        raise _wrong("it does not say, once, where to come back to (redirect_uri)")
    found = logic.back(redirect, app.redirect_uris)
    if isinstance(found, str):
        raise _wrong(found)
    return app, found


def _wrong(what: str) -> Invalid:
    advice = "Nothing was given to it. Tell the people who run the product; an admin here can look at its registration"
    return Invalid([what[:1].upper() + what[1:], advice], message=UNANSWERABLE)


def show(ask: Ask) -> Response:
    """Who asks, and which services there are."""
    app, back = _checked(ask)
    if ask.session is None:
        raise Unauthenticated("You are not signed in")
    to = urlsplit(back.place)
    allowed = Permission.CONFIGURE in somewhere(ask.actor)
    chosen = ask.fields("service")
    found, more = _services(ask, chosen)
    account = people.the_account(ask.tx.conn)
    response = ask.page(
        "connect.html", 200 if allowed else 403, app=app, host=to.netloc, action=ask.asked.locator, allowed=allowed,
        services=found, more=more, chosen=chosen, search=ask.field("q")[:200], account=account,
        policies=names.policies(ask.tx.conn, ask.sight), new=ask.field("new_name")[:255],
        policy=ask.field("policy"), troubles=(),
    )  # fmt: skip
    response.headers["content-security-policy"] = sending_on_to(f"{to.scheme}://{to.netloc}")
    return response


def _services(ask: Ask, chosen: list[str]) -> tuple[list[Row[Any]], bool]:
    """Those that were ticked, then those that the search finds; and whether it finds more than are shown."""
    order = (services.c.name, services.c.id)
    found = ask.tx.conn.execute(
        catalog.find(ask.field("q").strip()[:200] or None, None, (), (), ask.sight).order_by(*order).limit(SHOWN + 1)
    )
    rows = [row for row in found if row.id not in chosen]
    ticked = catalog.find(None, None, (), chosen, ask.sight).order_by(*order)
    return [*(ask.tx.conn.execute(ticked).all() if chosen else ()), *rows[:SHOWN]], len(rows) > SHOWN


def decide(ask: Ask) -> Response:
    """Search, connect or deny."""
    app, back = _checked(ask)
    what = ask.field("do")
    if what == "search":
        return show(ask)
    if what == "deny":
        return go(back.with_(error=logic.DENIED, error_description="The person did not connect a service"))
    if what != "connect":
        raise Invalid("Choose Connect or Cancel")
    new = _new(ask)
    _permitted(ask, new)
    given = commands.connect(ask.tx, ask.actor, app, ask.fields("service"), new)
    account = people.the_account(ask.tx.conn)
    assert account is not None  # who is signed in belongs to one
    return go(back.with_(config=logic.config(given, account.subdomain, account.name)))


def _permitted(ask: Ask, new: tuple[str, str] | None) -> None:
    """Refuse what this person may not configure: on the services that were ticked, on the new one's policy."""
    if Permission.CONFIGURE not in somewhere(ask.actor):
        raise refusal(ask.actor)
    ask.demand(Permission.CONFIGURE, "service", ask.fields("service"))
    if new:
        ask.demand(Permission.CONFIGURE, "escalation_policy", [new[1]])


def _new(ask: Ask) -> tuple[str, str] | None:
    name = ask.field("new_name").strip()
    if name and not ask.field("policy"):
        raise Invalid("Choose the escalation policy of the new service")
    return (name, ask.field("policy")) if name else None


PAGES = (
    Page("GET", logic.PATH, show, open=True),
    Page("POST", logic.PATH, decide, again=show, needs=None),
)
