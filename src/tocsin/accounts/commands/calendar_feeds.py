"""The secret addresses of calendar feeds: a person's on-call shifts, a schedule (core:S50, core:N5, core:N1).

1. The token in the address is the whole authority: anybody who has it reads the feed. It is stored sealed, to be shown
   again, and as a hash, to be found by.
2. It is made when first shown. Rotating it ends the old address at once.
3. A token that our keys no longer open is shown as none; rotating makes a new one.
"""

import hashlib
import secrets

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from tocsin.accounts.store.tables import calendar_feeds
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.recorded import Subject, note
from tocsin.core.sealing import CannotOpen

PURPOSE = "calendar"
USER, SCHEDULE = "user", "schedule"
PATH = "/private/{token}/feed"


def addresses(tx: Tx, kind: str, id: str, base: str) -> dict[str, str | None]:
    """`http_cal_url` and `web_cal_url` of a feed below `base`; null where the token cannot be opened."""
    token = _token(tx, kind, id)
    http = base + PATH.format(token=token) if token else None
    return {"http_cal_url": http, "web_cal_url": "webcal:" + http.partition(":")[2] if http else None}


def rotate(tx: Tx, actor: Actor, kind: str, subject: Subject) -> str:
    """A new token, which ends the old address; the token."""
    token = secrets.token_urlsafe(24)
    new = {"sha256": _digest(token), "token": tx.sealer.seal(PURPOSE, token.encode()), "made_at": tx.now}
    row = insert_or(calendar_feeds).values(kind=kind, subject_id=subject.id, **new)
    tx.conn.execute(row.on_conflict_do_update(index_elements=["kind", "subject_id"], set_=new))
    note(tx, actor, "update", subject, None, {"calendar_feed": "a new address"})
    return token


def found(conn: Connection, token: str) -> tuple[str, str] | None:
    """(user or schedule, its id) of the feed with this token."""
    feed = calendar_feeds.c
    row = conn.execute(select(feed.kind, feed.subject_id).where(feed.sha256 == _digest(token))).one_or_none()
    return (row.kind, row.subject_id) if row else None


def _token(tx: Tx, kind: str, id: str) -> str | None:
    feed = calendar_feeds.c
    mine = select(feed.token).where(feed.kind == kind, feed.subject_id == id)
    try:
        sealed = tx.conn.scalar(mine) or _make(tx, kind, id) or tx.conn.scalar(mine)
        return tx.sealer.open(PURPOSE, sealed or "").decode()
    except CannotOpen:
        return None


def _make(tx: Tx, kind: str, id: str) -> str | None:
    """A first token; None where somebody else made one at this moment."""
    token = secrets.token_urlsafe(24)
    sealed = tx.sealer.seal(PURPOSE, token.encode())
    row = {"kind": kind, "subject_id": id, "sha256": _digest(token), "token": sealed, "made_at": tx.now}
    new = insert_or(calendar_feeds).values(row).on_conflict_do_nothing().returning(calendar_feeds.c.token)
    made: str | None = tx.conn.scalar(new)
    return made


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
