"""Signing in and out, and the look of the pages."""

from urllib.parse import quote

from starlette.responses import Response

from tocsin.accounts.commands import sessions, signing_in
from tocsin.accounts.commands.signing_in import Refusal
from tocsin.accounts.store import sign_in as stored
from tocsin.accounts.store import sign_in_rules
from tocsin.web import entering
from tocsin.web.security import HOME, local_path
from tocsin.web.serving import Page
from tocsin.web.site import SESSION, THEME, Ask, go

WHY = {
    Refusal.WRONG: "This e-mail and password do not go together.",
    Refusal.THROTTLED: "Too many attempts. Wait fifteen minutes, then try again; or choose a new password by mail.",
    Refusal.ELSEWHERE: "Passwords are switched off here. Sign in with one of the buttons.",
}


def show(ask: Ask) -> Response:
    """The form; who is signed in already goes on."""
    following = local_path(ask.query("next"))
    if ask.session is not None and not ask.errors:
        return go(following)
    return _form(ask, following)


def _form(ask: Ask, following: str, status: int = 200) -> Response:
    return entering.form(
        ask, "sign_in.html", status, next=following, email=ask.field("email")[:200],
        providers=stored.enabled_providers(ask.tx.conn), only=sign_in_rules.read(ask.tx.conn).only,
    )  # fmt: skip


def sign_in(ask: Ask) -> Response:
    """Check, and begin a session. A wrong password answers instead of raising: its failure must be committed."""
    entering.check_form(ask)
    following = local_path(ask.field("next"))
    by = entering.visitor(ask)
    found = signing_in.sign_in(ask.tx, ask.field("email")[:200], ask.field("password")[:1000], by)
    if isinstance(found, Refusal):
        return _form(ask.again([WHY[found]]), following, entering.STATUS[found])
    return entering.let_in(ask, found, following)


def sign_out(ask: Ask) -> Response:
    """End the session."""
    sessions.end(ask.tx, ask.asked.cookies.get(SESSION, ""), ask.actor)
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
