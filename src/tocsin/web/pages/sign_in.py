"""Signing in and out, and the look of the pages."""

import secrets
from urllib.parse import quote

from starlette.responses import Response

from tocsin.accounts.commands import sessions
from tocsin.accounts.store import sign_in as stored
from tocsin.accounts.store import sign_in_rules
from tocsin.core.clock import real_now
from tocsin.core.errors import Forbidden
from tocsin.web.security import HOME, from_elsewhere, local_path, same
from tocsin.web.serving import Page
from tocsin.web.site import SESSION, THEME, Ask, go

BEFORE = "tocsin_before"
WHY = {
    sessions.Refusal.WRONG: "This e-mail and password do not go together.",
    sessions.Refusal.THROTTLED: "Too many attempts. Wait fifteen minutes, then try again.",
    sessions.Refusal.ELSEWHERE: "Passwords are switched off here. Sign in with one of the buttons.",
}


def show(ask: Ask) -> Response:
    """The form; who is signed in already goes on."""
    following = local_path(ask.query("next"))
    if ask.session is not None and not ask.errors:
        return go(following)
    return _form(ask, following)


def _form(ask: Ask, following: str, status: int = 200) -> Response:
    before = ask.asked.cookies.get(BEFORE) or secrets.token_urlsafe(18)
    response = ask.page(
        "sign_in.html", status, next=following, before=before, email=ask.field("email")[:200], troubles=(),
        providers=stored.enabled_providers(ask.tx.conn), only=sign_in_rules.read(ask.tx.conn).only,
    )  # fmt: skip
    response.set_cookie(
        BEFORE, before, max_age=3600, path="/app/sign-in", httponly=True, samesite="lax", secure=ask.asked.secure
    )
    return response


def sign_in(ask: Ask) -> Response:
    """Check, and begin a session. A wrong password answers instead of raising: its failure must be committed."""
    if from_elsewhere(ask.asked.headers, ask.asked.base_url) or not same(
        ask.asked.cookies.get(BEFORE, ""), ask.field("before")
    ):
        raise Forbidden("This form is out of date. Please sign in again")
    following = local_path(ask.field("next"))
    found = sessions.sign_in(
        ask.tx, ask.field("email")[:200], ask.field("password")[:1000], real_now(), ask.asked.address,
        ask.asked.headers.get("user-agent"),
    )  # fmt: skip
    if isinstance(found, sessions.Refusal):
        status = 429 if found is sessions.Refusal.THROTTLED else 422
        return _form(ask.again([WHY[found]]), following, status)
    return entered(ask, found, following)


def entered(ask: Ask, found: sessions.SignedIn, following: str) -> Response:
    """Give the browser its new session and lead it on."""
    response = go(following)
    response.set_cookie(
        SESSION, found.token, max_age=int(sessions.LONGEST.total_seconds()), path="/", httponly=True, samesite="lax",
        secure=ask.asked.secure,
    )  # fmt: skip
    return response


def sign_out(ask: Ask) -> Response:
    """End the session."""
    sessions.end(ask.tx, ask.asked.cookies.get(SESSION, ""))
    response = go("/app/sign-in")
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="lax", secure=ask.asked.secure)
    return response


def look(ask: Ask) -> Response:
    """Light, dark, or as the device has it."""
    wanted = ask.field("theme")
    response = go(local_path(ask.field("next")))
    response.set_cookie(
        THEME, wanted if wanted in ("light", "dark") else "auto", max_age=31_536_000, path=HOME, samesite="lax",
        secure=ask.asked.secure,
    )  # fmt: skip
    return response


def sign_in_path(following: str) -> str:
    """The sign-in page that leads on to `following`."""
    return f"/app/sign-in?next={quote(following, safe='')}"


PAGES = (
    Page("GET", "/app/sign-in", show, open=True),
    Page("POST", "/app/sign-in", sign_in, again=show, open=True),
    Page("POST", "/app/sign-out", sign_out, needs=None),
    Page("POST", "/app/theme", look, needs=None),
)
