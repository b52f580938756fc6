"""Who may sign in with a password: everybody, or the break-glass owner alone where single sign-on is enforced.

1. Enforced, a password opens nothing but for one named person who is the owner at that moment.
2. Every way to a password asks `password_allowed`: signing in, invitations, resets, a new password.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tocsin.accounts.store.tables import account, users

KEY = "single_sign_on"


@dataclass(frozen=True, slots=True)
class SignInRules:
    """What holds for everybody: `only` through single sign-on, but for the person `break_glass` (a user's id)."""

    only: bool = False
    break_glass: str | None = None


def read(conn: Connection) -> SignInRules:
    """The account's rules."""
    return of(conn.scalar(select(account.c.settings).limit(1)))


def of(settings: Mapping[str, Any] | None) -> SignInRules:
    """The rules within the account's settings."""
    return SignInRules(**((settings or {}).get(KEY) or {}))


def password_allowed(conn: Connection, user_id: str | None) -> bool:
    """Whether this person (None: nobody of ours) may sign in with a password, or be given one."""
    rules = read(conn)
    if not rules.only:
        return True
    if user_id is None or user_id != rules.break_glass:
        return False
    owner = (users.c.id == user_id) & (users.c.role == "owner") & users.c.deleted_at.is_(None)
    return conn.scalar(select(users.c.id).where(owner)) is not None
