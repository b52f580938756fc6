"""A password by mail: asking for the link, and what the links of invitations and resets lead to.

1. The answer to a request is the same for everybody, and says nothing of who is known.
2. The token in the path is the authority. GET shows a form and uses nothing up; POST acts, once.
"""

from starlette.responses import Response

from tocsin.accounts.commands import guessing, links
from tocsin.core.clock import real_now
from tocsin.core.errors import Forbidden
from tocsin.core.signing import BadToken
from tocsin.web import entering
from tocsin.web.serving import PASSWORD, Page
from tocsin.web.site import Ask

OVER = (
    "This link does not work any more.",
    "It was used, is too old, or a newer one was sent. Ask for another on the sign-in page.",
)
FORGED = ("This link does not work.", "It is incomplete or was changed on the way. Open it from the mail again.")


def ask_address(ask: Ask) -> Response:
    """The form for the e-mail."""
    return entering.form(ask, "forgot.html", asked=False, email=ask.query("email")[:200])


def forgot(ask: Ask) -> Response:
    """Whoever has this e-mail gets a link; the visitor is not told whether anybody does."""
    entering.check_form(ask)
    email = ask.field("email").strip()[:200]
    if email and not guessing.too_many_resets(ask.tx, ask.asked.address, real_now()):
        links.ask_reset(ask.tx, email)
    return entering.form(ask, "forgot.html", asked=True, email=email)


def show(ask: Ask) -> Response:
    """The form for the new password."""
    found = _opened(ask)
    return found if isinstance(found, Response) else _form(ask, found)


def _form(ask: Ask, link: links.Open, status: int = 200) -> Response:
    return ask.page("new_password.html", status, link=link, token=ask.param("token"), troubles=())


def choose(ask: Ask) -> Response:
    """Set it, and sign in."""
    if entering.at_elsewhere(ask):
        raise Forbidden("This form came from another site. Open the link from the mail again")
    found = _opened(ask, lock=True)
    if isinstance(found, Response):
        return found
    return entering.let_in(ask, links.use(ask.tx, found, ask.field("password"), entering.visitor(ask)), "/app")


def _opened(ask: Ask, lock: bool = False) -> Response | links.Open:
    try:
        return links.opened(ask.tx.conn, ask.site.signer, ask.param("token"), ask.now, lock)
    except BadToken as bad:
        over = bad.reason == "expired"
        what, help = OVER if over else FORGED
        return ask.page("answer_wrong.html", 410 if over else 400, what=what, help=help, troubles=())


PAGES = (
    Page("GET", "/app/sign-in/forgot", ask_address, open=True),
    Page("POST", "/app/sign-in/forgot", forgot, open=True),
    Page("GET", PASSWORD + "{token}", show, open=True),
    Page("POST", PASSWORD + "{token}", choose, again=show, open=True),
)
