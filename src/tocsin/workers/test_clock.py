"""The test clock's door (CONTRACT, SPINE 5): `GET /_test/clock` and `POST /_test/clock {"advance_seconds": n}`.

An advance lets everything happen that is due on the way, each at its own instant and in order: drain; step to the
earliest due instant of any registered work; let it run; again, up to the target. One advance at a time, else 409.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from tocsin.core import due_work
from tocsin.core.db import Database
from tocsin.core.due_work import Source
from tocsin.core.errors import Conflict, Invalid, Unavailable

_LOCK = 7_246_003
PATIENCE = 120.0
LONGEST = 400 * 86_400


def advance(database: Database, sources: Sequence[Source], seconds: object) -> datetime:
    """Move the clock of all processes by `seconds`; returns the new time when everything on the way has run."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= LONGEST:
        raise Invalid(f"advance_seconds must be a number between 0 and {LONGEST}")
    with database.engine.connect() as guard:
        if not guard.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": _LOCK}):
            raise Conflict("The clock is being advanced already")
        try:
            with database.begin() as tx:
                target = tx.now + timedelta(seconds=seconds)
            return _walk(database, sources, target)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _LOCK})
            guard.commit()


def _walk(database: Database, sources: Sequence[Source], target: datetime) -> datetime:
    while True:
        settle(database, sources)
        with database.begin() as tx:
            due = due_work.earliest(tx.conn, sources)
            database.clock.move_to(tx.conn, min(due, target) if due is not None else target)
        wake(database)
        if due is None or due > target:
            settle(database, sources)
            return now(database)


def settle(database: Database, sources: Sequence[Source]) -> None:
    """Wait until nothing that is due remains undone.

    One snapshot for all sources: work moves from one to the next (timer, effect, send) faster than they are asked.
    """
    deadline = time.monotonic() + PATIENCE
    while busy := _busy(database, sources):
        if time.monotonic() > deadline:
            raise Unavailable(f"still at work after {PATIENCE:.0f} s: {', '.join(busy)}")
        time.sleep(0.005)


def _busy(database: Database, sources: Sequence[Source]) -> list[str]:
    with database.snapshot() as tx:
        return due_work.waiting(tx.conn, sources, tx.now)


def wake(database: Database) -> None:
    """Tell every worker that time has moved."""
    with database.begin() as tx:
        tx.conn.execute(text("SELECT pg_notify('tocsin_work', ''), pg_notify('tocsin_send', '')"))


def now(database: Database) -> datetime:
    """The clock as it is."""
    with database.begin() as tx:
        return tx.now
