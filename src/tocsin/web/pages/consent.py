"""`/oauth/authorize`: an app asks a person to let it act here (core:O1, core:O2).

1. What is wrong with the request is found before anybody signs in. Without a proven redirect URL the person is told
   here; with one the app is told there.
2. Nothing is allowed by looking: the decision is a POST in a session, with its token, and is checked afresh.
3. The browser may send this one form on to the app's own address, and to no other.
"""

from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from starlette.responses import Response

from tocsin.accounts.store import tables as accounts
from tocsin.core.errors import Invalid, Unauthenticated
from tocsin.core.recorded import live
from tocsin.oauth import logic
from tocsin.oauth.grants import CodeGrant
from tocsin.oauth.http import AUTHORIZE
from tocsin.oauth.server import Answer, Asked, Server
from tocsin.web.security import sending_on_to
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

UNANSWERABLE = "This app's request cannot be answered"


def _checked(ask: Ask) -> tuple[Server, CodeGrant | Response]:
    server = Server(ask.tx, ask.asked.base_url)
    try:
        return server, server.consent(Asked("GET", ask.asked.query))
    except OAuth2Error as error:
        if error.redirect_uri is None:
            raise Invalid([error.description, "Tell the people who run the app"], message=UNANSWERABLE) from None
        return server, _sent(server.refused(error))


def _sent(answer: Answer) -> Response:
    if answer.location is None:
        raise Invalid(str(answer.body), message=UNANSWERABLE)
    return go(answer.location)


def show(ask: Ask) -> Response:
    """What the app wants, and who asks."""
    _, grant = _checked(ask)
    if isinstance(grant, Response):
        return grant
    if ask.session is None:
        raise Unauthenticated("You are not signed in")
    app = grant.client.app
    to = urlsplit(grant.redirect_uri)
    response = ask.page(
        "consent.html", app=app, wanted=logic.in_words(grant.request.scope.split()), host=to.netloc,
        by=live(ask.tx.conn, accounts.users, app.created_by) if app.created_by else None,
        action=ask.asked.locator, account=grant.server.place, troubles=(),
    )  # fmt: skip
    response.headers["content-security-policy"] = sending_on_to(f"{to.scheme}://{to.netloc}")
    return response


def decide(ask: Ask) -> Response:
    """Allow or deny."""
    decision = ask.field("decision")
    if decision not in ("allow", "deny"):
        raise Invalid("Choose Allow or Deny")
    server, grant = _checked(ask)
    if isinstance(grant, Response):
        return grant
    return _sent(server.decide(grant, ask.actor.user_id if decision == "allow" else None))


PAGES = (
    Page("GET", AUTHORIZE, show, open=True),
    Page("POST", AUTHORIZE, decide, again=show, needs=None),
)
