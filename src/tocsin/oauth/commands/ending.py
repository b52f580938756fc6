"""Ending what was allowed: by the person, by an admin, or by time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.core.recorded import Subject, note
from tocsin.oauth.commands import granting
from tocsin.oauth.store import tokens

#: What is over is kept for a day: a code that comes again is still recognized.
KEPT = timedelta(days=1)


def sign_out(tx: Tx, actor: Actor, user: Row[Any]) -> None:
    """End a person's sessions in all browsers."""
    ended = tokens.end_sessions(tx.conn, user.id)
    if ended:
        note(tx, actor, "delete", Subject("session", user.id, user.name, ("user", user.id)), {"sessions": ended})


def take_back(tx: Tx, actor: Actor, id: str) -> None:
    """A person ends what he allowed to an app; `NotFound` for what is not his."""
    row = tokens.delegation(tx.conn, id)
    if row is None or row.user_id is None or row.user_id != actor.user_id:
        raise NotFound()
    granting.revoke(tx, actor, row, _name(tx, row), "taken back by the person")


def _name(tx: Tx, row: Row[Any]) -> str:
    return tokens.app_name(tx.conn, row.app_id)


def sweep(tx: Tx) -> int:
    """Forget codes and tokens that are long over; how many."""
    return tokens.sweep(tx.conn, tx.now - KEPT)
