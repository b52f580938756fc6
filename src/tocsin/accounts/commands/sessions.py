"""Sessions of the web pages: begun, found, listed, ended.

1. A session is a random token in a cookie; its SHA-256 is stored, with a CSRF token beside it.
2. It ends after `IDLE` without use and `LONGEST` in any case, or after what the account set for its kind
   (`session_configurations`). `at` is the real clock: an advanced test clock signs nobody out (SPINE 5).
3. A browser on a phone begins a session of the kind `mobile`, any other one of the kind `web` (our reading of K17).
4. A session says how it began (`method`). None begins with a password where single sign-on is enforced, but the
   break-glass owner's: that is recorded, and every other admin is told.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tocsin.accounts.commands import break_glass, guessing, sign_in_records
from tocsin.accounts.commands.keys import digest
from tocsin.accounts.store import standing, tables
from tocsin.accounts.store.sign_in_tables import used_states
from tocsin.core import ids
from tocsin.core.actor import Actor, ActorKind, system
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.core.recorded import Subject, note

IDLE, LONGEST, TOUCH = timedelta(days=7), timedelta(days=30), timedelta(minutes=1)
_PHONE = re.compile(r"Mobi|Android|iPhone|iPad")
_session = tables.sessions.c


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


def start(
    tx: Tx, user_id: str, at: datetime, address: str | None = None, user_agent: str | None = None,
    request_id: str | None = None, method: str = "password",
) -> SignedIn:  # fmt: skip
    """A session of a user whose identity is already certain; `method`: password | identity_provider | link."""
    if method == "password":
        break_glass.check(tx, user_id, address)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    kind = "mobile" if _PHONE.search(user_agent or "") else "web"
    idle, longest = limits(tx.conn, kind)
    row = {
        "sha256": digest(token), "id": ids.thing(), "user_id": user_id, "csrf": csrf, "address": address,
        "user_agent": (user_agent or "")[:500] or None, "created_at": at, "last_seen_at": at,
        "expires_at": at + longest, "method": method, "kind": kind, "idle_seconds": int(idle.total_seconds()),
    }  # fmt: skip
    tx.conn.execute(insert(tables.sessions).values(row))
    sign_in_records.signed_in(tx, user_id, str(row["id"]), address, request_id, user_agent, method)
    return SignedIn(user_id, token, csrf)


def limits(conn: Connection, kind: str) -> tuple[timedelta, timedelta]:
    """How long a session of this kind may be idle, and may last."""
    row = conn.execute(select(tables.session_limits).where(tables.session_limits.c.type == kind)).one_or_none()
    if row is None:
        return IDLE, LONGEST
    return timedelta(seconds=row.idle_seconds), timedelta(seconds=row.absolute_seconds)


def find(tx: Tx, token: str, at: datetime, request_id: str | None = None, address: str | None = None) -> Session | None:
    """The live session of this cookie, kept alive by being asked for."""
    row = _row(tx.conn, token)
    if row is None or not _alive(row, at):
        return None
    if at >= row.last_seen_at + TOUCH:
        seen = update(tables.sessions).where(_session.sha256 == row.sha256)
        tx.conn.execute(seen.values(last_seen_at=at, address=address or row.address))
    own, closed = standing.memberships(tx.conn, row.user_id)
    actor = Actor(
        ActorKind.USER, row.user_id, row.name, "website", row.role,
        teams=own, closed=closed, request_id=request_id, address=address, method="browser",
    )  # fmt: skip
    return Session(row.id, actor, row.email, row.time_zone, row.csrf)


def _alive(row: Any, at: datetime) -> bool:
    return bool(at < row.expires_at and at < row.last_seen_at + timedelta(seconds=row.idle_seconds))


def listed(conn: Connection, user_id: str, at: datetime) -> Sequence[Row[Any]]:
    """A person's live sessions, the one used last first."""
    mine = select(tables.sessions).where(_session.user_id == user_id)
    return [row for row in conn.execute(mine.order_by(_session.last_seen_at.desc(), _session.id)) if _alive(row, at)]


def one(conn: Connection, user_id: str, session_id: str, at: datetime) -> Row[Any]:
    """A live session of this person, or `NotFound`."""
    found = [row for row in listed(conn, user_id, at) if row.id == session_id]
    if not found:
        raise NotFound("There is no such session")
    return found[0]


def end(tx: Tx, token: str, actor: Actor | None = None) -> None:
    """Sign out."""
    mine = _session.sha256 == digest(token)
    ended = tx.conn.execute(delete(tables.sessions).where(mine).returning(_session.id, _session.user_id))
    for row in ended:
        sign_in_records.signed_out(tx, actor or system(), row.id, row.user_id)


def end_some(tx: Tx, actor: Actor, user_id: str, only: str | None = None, but: str | None = None) -> int:
    """End a person's sessions: all, one, or all but one (by their ids); how many there were."""
    where = _session.user_id == user_id
    where = where & (_session.id == only) if only is not None else where
    where = where & (_session.id != but) if but is not None else where
    gone = tx.conn.execute(delete(tables.sessions).where(where).returning(_session.id, _session.user_agent)).all()
    for row in gone:
        note(tx, actor, "delete", Subject("session", row.id, row.user_agent, ("user", user_id)))
    return len(gone)


def sweep(tx: Tx, at: datetime) -> None:
    """Forget sessions that are over, failures that no longer count and states that expired."""
    tx.conn.execute(delete(used_states).where(used_states.c.at <= at - guessing.WINDOW))
    tx.conn.execute(delete(tables.sessions).where(_session.expires_at <= at))
    guessing.sweep(tx, at)


def _row(conn: Connection, token: str) -> Row[Any] | None:
    user = tables.users.c
    found = (
        select(tables.sessions, user.name, user.role, user.email, user.time_zone)
        .join(tables.users, user.id == _session.user_id)
        .where(_session.sha256 == digest(token), user.deleted_at.is_(None))
    )
    return conn.execute(found).one_or_none()
