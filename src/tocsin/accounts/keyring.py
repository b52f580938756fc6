"""Whose key is it: the kit's `authenticate` port, over stored hashes with a short cache.

1. A known key is remembered for `REMEMBERED` seconds of the real clock, so a revocation, a new role or a removed user
   is seen within five. Unknown keys are not remembered: guessing fills no memory.
2. `last_used_at` is written at most once a minute and process.
3. A key that was revoked and is used all the same is put on record, at most once an hour and process.
4. What is no key of ours is asked of `bearer`, a port that knows access tokens. They are not remembered: they end at
   once.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from time import monotonic

from tocsin.accounts.commands import sign_in_records
from tocsin.accounts.commands.keys import digest
from tocsin.accounts.store import people, standing
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Database, Tx
from tocsin.rest import auth
from tocsin.rest.request import Request

REMEMBERED, TOUCH, TELL, MOST = 4.0, 60.0, 3600.0, 10_000
Bearer = Callable[[Tx, bytes], Actor | None]


class Keyring:
    """Looks keys up; one for each process."""

    def __init__(self, database: Database, bearer: Bearer | None = None):
        self._database = database
        self._bearer = bearer
        self._known: dict[bytes, tuple[float, Actor]] = {}
        self._touched: dict[bytes, float] = {}
        self._told: dict[bytes, float] = {}
        self._lock = Lock()

    def authenticate(self, request: Request) -> Actor:
        """Who sent this request; `Unauthenticated` says what is missing."""
        sha256 = digest(auth.secret_of(request))
        now = monotonic()
        with self._lock:
            known = self._known.get(sha256)
        if known and now - known[0] < REMEMBERED:
            return known[1]
        actor = self._database.run(lambda tx: self._look_up(tx, sha256, now))
        if actor is None:
            return self._by_token(sha256, request, now)
        with self._lock:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[sha256] = (now, actor)
        return actor

    def _by_token(self, sha256: bytes, request: Request, now: float) -> Actor:
        bearer = self._bearer
        actor = self._database.run(lambda tx: bearer(tx, sha256)) if bearer else None
        if actor is None:
            self._database.run(lambda tx: self._tell(tx, sha256, request, now))
            raise auth.unknown()
        return actor

    def _tell(self, tx: Tx, sha256: bytes, request: Request, now: float) -> None:
        """Record that a key which has ended is still used; once in a while, for it may be a loop that goes on."""
        row = people.ended_key(tx.conn, sha256)
        if row is None or now - self._told.get(sha256, -TELL) < TELL:
            return
        self._told[sha256] = now
        sign_in_records.refused_key(tx, row, request.address, request.id)

    def _look_up(self, tx: Tx, sha256: bytes, now: float) -> Actor | None:
        row = people.key_by_hash(tx.conn, sha256)
        if row is None:
            return None
        if now - self._touched.get(sha256, -TOUCH) >= TOUCH:
            self._touched[sha256] = now
            people.touch_key(tx.conn, row.id, tx.now)
        if row.user_id is None:
            who = Actor(ActorKind.ACCOUNT_KEY, row.id, row.description)
        else:
            own, closed = standing.memberships(tx.conn, row.user_id)
            who = Actor(ActorKind.USER, row.user_id, row.user_name, role=row.role, teams=own, closed=closed)
        return replace(who, read_only=row.read_only, method="api_token", key_tail=row.tail)
