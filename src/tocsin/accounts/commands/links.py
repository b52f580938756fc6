"""Links by mail that let somebody choose a password: the invitation (7 days) and the reset (1 hour).

1. A link is signed, names a row, and works once; a newer one of its kind takes its place, a new e-mail voids it.
2. Opening it shows a form; only the form's POST acts, so a mail scanner's GET uses nothing up.
3. Whoever asks for a reset gets the same answer at the same speed: the request is an effect, and the planner of mails
   finds out whether anybody has that e-mail. At most three an hour and person are sent.
4. A used link ends every session of the person, and proves them as a password does: a second factor still asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from tocsin.accounts import letters, passwords
from tocsin.accounts.commands import signing_in, users
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.commands.signing_in import Half, Visitor
from tocsin.accounts.store import people, sign_in_rules, tables
from tocsin.accounts.wire import UserBody
from tocsin.core import effects, ids
from tocsin.core.actor import Actor, ActorKind, system
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import change, live, note
from tocsin.core.signing import BadToken, Signer

LIFE: Final = {"invitation": timedelta(days=7), "password": timedelta(hours=1)}
PURPOSE, RESET_ASKED, MOST_AN_HOUR = "account link", "reset asked", 3
_link = tables.account_links.c


@dataclass(frozen=True, slots=True)
class Open:
    """A link that works, and whose it is."""

    id: str
    kind: str
    user: Row[Any]


def path(signer: Signer, kind: str, link_id: str, now: datetime) -> str:
    """Where the link leads; made when its mail is sent."""
    return f"/app/password/{signer.sign(PURPOSE, {'l': link_id}, now, LIFE[kind])}"


def invite(tx: Tx, actor: Actor, user: Any) -> None:
    """Send (again) a link with which a new person chooses a password; older ones stop working."""
    users.guard(actor, user)
    if user.password_hash is not None:
        raise Invalid("This person has a password already; the sign-in page sends a link to whoever forgot theirs")
    if not sign_in_rules.password_allowed(tx.conn, user.id):
        _invite_elsewhere(tx, actor, user)
        return
    link = _new(tx, user, "invitation")
    by = f"{actor.name} has made" if actor.user_id else "There is now"
    letters.post(
        tx, user, f"You are invited to Tocsin at {letters.account_name(tx)}",
        f"{by} an account for you ({user.email}) on the Tocsin that pages whoever is on call.\n\nChoose a password "
        "with the button below, then look at how you are reached. The link works once, within seven days; whoever "
        "invited you can send another.\n\nIf you did not expect this, you need not do anything.",
        {"kind": "invitation", "id": link}, "Choose a password",
    )  # fmt: skip
    row = live(tx.conn, tables.users, user.id)
    assert row is not None
    if not change(tx, actor, tables.users, row, {"invitation_sent": True}, users.subject(user)):
        note(tx, actor, "update", users.subject(user), None, {"invitation": "sent again"})


def _invite_elsewhere(tx: Tx, actor: Actor, user: Any) -> None:
    """Where single sign-on is enforced nobody is given a password: the mail says so."""
    letters.post(
        tx, user, f"You are invited to Tocsin at {letters.account_name(tx)}",
        f"There is an account for you ({user.email}) on the Tocsin that pages whoever is on call. Open it and sign in "
        "with the button of your organisation; there is no password to choose.",
    )  # fmt: skip
    note(tx, actor, "update", users.subject(user), None, {"invitation": "to single sign-on"})


def add_invited(tx: Tx, actor: Actor, body: UserBody) -> str:
    """Create a user and send the invitation; the id."""
    id = users.add(tx, actor, body)
    invite(tx, actor, users.get(tx.conn, id))
    return id


def ask_reset(tx: Tx, email: str) -> None:
    """Somebody forgot the password of this e-mail; whether anybody has it is found out later, elsewhere."""
    effects.put(tx.conn, [(RESET_ASKED, email.strip().lower()[:100], {})], tx.now)


def offer_reset(tx: Tx, email: str) -> bool:
    """Send the link, if somebody has this e-mail and may use a password; whether it was."""
    user = people.user_by_email(tx.conn, email)
    if user is None or not sign_in_rules.password_allowed(tx.conn, user.id):
        return False
    recent = select(func.count()).where(
        _link.user_id == user.id, _link.kind == "password", _link.created_at > tx.now - LIFE["password"]
    )
    if (tx.conn.scalar(recent) or 0) >= MOST_AN_HOUR:
        return False
    link = _new(tx, user, "password")
    letters.post(
        tx, user, "Choose a new password",
        f"Somebody, probably you, asked for a new password for {user.email} on Tocsin.\n\nThe link below works once, "
        "within an hour. Choosing a new password signs you out everywhere else.\n\nIf it was not you, you need not do "
        "anything: your password stays as it is.",
        {"kind": "password", "id": link}, "Choose a new password",
    )  # fmt: skip
    note(tx, system(), "create", users.subject(user), None, {"password_reset": "link sent"})
    return True


def _new(tx: Tx, user: Any, kind: str) -> str:
    old = (_link.user_id == user.id) & (_link.kind == kind) & _link.used_at.is_(None)
    tx.conn.execute(update(tables.account_links).where(old).values(used_at=tx.now))
    id = ids.thing()
    row = {"id": id, "user_id": user.id, "kind": kind, "email": user.email, "created_at": tx.now}
    tx.conn.execute(insert(tables.account_links).values(row | {"expires_at": tx.now + LIFE[kind]}))
    return id


def opened(conn: Connection, signer: Signer, token: str, now: datetime, lock: bool = False) -> Open:
    """The link that a token names, else `BadToken` (`expired` also for one that was used or replaced)."""
    said = signer.verify(PURPOSE, token, now)
    found = select(tables.account_links).where(_link.id == said["l"])
    row = conn.execute(found.with_for_update() if lock else found).one_or_none()
    user = live(conn, tables.users, row.user_id, lock) if row else None
    if row is None or user is None or row.used_at is not None or now >= row.expires_at or row.email != user.email:
        raise BadToken("expired")
    return Open(row.id, row.kind, user)


def use(tx: Tx, link: Open, password: str, by: Visitor) -> SignedIn | Half:
    """Give the person this password and sign them in; `Invalid` when it will not do, and the link stays good."""
    user = link.user
    if not sign_in_rules.password_allowed(tx.conn, user.id):
        raise Invalid("Passwords are switched off here. Sign in with one of the buttons on the sign-in page")
    if why := passwords.unfit(password, user.email, user.name):
        raise Invalid(why)
    tx.conn.execute(update(tables.account_links).where(_link.user_id == user.id).values(used_at=tx.now))
    actor = Actor(ActorKind.USER, user.id, user.name, "email", user.role, address=by.address)
    users.set_password(tx, actor, user, passwords.hashed(password))
    fresh = live(tx.conn, tables.users, user.id)
    assert fresh is not None
    change(tx, actor, tables.users, fresh, {"invitation_sent": False}, users.subject(user))
    return signing_in.proven(tx, fresh, by)


def invited(conn: Connection, now: datetime) -> set[str]:
    """People whose invitation still works."""
    where = (_link.kind == "invitation") & _link.used_at.is_(None) & (_link.expires_at > now)
    return set(conn.scalars(select(_link.user_id).where(where)))


def sweep(tx: Tx) -> None:
    """Forget links that can never work again."""
    tx.conn.execute(delete(tables.account_links).where(_link.expires_at < tx.now - timedelta(days=7)))
