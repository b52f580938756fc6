"""What all ways in share: the form's own token, the browser that comes, and the cookies of whoever gets in.

1. Forms without a session compare a cookie with a field (`before`), and refuse what says that it comes from elsewhere.
2. Whoever gets in with a password or a mail link leaves with a cookie that makes this browser their own
   (accounts/devices.py); half-way there is another, for the second step.
"""

import secrets
from urllib.parse import quote

from starlette.responses import Response

from tocsin.accounts import devices
from tocsin.accounts.commands import sessions, signing_in
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.commands.signing_in import Half, Refusal, Visitor
from tocsin.accounts.store import tables
from tocsin.core.clock import real_now
from tocsin.core.errors import Forbidden
from tocsin.core.recorded import live
from tocsin.web.security import HOME, from_elsewhere, same
from tocsin.web.site import SESSION, Ask, go

BEFORE, DEVICE, HALF = "tocsin_before", "tocsin_device", "tocsin_half"
PLACE = "/app/sign-in"
STATUS = {Refusal.WRONG: 422, Refusal.THROTTLED: 429, Refusal.ELSEWHERE: 422}
STALE = "This form is out of date. Please sign in again"


def form(ask: Ask, template: str, status: int = 200, **values: object) -> Response:
    """A page with a form that nobody needs to be signed in for."""
    before = ask.asked.cookies.get(BEFORE) or secrets.token_urlsafe(18)
    response = ask.page(template, status, before=before, troubles=(), **values)
    response.set_cookie(
        BEFORE, before, max_age=3600, path=PLACE, httponly=True, samesite="lax", secure=ask.asked.secure
    )
    return response


def check_form(ask: Ask) -> None:
    """`Forbidden` for a form that this browser was not given."""
    if at_elsewhere(ask) or not same(ask.asked.cookies.get(BEFORE, ""), ask.field("before")):
        raise Forbidden(STALE)


def at_elsewhere(ask: Ask) -> bool:
    """Whether another site made this request."""
    return from_elsewhere(ask.asked.headers, ask.asked.base_url)


def visitor(ask: Ask) -> Visitor:
    """The browser that comes."""
    at = real_now()
    device = devices.read(ask.site.signer, ask.asked.cookies.get(DEVICE, ""), at)
    return Visitor(at, ask.asked.address, ask.asked.headers.get("user-agent"), device, ask.asked.id)


def let_in(ask: Ask, found: SignedIn | Half, following: str) -> Response:
    """On to the page that was wanted, or to the second step."""
    if isinstance(found, Half):
        response = go(f"{PLACE}/{'enrol' if found.enrols else 'code'}?next={quote(following, safe='')}")
        keep(ask, response, HALF, found.token(ask.site.signer, real_now()), signing_in.HALF_LIFE.total_seconds(), PLACE)
        return response
    return seated(ask, go(following), found)


def seated(ask: Ask, response: Response, found: SignedIn) -> Response:
    """`response` with the cookies of somebody who is in."""
    keep(ask, response, SESSION, found.token, sessions.limits(ask.tx.conn, "web")[1].total_seconds(), "/")
    own_now(ask, response, found.user_id)
    response.delete_cookie(HALF, path=PLACE, httponly=True, samesite="lax", secure=ask.asked.secure)
    return response


def own_now(ask: Ask, response: Response, user_id: str) -> None:
    """This browser is that person's own from now on."""
    user, by = live(ask.tx.conn, tables.users, user_id), visitor(ask)
    mark = by.device.mark if by.device and by.device.is_of(user) else None
    cookie = devices.made(ask.site.signer, user, by.at, mark)
    keep(ask, response, DEVICE, cookie, devices.LIFE.total_seconds(), HOME)


def keep(ask: Ask, response: Response, name: str, value: str, seconds: float, path: str) -> None:
    """Set a cookie that no script reads."""
    response.set_cookie(
        name, value, max_age=int(seconds), path=path, httponly=True, samesite="lax", secure=ask.asked.secure
    )
