"""One's own security: password, second factor, sessions."""

from typing import Any

from starlette.responses import Response

from tocsin.accounts.commands import own_password, second_factor, sessions, users
from tocsin.accounts.commands.second_factor import Checked
from tocsin.accounts.commands.signing_in import Refusal
from tocsin.core.clock import real_now
from tocsin.core.errors import Conflict, NotFound
from tocsin.web import entering
from tocsin.web.pages import second_step, sign_in
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/security"
TOLD = {
    "password": "Your password is changed, and every other session has ended.", "session": "The session has ended.",
    "sessions": "Every other session has ended.", "removed": "You sign in with the password alone now.",
}  # fmt: skip


def me(ask: Ask) -> Any:
    """The row of whoever is signed in."""
    return users.get(ask.tx.conn, ask.actor.user_id or "")


def show(ask: Ask) -> Response:
    """Everything there is."""
    user = me(ask)
    return framed(
        ask, "security.html", user=user, sessions=sessions.listed(ask.tx.conn, user.id, real_now()),
        enrolled=bool(second_factor.enrolled(ask.tx.conn, [user.id])), required=second_factor.required(ask.tx.conn),
        codes_left=second_factor.codes_left(ask.tx.conn, user.id), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def _refused(ask: Ask, why: str, refusal: Refusal) -> Response:
    response = show(ask.again([why]))
    response.status_code = entering.STATUS[refusal]
    return response


def change_password(ask: Ask) -> Response:
    """A new password for somebody who knows the old one."""
    user, by = me(ask), entering.visitor(ask)
    keep = ask.session.id if ask.session else None
    old, new = ask.field("old")[:1000], ask.field("new")[:2000]
    if refused := own_password.change(ask.tx, ask.actor, user, old, new, by, keep):
        why = "The old password is not right." if refused is Refusal.WRONG else sign_in.WHY[refused]
        return _refused(ask, why, refused)
    response = go(f"{HERE}?done=password")
    entering.own_now(ask, response, user.id)
    return response


def begin_factor(ask: Ask) -> Response:
    """Make a secret to set up."""
    second_factor.begin(ask.tx, me(ask))
    return go(f"{HERE}/second-factor")


def show_factor(ask: Ask) -> Response:
    """The secret that is being set up."""
    pending = second_factor.pending(ask.tx, me(ask))
    if pending is None:
        raise NotFound("Nothing is being set up. Begin on your security page")
    return framed(ask, "second_factor.html", pending=pending, qr=second_step.qr(pending.address))


def confirm_factor(ask: Ask) -> Response:
    """From now on this person is asked for codes."""
    codes = second_factor.confirm(ask.tx, ask.actor, me(ask), ask.field("code")[:100], real_now())
    if isinstance(codes, Checked):
        refusal = Refusal(codes.value)
        response = show_factor(ask.again([second_step.WHY[refusal]]))
        response.status_code = entering.STATUS[refusal]
        return response
    return framed(ask, "my_recovery_codes.html", codes=codes)


def renew_codes(ask: Ask) -> Response:
    """New recovery codes, shown once."""
    codes = second_factor.renew_recovery_codes(ask.tx, ask.actor, me(ask), ask.field("code")[:100], real_now())
    if isinstance(codes, Checked):
        return _refused(ask, second_step.WHY[Refusal(codes.value)], Refusal(codes.value))
    return framed(ask, "my_recovery_codes.html", codes=codes)


def remove_factor(ask: Ask) -> Response:
    """The password alone is enough again."""
    checked = second_factor.remove(ask.tx, ask.actor, me(ask), ask.field("code")[:100], real_now())
    if checked is not Checked.RIGHT:
        return _refused(ask, second_step.WHY[Refusal(checked.value)], Refusal(checked.value))
    return go(f"{HERE}?done=removed")


def end_session(ask: Ask) -> Response:
    """End one of one's other sessions."""
    own = ask.session.id if ask.session else ""
    if ask.param("id") == own:
        raise Conflict("This is the session you are in: sign out instead")
    user_id = ask.actor.user_id or ""
    sessions.one(ask.tx.conn, user_id, ask.param("id"), real_now())
    sessions.end_some(ask.tx, ask.actor, user_id, only=ask.param("id"))
    return go(f"{HERE}?done=session")


def end_others(ask: Ask) -> Response:
    """End all but the one in use."""
    sessions.end_some(ask.tx, ask.actor, ask.actor.user_id or "", but=ask.session.id if ask.session else None)
    return go(f"{HERE}?done=sessions")


PAGES = (
    Page("GET", HERE, show, needs=None),
    Page("POST", f"{HERE}/password", change_password, again=show, needs=None),
    Page("GET", f"{HERE}/second-factor", show_factor, needs=None),
    Page("POST", f"{HERE}/second-factor/begin", begin_factor, again=show, needs=None),
    Page("POST", f"{HERE}/second-factor/confirm", confirm_factor, again=show, needs=None),
    Page("POST", f"{HERE}/second-factor/remove", remove_factor, again=show, needs=None),
    Page("POST", f"{HERE}/recovery-codes", renew_codes, again=show, needs=None),
    Page("POST", f"{HERE}/sessions/end-others", end_others, again=show, needs=None),
    Page("POST", HERE + "/sessions/{id}/end", end_session, again=show, needs=None),
)
