"""From a password to a session: the throttle, the password, then the second factor where there is one.

1. A right password alone opens nothing for those who have a second factor, or must set one up: it gives a `Half`, ten
   minutes for the second step. A half is signed, and void once the password changes.
2. A failure is a row, so refusals are returned, not raised: the caller's transaction must commit it.
3. Unknown people, people without a password and wrong passwords take as long and look alike.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from tocsin.accounts import passwords
from tocsin.accounts.commands import guessing, second_factor, sessions, sign_in_records
from tocsin.accounts.commands.second_factor import Checked
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.devices import Device, epoch_of
from tocsin.accounts.store import people, sign_in_rules, tables
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Tx
from tocsin.core.recorded import live
from tocsin.core.signing import BadToken, Signer

HALF: Final = "second step"
HALF_LIFE: Final = timedelta(minutes=10)


class Refusal(StrEnum):
    """Why somebody was not let in."""

    WRONG = "wrong"
    THROTTLED = "throttled"
    ELSEWHERE = "elsewhere"  # passwords are off: single sign-on is enforced


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody who proved the first half; `enrols`: they must set up a second factor before anything else."""

    user_id: str
    epoch: str
    enrols: bool

    def token(self, signer: Signer, at: datetime) -> str:
        """The half as a cookie."""
        return signer.sign(HALF, {"u": self.user_id, "p": self.epoch, "e": self.enrols}, at, HALF_LIFE)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser that somebody signs in with. `at` is the real clock."""

    at: datetime
    address: str | None = None
    user_agent: str | None = None
    device: Device | None = None
    request_id: str | None = None


def sign_in(tx: Tx, email: str, password: str, by: Visitor) -> SignedIn | Half | Refusal:
    """A session for this e-mail and password, the first half of one, or why not."""
    user = people.user_by_email(tx.conn, email)
    own = by.device if by.device is not None and by.device.is_of(user) else None
    tried = guessing.guess(email, by.address, own.mark if own else None)
    if guessing.too_many(tx, tried, by.at):
        return Refusal.THROTTLED
    right = passwords.matches(user.password_hash if user else None, password)
    if not right or user is None or not sign_in_rules.password_allowed(tx.conn, user.id):
        guessing.note(tx, tried, by.at)
        sign_in_records.failed(tx, user, by.address, by.request_id)
        return Refusal.ELSEWHERE if sign_in_rules.read(tx.conn).only else Refusal.WRONG
    return proven(tx, user, by)


def proven(tx: Tx, user: Any, by: Visitor) -> SignedIn | Half:
    """What somebody gets whose password, or mail link, was right."""
    if second_factor.enrolled(tx.conn, [user.id]):
        return Half(user.id, epoch_of(user), enrols=False)
    if second_factor.required(tx.conn):
        second_factor.begin(tx, user)
        return Half(user.id, epoch_of(user), enrols=True)
    return sessions.start(tx, user.id, by.at, by.address, by.user_agent, by.request_id)


def half_of(conn: Connection, signer: Signer, token: str, at: datetime) -> tuple[Half, Any] | None:
    """The half that this cookie is, with the person's row; None when it is over or was never one."""
    try:
        said = signer.verify(HALF, token, at)
    except BadToken:
        return None
    user = live(conn, tables.users, said["u"])
    if user is None or epoch_of(user) != said["p"]:
        return None
    return Half(user.id, said["p"], said["e"]), user


def second_step(tx: Tx, half: Half, code: str, by: Visitor) -> SignedIn | Refusal:
    """The session, for somebody who gives a code as well."""
    checked = second_factor.check(tx, half.user_id, code, by.at)
    if checked is Checked.RIGHT:
        return sessions.start(tx, half.user_id, by.at, by.address, by.user_agent, by.request_id)
    if checked is Checked.WRONG:
        user = live(tx.conn, tables.users, half.user_id)
        sign_in_records.failed(tx, user, by.address, by.request_id, "code")
    return Refusal(checked.value)


def enrolment_step(tx: Tx, user: Any, code: str, by: Visitor) -> tuple[SignedIn, tuple[str, ...]] | Refusal:
    """The session and the recovery codes, for somebody who set up the second factor that the account requires."""
    actor = Actor(
        ActorKind.USER, user.id, user.name, "website", user.role, address=by.address,
        request_id=by.request_id, method="browser",
    )  # fmt: skip
    codes = second_factor.confirm(tx, actor, user, code, by.at)
    if isinstance(codes, Checked):
        return Refusal(codes.value)
    return sessions.start(tx, user.id, by.at, by.address, by.user_agent, by.request_id), codes
