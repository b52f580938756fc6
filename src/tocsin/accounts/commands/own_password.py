"""Changing one's own password, and proving oneself again before something grave."""

from typing import Any

from tocsin.accounts import letters, passwords
from tocsin.accounts.commands import guessing, second_factor, users
from tocsin.accounts.commands.second_factor import Checked
from tocsin.accounts.commands.signing_in import Refusal, Visitor
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid


def change(tx: Tx, actor: Actor, user: Any, old: str, new: str, by: Visitor, keep: str | None = None) -> Refusal | None:
    """A new password for somebody who knows the old one; every session but `keep` ends. None: done."""
    if user.password_hash is None:
        raise Invalid("You have no password: the sign-in page sends you a link to choose one")
    if why := passwords.unfit(new, user.email, user.name):
        raise Invalid(why)
    if new == old:
        raise Invalid("This is the password that you have")
    if refused := _wrong(tx, user, old, by):
        return refused
    users.set_password(tx, actor, user, passwords.hashed(new), keep)
    letters.post(
        tx, user, "Your password was changed",
        f"The password of {user.email} on Tocsin was changed just now, and every other session was ended.\n\nIf it was "
        "not you: choose a new one through the sign-in page (Forgot your password?) and tell your administrators.",
    )  # fmt: skip
    return None


def prove(tx: Tx, user: Any, password: str, code: str, by: Visitor) -> Refusal | None:
    """Whether somebody in a session is who they were: their password and, where they have one, the second factor."""
    has_code = bool(second_factor.enrolled(tx.conn, [user.id]))
    if user.password_hash is None and not has_code:
        raise Invalid("Choose a password or set up a second factor first: this must be confirmed with one of them")
    if user.password_hash is not None and (refused := _wrong(tx, user, password, by)):
        return refused
    if has_code and (checked := second_factor.check(tx, user.id, code, by.at)) is not Checked.RIGHT:
        return Refusal(checked.value)
    return None


def _wrong(tx: Tx, user: Any, password: str, by: Visitor) -> Refusal | None:
    own = by.device if by.device is not None and by.device.is_of(user) else None
    tried = guessing.guess(user.email, by.address, own.mark if own else None)
    if guessing.too_many(tx, tried, by.at):
        return Refusal.THROTTLED
    if passwords.matches(user.password_hash, password):
        return None
    guessing.note(tx, tried, by.at)
    return Refusal.WRONG
