"""The second factor: time-based codes (RFC 6238), recovery codes, and whether the account requires them.

1. A secret is sealed, shown while it is being set up, and counts only after a code of it was given.
2. A code is good for its own half minute and one before and after, and once: what was taken is never taken again.
3. Ten recovery codes of 80 random bits, stored as SHA-256, shown once, each good once.
4. Wrong codes are counted (guessing, 4). `check` returns instead of raising: its failure must be committed.
5. Only passwords are followed by a code. An identity provider has its own; API keys and mail links have none.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import pyotp
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from tocsin.accounts.commands import guessing
from tocsin.accounts.commands.keys import digest
from tocsin.accounts.commands.users import guard, subject
from tocsin.accounts.store import people, tables
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import Subject, note

PURPOSE, STEP, RECOVERY_CODES, REQUIRED = "totp", 30, 10, "second_factor_required"
_factor, _code = tables.second_factors.c, tables.recovery_codes.c


class Checked(StrEnum):
    """What became of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that is being set up: to type, and as the address that a QR code holds."""

    secret: str
    address: str


def begin(tx: Tx, user: Any) -> None:
    """Make a secret to set up; one that was not confirmed is replaced, one in use is refused."""
    found = _locked(tx, user.id)
    if found is not None and found.confirmed_at is not None:
        raise Invalid("A second factor is set up already; remove it first")
    tx.conn.execute(delete(tables.second_factors).where(_factor.user_id == user.id))
    secret = tx.sealer.seal(PURPOSE, pyotp.random_base32().encode())
    tx.conn.execute(insert(tables.second_factors).values(user_id=user.id, secret=secret, created_at=tx.now))


def pending(tx: Tx, user: Any) -> Enrolment | None:
    """What is being set up; None when nothing is."""
    found = tx.conn.execute(select(tables.second_factors).where(_factor.user_id == user.id)).one_or_none()
    if found is None or found.confirmed_at is not None:
        return None
    secret = tx.sealer.open(PURPOSE, found.secret).decode()
    account = people.the_account(tx.conn)
    issuer = f"Tocsin ({account.subdomain})" if account else "Tocsin"
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer))


def confirm(tx: Tx, actor: Actor, user: Any, code: str, at: datetime) -> tuple[str, ...] | Checked:
    """Begin to ask this person for codes, if this is one; the recovery codes, seen this once."""
    found = _locked(tx, user.id)
    if found is None or found.confirmed_at is not None:
        raise Invalid("There is nothing to confirm: set up a second factor first")
    if guessing.too_many_codes(tx, user.id, at):
        return Checked.THROTTLED
    if not _takes(tx, found, code, at):
        guessing.note_code(tx, user.id, at)
        return Checked.WRONG
    tx.conn.execute(update(tables.second_factors).where(_factor.user_id == user.id).values(confirmed_at=tx.now))
    note(tx, actor, "update", subject(user), {"second_factor": False}, {"second_factor": True})
    return fresh_recovery_codes(tx, user.id)


def fresh_recovery_codes(tx: Tx, user_id: str) -> tuple[str, ...]:
    """Ten new ones in the place of those before."""
    tx.conn.execute(delete(tables.recovery_codes).where(_code.user_id == user_id))
    made = tuple("-".join(_piece() for _ in range(4)) for _ in range(RECOVERY_CODES))
    tx.conn.execute(
        insert(tables.recovery_codes), [{"sha256": digest(_plain(code)), "user_id": user_id} for code in made]
    )
    return made


def renew_recovery_codes(tx: Tx, actor: Actor, user: Any, code: str, at: datetime) -> tuple[str, ...] | Checked:
    """New recovery codes for somebody who gives a code."""
    checked = check(tx, user.id, code, at)
    if checked is not Checked.RIGHT:
        return checked
    note(tx, actor, "update", subject(user), None, {"recovery_codes": "new ones"})
    return fresh_recovery_codes(tx, user.id)


def _piece() -> str:
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(4))


def _plain(code: str) -> str:
    return "".join(char for char in code.upper() if char.isalnum())


def check(tx: Tx, user_id: str, code: str, at: datetime) -> Checked:
    """Take a code or a recovery code of this person; a wrong one is counted."""
    found = _locked(tx, user_id)
    if found is None or found.confirmed_at is None:
        return Checked.WRONG
    if _spends(tx, user_id, code):
        return Checked.RIGHT
    if guessing.too_many_codes(tx, user_id, at):
        return Checked.THROTTLED
    if _takes(tx, found, code, at):
        return Checked.RIGHT
    guessing.note_code(tx, user_id, at)
    return Checked.WRONG


def _takes(tx: Tx, found: Row[Any], code: str, at: datetime) -> bool:
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return False
    totp = pyotp.TOTP(tx.sealer.open(PURPOSE, found.secret).decode(), interval=STEP)
    step = int(at.timestamp()) // STEP
    good = [n for n in (step - 1, step, step + 1) if secrets.compare_digest(totp.generate_otp(n), digits)]
    if not good or (found.last_step is not None and max(good) <= found.last_step):
        return False
    tx.conn.execute(update(tables.second_factors).where(_factor.user_id == found.user_id).values(last_step=max(good)))
    return True


def _spends(tx: Tx, user_id: str, code: str) -> bool:
    plain = _plain(code)
    if len(plain) != 16:
        return False
    mine = (_code.user_id == user_id) & (_code.sha256 == digest(plain)) & _code.used_at.is_(None)
    return tx.conn.execute(update(tables.recovery_codes).where(mine).values(used_at=tx.now)).rowcount == 1


def remove(tx: Tx, actor: Actor, user: Any, code: str, at: datetime) -> Checked:
    """Ask no more codes of somebody who gives one; refused while the account requires them."""
    if required(tx.conn):
        raise Invalid(
            "This account requires a second factor: an owner or admin can reset yours, and you set it up anew"
        )
    checked = check(tx, user.id, code, at)
    if checked is Checked.RIGHT:
        _drop(tx, actor, user)
    return checked


def reset(tx: Tx, actor: Actor, user: Any) -> None:
    """Take away the second factor of somebody who lost it (an admin's doing)."""
    guard(actor, user)
    if user.id == actor.user_id:
        raise Invalid("Remove your own second factor on your security page, with a code")
    if not enrolled(tx.conn, [user.id]):
        raise Invalid("This person has no second factor")
    _drop(tx, actor, user)


def _drop(tx: Tx, actor: Actor, user: Any) -> None:
    forget(tx, user.id)
    note(tx, actor, "update", subject(user), {"second_factor": True}, {"second_factor": False})


def forget(tx: Tx, user_id: str) -> None:
    """Delete everything of a person's second factor."""
    tx.conn.execute(delete(tables.second_factors).where(_factor.user_id == user_id))
    tx.conn.execute(delete(tables.recovery_codes).where(_code.user_id == user_id))


def enrolled(conn: Connection, user_ids: Iterable[str]) -> set[str]:
    """Those of these people who give a code."""
    where = _factor.user_id.in_(list(user_ids)) & _factor.confirmed_at.is_not(None)
    return set(conn.scalars(select(_factor.user_id).where(where)))


def codes_left(conn: Connection, user_id: str) -> int:
    """How many recovery codes were not used yet."""
    return conn.scalar(select(func.count()).where(_code.user_id == user_id, _code.used_at.is_(None))) or 0


def required(conn: Connection) -> bool:
    """Whether everybody who signs in with a password must have a second factor."""
    account = people.the_account(conn)
    return bool(account is not None and account.settings.get(REQUIRED))


def require(tx: Tx, actor: Actor, wanted: bool) -> None:
    """Require it of everybody, or no longer; who has none sets it up at the next sign-in."""
    account = people.the_account(tx.conn)
    assert account is not None
    if bool(account.settings.get(REQUIRED)) == wanted:
        return
    values = {"settings": {**account.settings, REQUIRED: wanted}}
    tx.conn.execute(update(tables.account).where(tables.account.c.id == account.id).values(values))
    about = Subject("account", account.id, account.name)
    note(tx, actor, "update", about, {REQUIRED: not wanted}, {REQUIRED: wanted})


def _locked(tx: Tx, user_id: str) -> Row[Any] | None:
    mine: Sequence[Row[Any]] = tx.conn.execute(
        select(tables.second_factors).where(_factor.user_id == user_id).with_for_update()
    ).all()
    return mine[0] if mine else None
