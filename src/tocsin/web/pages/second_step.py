"""The second step of signing in: a code, or setting up the second factor that the account requires."""

from typing import Any

import segno
from markupsafe import Markup
from starlette.responses import Response

from tocsin.accounts.commands import second_factor, signing_in
from tocsin.accounts.commands.signing_in import Half, Refusal
from tocsin.core.clock import real_now
from tocsin.core.errors import Conflict, Unauthenticated
from tocsin.web import entering
from tocsin.web.security import local_path
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

WHY = {
    Refusal.WRONG: "This code is not right, or it was used already. Wait for the next one and try again.",
    Refusal.THROTTLED: "Too many wrong codes. Wait fifteen minutes, or use a recovery code.",
}


def qr(address: str) -> Markup:
    """A QR code as SVG without a word of style or script in it."""
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=3, light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn)


def _half(ask: Ask) -> tuple[Half, Any]:
    token = ask.asked.cookies.get(entering.HALF, "")
    found = signing_in.half_of(ask.tx.conn, ask.site.signer, token, real_now())
    if found is None:
        raise Unauthenticated("This took more than ten minutes. Sign in again")
    return found


def ask_code(ask: Ask) -> Response:
    """The form for the code."""
    _half(ask)
    return _code_form(ask)


def _code_form(ask: Ask, status: int = 200) -> Response:
    following = local_path(ask.field("next") or ask.query("next"))
    return entering.form(ask, "second_step.html", status, next=following)


def code(ask: Ask) -> Response:
    """Check the code; a wrong one is counted, so it answers instead of raising."""
    entering.check_form(ask)
    half, _ = _half(ask)
    found = signing_in.second_step(ask.tx, half, ask.field("code")[:100], entering.visitor(ask))
    if isinstance(found, Refusal):
        return _code_form(ask.again([WHY[found]]), entering.STATUS[found])
    return entering.seated(ask, go(local_path(ask.field("next"))), found)


def ask_enrolment(ask: Ask) -> Response:
    """The secret to set up."""
    return _enrolment_form(ask, _half(ask)[1])


def _enrolment_form(ask: Ask, user: Any, status: int = 200) -> Response:
    pending = second_factor.pending(ask.tx, user)
    if pending is None:
        raise Conflict("A second factor is set up already. Sign in again with it")
    following = local_path(ask.field("next") or ask.query("next"))
    return entering.form(ask, "enrol.html", status, pending=pending, qr=qr(pending.address), next=following)


def enrol(ask: Ask) -> Response:
    """Confirm it, begin the session, and show the recovery codes once."""
    entering.check_form(ask)
    half, user = _half(ask)
    if not half.enrols:
        raise Unauthenticated("Sign in again")
    found = signing_in.enrolment_step(ask.tx, user, ask.field("code")[:100], entering.visitor(ask))
    if isinstance(found, Refusal):
        return _enrolment_form(ask.again([WHY[found]]), user, entering.STATUS[found])
    signed_in, codes = found
    following = local_path(ask.field("next"))
    return entering.seated(ask, ask.page("recovery_codes.html", codes=codes, next=following, troubles=()), signed_in)


PAGES = (
    Page("GET", "/app/sign-in/code", ask_code, open=True),
    Page("POST", "/app/sign-in/code", code, open=True),
    Page("GET", "/app/sign-in/enrol", ask_enrolment, open=True),
    Page("POST", "/app/sign-in/enrol", enrol, open=True),
)
