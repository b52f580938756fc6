"""Signing in to the web pages: sessions, and failures that slow a guesser down.

1. A session is a random token in a cookie; its SHA-256 is stored, with a CSRF token beside it.
2. It ends after `IDLE` without use and `LONGEST` in any case. `at` is the real clock: an advanced test clock signs
   nobody out (SPINE 5).
3. Failures are counted by e-mail and by address in a window; too many, and not even the right password opens.
   A failure is a row, so `sign_in` returns instead of raising: the caller's transaction must commit it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from tocsin.accounts import passwords
from tocsin.accounts.commands import sign_in_records
from tocsin.accounts.commands.keys import digest
from tocsin.accounts.store import people, standing, tables
from tocsin.core import ids
from tocsin.core.actor import Actor, ActorKind, system
from tocsin.core.db import Tx

IDLE, LONGEST, TOUCH = timedelta(days=7), timedelta(days=30), timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
MOST_BY_EMAIL, MOST_BY_ADDRESS = 5, 50


class Refusal(StrEnum):
    """Why somebody was not let in."""

    WRONG = "wrong"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is seen this once."""

    user_id: str
    token: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session in use and the person who acts through it."""

    id: str
    actor: Actor
    email: str
    time_zone: str
    csrf: str


def sign_in(
    tx: Tx, email: str, password: str, at: datetime, address: str | None = None, user_agent: str | None = None,
    request_id: str | None = None,
) -> SignedIn | Refusal:  # fmt: skip
    """A session for this e-mail and password, or why not."""
    if _throttled(tx.conn, email, address, at):
        return Refusal.THROTTLED
    user = people.user_by_email(tx.conn, email)
    if not passwords.matches(user.password_hash if user else None, password) or user is None:
        row = {"email": email.strip().lower()[:100], "address": address, "at": at}
        tx.conn.execute(insert(tables.sign_in_failures).values(row))
        sign_in_records.failed(tx, user, address, request_id)
        return Refusal.WRONG
    return start(tx, user.id, at, address, user_agent, request_id)


def start(
    tx: Tx, user_id: str, at: datetime, address: str | None = None, user_agent: str | None = None,
    request_id: str | None = None,
) -> SignedIn:  # fmt: skip
    """A session of a user whose identity is already certain (the bootstrap's sign-in link)."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    row = {
        "sha256": digest(token), "id": ids.thing(), "user_id": user_id, "csrf": csrf, "address": address,
        "user_agent": (user_agent or "")[:500] or None, "created_at": at, "last_seen_at": at,
        "expires_at": at + LONGEST,
    }  # fmt: skip
    tx.conn.execute(insert(tables.sessions).values(row))
    sign_in_records.signed_in(tx, user_id, str(row["id"]), address, request_id, user_agent)
    return SignedIn(user_id, token, csrf)


def find(tx: Tx, token: str, at: datetime, request_id: str | None = None, address: str | None = None) -> Session | None:
    """The live session of this cookie, kept alive by being asked for."""
    row = _row(tx.conn, token)
    if row is None or at >= row.expires_at or at >= row.last_seen_at + IDLE:
        return None
    if at >= row.last_seen_at + TOUCH:
        mine = tables.sessions.c.sha256 == row.sha256
        tx.conn.execute(update(tables.sessions).where(mine).values(last_seen_at=at))
    own, closed = standing.memberships(tx.conn, row.user_id)
    actor = Actor(
        ActorKind.USER, row.user_id, row.name, "website", row.role,
        teams=own, closed=closed, request_id=request_id, address=address, method="browser",
    )  # fmt: skip
    return Session(row.id, actor, row.email, row.time_zone, row.csrf)


def end(tx: Tx, token: str, actor: Actor | None = None) -> None:
    """Sign out."""
    mine = tables.sessions.c.sha256 == digest(token)
    ended = tx.conn.execute(
        delete(tables.sessions).where(mine).returning(tables.sessions.c.id, tables.sessions.c.user_id)
    )
    for row in ended:
        sign_in_records.signed_out(tx, actor or system(), row.id, row.user_id)


def sweep(tx: Tx, at: datetime) -> None:
    """Forget sessions that are over and failures that no longer count."""
    tx.conn.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= at))
    tx.conn.execute(delete(tables.sign_in_failures).where(tables.sign_in_failures.c.at <= at - WINDOW))


def _row(conn: Connection, token: str) -> Row[Any] | None:
    user = tables.users.c
    found = (
        select(tables.sessions, user.name, user.role, user.email, user.time_zone)
        .join(tables.users, user.id == tables.sessions.c.user_id)
        .where(tables.sessions.c.sha256 == digest(token), user.deleted_at.is_(None))
    )
    return conn.execute(found).one_or_none()


def _throttled(conn: Connection, email: str, address: str | None, at: datetime) -> bool:
    failure = tables.sign_in_failures.c
    recent = select(func.count()).where(failure.at > at - WINDOW)
    by_email = conn.scalar(recent.where(failure.email == email.strip().lower()[:100])) or 0
    by_address = conn.scalar(recent.where(failure.address == address)) or 0 if address else 0
    return by_email >= MOST_BY_EMAIL or by_address >= MOST_BY_ADDRESS
