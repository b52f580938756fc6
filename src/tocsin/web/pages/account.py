"""The account's own rules: whether a second factor is required, how long sessions last, and who owns it."""

from starlette.responses import Response

from tocsin.accounts.commands import own_password, ownership, second_factor, session_limits, sessions, users
from tocsin.accounts.commands.signing_in import Refusal
from tocsin.accounts.store import people as stored
from tocsin.core.errors import Forbidden, Invalid
from tocsin.rest.body import read
from tocsin.rest.permissions import Permission
from tocsin.web import entering
from tocsin.web.pages import second_step
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

HERE = "/app/account"
TOLD = {
    "factor": "Saved. Whoever has no second factor sets one up at their next sign-in.", "free": "Saved.",
    "limits": "Saved. Sessions of this kind have ended; new ones last as long as you said.",
    "owner": "The account has a new owner, and you are an admin.",
}  # fmt: skip
UNITS = {"hours": 3600, "days": 86_400}


def show(ask: Ask) -> Response:
    """All of it."""
    conn, me = ask.tx.conn, users.get(ask.tx.conn, ask.actor.user_id or "")
    found = conn.execute(stored.find_users()).all()
    return framed(
        ask, "account.html", account=stored.the_account(conn), required=second_factor.required(conn), me=me,
        without=len(found) - len(second_factor.enrolled(conn, [row.id for row in found])),
        limits={kind: sessions.limits(conn, kind) for kind in session_limits.KINDS},
        heirs=[row for row in found if row.role in ownership.MAY_BECOME and row.password_hash is not None],
        enrolled=bool(second_factor.enrolled(conn, [me.id])), told=TOLD.get(ask.query("done"), ""),
    )  # fmt: skip


def require_factor(ask: Ask) -> Response:
    """Require a second factor of everybody, or no longer."""
    wanted = ask.field("required") == "yes"
    second_factor.require(ask.tx, ask.actor, wanted)
    return go(f"{HERE}?done={'factor' if wanted else 'free'}")


def set_limits(ask: Ask) -> Response:
    """How long sessions of a kind may last."""
    if ask.field("kind") not in session_limits.KINDS:
        raise Invalid("Choose which sessions")
    given = {"idle_session_ttl": _seconds(ask, "idle"), "absolute_session_ttl": _seconds(ask, "longest")}
    session_limits.put(ask.tx, ask.actor, [ask.field("kind")], read(session_limits.LimitsBody, given))
    return go(f"{HERE}?done=limits")


def _seconds(ask: Ask, name: str) -> int:
    number, unit = ask.field(name), UNITS.get(ask.field(f"{name}_unit"), 0)
    if not (number.isascii() and number.isdigit() and len(number) < 6 and unit):
        raise Invalid("Give whole hours or days")
    return int(number) * unit


def transfer(ask: Ask) -> Response:
    """Hand the account over; the owner proves themselves again first."""
    if ask.actor.role != "owner":
        raise Forbidden("Only the owner can hand the account over")
    me = users.get(ask.tx.conn, ask.actor.user_id or "")
    refused = own_password.prove(
        ask.tx, me, ask.field("password")[:1000], ask.field("code")[:100], entering.visitor(ask)
    )
    if refused is not None:
        wrong = "The password or the code is not right. The account stays yours."
        response = show(ask.again([wrong if refused is Refusal.WRONG else second_step.WHY[refused]]))
        response.status_code = entering.STATUS[refused]
        return response
    ownership.transfer(ask.tx, ask.actor, ask.field("to"))
    return go(f"{HERE}?done=owner")


PAGES = (
    Page("GET", HERE, show, needs=Permission.ACCOUNT),
    Page("POST", f"{HERE}/second-factor", require_factor, again=show, needs=Permission.ACCOUNT),
    Page("POST", f"{HERE}/session-limits", set_limits, again=show, needs=Permission.ACCOUNT),
    Page("POST", f"{HERE}/owner", transfer, again=show, needs=Permission.ACCOUNT),
)
