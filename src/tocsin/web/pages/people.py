"""People: the list, inviting somebody, one person with what admins may do to them, and off-boarding (core:P62)."""

from typing import Any

from starlette.responses import Response

from tocsin.accounts.commands import links, second_factor, sessions, users
from tocsin.accounts.store import responders
from tocsin.accounts.wire import UserBody
from tocsin.core.clock import real_now
from tocsin.core.errors import Invalid, NotFound
from tocsin.offboarding import commands as offboarding
from tocsin.offboarding.looking import standing
from tocsin.rest.body import read as read_body
from tocsin.rest.permissions import NAMES, Permission, may
from tocsin.web.pages.frame import framed
from tocsin.web.queries import incidents, names, people, things
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

ROLES = {role: name for role, name in NAMES.items() if role != "owner"}
TOLD = {
    "invited": "The invitation is on its way by mail.", "role": "The role is changed.",
    "factor": "The second factor is gone; they can sign in with the password alone and set up a new one.",
    "sessions": "Every session of theirs has ended.", "left": "They have left, and everything is handed over.",
}  # fmt: skip


def every(ask: Ask) -> Response:
    """All living people."""
    query = ask.query("q").strip()[:100]
    return framed(
        ask, "people.html", people=people.listed(ask.tx.conn, query, ask.now, ask.sight), query=query,
        roles=ROLES, named=NAMES, told=TOLD.get(ask.query("done"), ""),
        may_invite=may(ask.actor, Permission.MANAGE_PEOPLE),
        given={name: ask.field(name)[:200] for name in ("name", "email", "role")},
    )  # fmt: skip


def invite(ask: Ask) -> Response:
    """Make a person and send them the link."""
    role = ask.field("role") if ask.field("role") in ROLES else "user"
    given = {"name": ask.field("name"), "email": ask.field("email"), "role": role}
    links.add_invited(ask.tx, ask.actor, read_body(UserBody, given))
    return go("/app/people?done=invited")


def person(ask: Ask) -> Response:
    """A person: how they are reached, where they are on call, what they have."""
    found = things.person(ask.tx.conn, ask.param("id"))
    if found is None:
        raise NotFound("There is no such person")
    on_call = [policy for policy in things.policies(ask.tx.conn, ask.now, sight=ask.sight) if policy.has(found.id)]
    rows, more = incidents.listed(ask.tx.conn, "mine", found.id, ask.now, 0, ask.sight)
    return framed(
        ask, "person.html", person=found, methods=things.methods(ask.tx.conn, found.id),
        rules=things.rules(ask.tx.conn, found.id), on_call=on_call, rows=rows, more=more,
        named=NAMES, told=TOLD.get(ask.query("done"), ""), **_managing(ask, found),
    )  # fmt: skip


def _managing(ask: Ask, found: Any) -> dict[str, Any]:
    """What the card of administration shows: only to those who may."""
    above = found.role in ("owner", "admin") and ask.actor.role not in ("owner", "admin")
    manages = may(ask.actor, Permission.MANAGE_PEOPLE) and not above and found.deleted_at is None
    admin = may(ask.actor, Permission.ACCOUNT) and found.deleted_at is None
    own = found.id == ask.actor.user_id
    return {
        "manages": manages and not own, "admin": admin and not own, "roles": ROLES,
        "state": people.state_of(found, links.invited(ask.tx.conn, ask.now)),
        "secured": bool(second_factor.enrolled(ask.tx.conn, [found.id])),
        "sessions": sessions.listed(ask.tx.conn, found.id, real_now()) if admin and not own else (),
    }  # fmt: skip


def _locked(ask: Ask) -> Any:
    return users.get(ask.tx.conn, ask.param("id"), lock=True)


def _done(ask: Ask, what: str) -> Response:
    return go(f"/app/users/{ask.param('id')}?done={what}")


def change_role(ask: Ask) -> Response:
    """Another base role."""
    if ask.field("role") not in ROLES:
        raise Invalid("Choose one of the roles")
    row = _locked(ask)
    body = read_body(UserBody, {"role": ask.field("role")}, over=dict(row._mapping))
    users.edit(ask.tx, ask.actor, row, body)
    return _done(ask, "role")


def invite_again(ask: Ask) -> Response:
    """A new link; the older one stops working."""
    links.invite(ask.tx, ask.actor, _locked(ask))
    return _done(ask, "invited")


def reset_factor(ask: Ask) -> Response:
    """For somebody who lost theirs."""
    second_factor.reset(ask.tx, ask.actor, _locked(ask))
    return _done(ask, "factor")


def end_sessions(ask: Ask) -> Response:
    """Sign somebody out: everywhere, or in one place."""
    user, only = _locked(ask), ask.field("session") or None
    users.guard(ask.actor, user)
    sessions.end_some(ask.tx, ask.actor, user.id, only=only)
    return _done(ask, "sessions")


def ask_leaving(ask: Ask) -> Response:
    """Everything that somebody stands in, and who could take over."""
    user = users.get(ask.tx.conn, ask.param("id"))
    users.may_drop(ask.actor, user)
    others = [(id, name) for id, name in names.everybody(ask.tx.conn) if id != user.id]
    owner = responders.owner_id(ask.tx.conn)
    found = standing(ask.tx.conn, user.id, ask.now)
    return framed(
        ask, "offboarding.html", person=user, standing=found, others=others, chosen=ask.field("stand_in") or owner
    )


def leave(ask: Ask) -> Response:
    """Hand everything over, and delete them."""
    if not ask.field("sure"):
        raise Invalid("Confirm that they leave for good: this cannot be undone")
    offboarding.offboard(ask.tx, ask.actor, ask.param("id"), ask.field("stand_in") or None)
    return go("/app/people?done=left")


_ONE = "/app/users/{id}"
PAGES = (
    Page("GET", "/app/people", every, sees="filtered"),
    Page("POST", "/app/people", invite, again=every, needs=Permission.MANAGE_PEOPLE),
    Page("GET", _ONE, person),
    Page("POST", f"{_ONE}/role", change_role, again=person, needs=Permission.MANAGE_PEOPLE),
    Page("POST", f"{_ONE}/invite", invite_again, again=person, needs=Permission.MANAGE_PEOPLE),
    Page("POST", f"{_ONE}/second-factor/reset", reset_factor, again=person, needs=Permission.ACCOUNT),
    Page("POST", f"{_ONE}/sessions/end", end_sessions, again=person, needs=Permission.ACCOUNT),
    Page("GET", f"{_ONE}/leave", ask_leaving, needs=Permission.ACCOUNT),
    Page("POST", f"{_ONE}/leave", leave, again=ask_leaving, needs=Permission.ACCOUNT),
)
