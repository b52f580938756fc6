"""The mailbox of the built-in mail sink: what a new install would have sent (only without a real mail server).

The html part is an answer of its own under a policy that sandboxes it: no script runs, nothing is loaded, and its
links open outside of the frame.
"""

from starlette.responses import HTMLResponse, Response

from tocsin.core.errors import NotFound
from tocsin.notifications.channels.email import sink
from tocsin.web.pages.frame import framed
from tocsin.web.security import LETTER_POLICY
from tocsin.web.serving import Page
from tocsin.web.site import Ask

EMPTY = "<!doctype html><title>No HTML part</title><p>This letter has no HTML part.</p>"


def show(ask: Ask) -> Response:
    """All letters, the newest first."""
    if ask.site.mailbox is None:
        raise NotFound("A real mail server is set: letters go there, and none is kept here")
    return framed(ask, "mailbox.html", mails=sink.messages(ask.site.mailbox))


def letter(ask: Ask) -> Response:
    """One letter."""
    return framed(ask, "letter.html", mail=_mail(ask))


def body(ask: Ask) -> Response:
    """The letter's html part alone, for its frame."""
    headers = {"content-security-policy": LETTER_POLICY, "x-frame-options": "SAMEORIGIN"}
    html = _mail(ask).html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html or EMPTY, headers=headers)


def _mail(ask: Ask) -> sink.Mail:
    found = sink.message(ask.site.mailbox, ask.param("id")) if ask.site.mailbox else None
    if found is None:
        raise NotFound("There is no such letter; the newest 200 are kept")
    return found


PAGES = (
    Page("GET", "/app/mailbox", show),
    Page("GET", "/app/mailbox/{id}", letter),
    Page("GET", "/app/mailbox/{id}/body", body),
)
