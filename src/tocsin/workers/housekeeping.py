"""Keeping the house: partitions made ahead, old segments dropped (SPINE 1), ended sessions and tokens forgotten,
webhooks that are over after the days that raw events are kept, and audit records after a year (core:A1).
"""

import socket
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tocsin.accounts.commands import links, sessions
from tocsin.core import audit, heartbeats, intake_log
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx
from tocsin.notifications.store import sends
from tocsin.oauth.commands import ending as oauth
from tocsin.webhooks.store import queues

log = structlog.get_logger()

AHEAD_DAYS = 4
_LOCK = 7_246_004


def make_ahead(database: Database) -> None:
    """The partitions of today and the next days. Rows of a day in the catch-all keep it there: not an error."""
    for n in range(AHEAD_DAYS):
        try:
            with database.begin() as tx:
                tx.conn.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
                intake_log.make_partitions(tx.conn, real_now().date() + timedelta(days=n), 1)
        except DBAPIError as error:
            log.warning("partition not made", error=str(error.orig).splitlines()[0])


def bury(tx: Tx, owner: str) -> None:
    """Give what a dead process held to the living at once: its lanes and its messages. Fences make this safe."""
    intake_log.release_all(tx.conn, owner)
    sends.free(tx.conn, owner, tx.now)
    queues.free(tx.conn, owner)
    heartbeats.bury(tx.conn, owner)


class Beating:
    """Says every few seconds that this process lives."""

    def __init__(self, database: Database, owner: str, role: str):
        self._database, self._owner, self._role = database, owner, role

    def __call__(self) -> bool:
        """One beat; whoever has stopped beating is buried (another node that was lost, say)."""
        with self._database.begin() as tx:
            heartbeats.beat(tx.conn, self._owner, self._role, socket.gethostname())
            for owner in heartbeats.stale(tx.conn):
                log.error("a process was lost", owner=owner)
                bury(tx, owner)
        return False


class Housekeeping:
    """Tidies once an hour; says that it had nothing more to do."""

    def __init__(self, database: Database, retention_days: int):
        self._database, self._retention = database, timedelta(days=retention_days)
        self._done_at = real_now() - timedelta(days=1)

    def __call__(self) -> bool:
        """One look."""
        if real_now() - self._done_at < timedelta(hours=1):
            return False
        make_ahead(self._database)
        with self._database.begin() as tx:
            dropped = intake_log.drop_partitions(tx.conn, (real_now() - self._retention).date())
        with self._database.begin() as tx:
            sessions.sweep(tx, real_now())
            links.sweep(tx)
            oauth.sweep(tx)
        while self._database.run(audit.sweep):
            pass
        while self._database.run(lambda tx: queues.sweep(tx.conn, tx.now - self._retention)):
            pass
        if dropped:
            log.info("old events dropped", partitions=dropped)
        self._done_at = real_now()
        return False
