"""The intake log: durable before the 202, read lane by lane, nothing ever skipped (SPINE 1).

1. A segment is one row per (group commit x lane): raw events in order of receipt, with a `pending` row beside it that
   is deleted in the transaction that writes the outcome. There is no high-water mark: a reader with a cursor at
   max(id) misses a lower id that commits later.
2. `lane = crc32(routing key) mod 64`. One worker owns a lane by a lease; its token is checked in the outcome's
   transaction, so an owner that lost its lease cannot write.
3. Segments lie in daily partitions by the day they were stored (real time): they are the archive.
4. Event id = segment id, a dot, ordinal.

The log stands behind five functions: `append`, `claim`, `read`, `finish`, `park`.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from psycopg import AsyncConnection, AsyncRawCursor
from sqlalchemy import BigInteger, Column, Connection, Date, Index, Integer, LargeBinary, SmallInteger, Table, text
from sqlalchemy import Sequence as SqlSequence

from tocsin.core.clock import real_now
from tocsin.core.metadata import instant, metadata
from tocsin.core.metadata import text as text_column

LANES = 64
SEGMENTS_AT_FIRST = 16
LEASE = timedelta(seconds=8)
CHANNEL = "tocsin_intake"

segment_ids = SqlSequence("intake_segment_ids", metadata=metadata)

segments = Table(
    "intake_segments",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("stored_on", Date, primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("events", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (stored_on)",
)

pending = Table(
    "intake_pending",
    metadata,
    Column("segment_id", BigInteger, primary_key=True),
    Column("stored_on", Date, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Index("ix_intake_pending_lane", "lane", "segment_id"),
)

leases = Table(
    "intake_leases",
    metadata,
    Column("lane", SmallInteger, primary_key=True),
    text_column("owner", null=True),
    Column("token", BigInteger, nullable=False),
    instant("until", null=True),
)

parked = Table(
    "intake_parked",
    metadata,
    text_column("event_id", primary_key=True),
    Column("lane", SmallInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    text_column("error"),
    text_column("service_id", null=True),
    instant("received_at"),
    instant("parked_at"),
)


class Raw(msgspec.Struct, array_like=True, frozen=True):
    """One accepted event as it is stored: `kind` v2 | v1 | change, receive time, the key it came on, its JSON body."""

    kind: str
    received_at: datetime
    key: str
    dedup_key: str
    body: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Stored:
    """One event read back: `id` is segment.ordinal; `last` says that it ends its segment."""

    id: str
    segment_id: int
    ordinal: int
    last: bool
    raw: Raw


@dataclass(frozen=True, slots=True)
class Claim:
    """A lane held by `owner` until the lease ends; `token` fences its writes."""

    lane: int
    owner: str
    token: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Raw])


@lru_cache(maxsize=4096)
def lane_of(key: str) -> int:
    """The lane of a routing key."""
    return zlib.crc32(key.encode()) % LANES


APPEND = f"""
WITH day AS (SELECT $1::date AS stored_on),
given AS (SELECT nextval('intake_segment_ids') AS id, lane, events
          FROM unnest($2::smallint[], $3::bytea[]) AS g(lane, events)),
stored AS (INSERT INTO intake_segments (id, stored_on, lane, events)
           SELECT given.id, day.stored_on, given.lane, given.events FROM given, day),
waiting AS (INSERT INTO intake_pending (segment_id, stored_on, lane)
            SELECT given.id, day.stored_on, given.lane FROM given, day)
SELECT pg_notify('{CHANNEL}', '')
"""
"""The statement of `append`: the day, the lanes, a segment for each lane."""


def by_lane(batch: Iterable[Raw]) -> dict[int, bytes]:
    """What is stored of one group commit: lane -> segment."""
    lanes: dict[int, list[Raw]] = {}
    for raw in batch:
        lanes.setdefault(lane_of(raw.key), []).append(raw)
    return {lane: _encoder.encode(events) for lane, events in lanes.items()}


async def append(conn: AsyncConnection[Any], batch: Iterable[Raw]) -> None:
    """Store one group commit durably (autocommit: when this returns, it is on disk)."""
    lanes = by_lane(batch)
    await AsyncRawCursor(conn).execute(APPEND, [real_now().date(), list(lanes), list(lanes.values())])


_CLAIM = text(
    """
    UPDATE intake_leases l SET owner = :owner, token = l.token + 1, until = :until
    WHERE l.lane = (
        SELECT c.lane FROM intake_leases c
        WHERE (c.until IS NULL OR c.owner IS NULL OR c.until < :now)
          AND EXISTS (SELECT 1 FROM intake_pending p WHERE p.lane = c.lane)
        ORDER BY c.until NULLS FIRST, (SELECT min(p.segment_id) FROM intake_pending p WHERE p.lane = c.lane)
        FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING l.lane, l.token
    """
)


def claim(conn: Connection, owner: str) -> Claim | None:
    """A free lane with waiting events, the one that was served longest ago: all get their turn in a storm on one."""
    now = real_now()
    row = conn.execute(_CLAIM, {"owner": owner, "now": now, "until": now + LEASE}).one_or_none()
    return Claim(row.lane, owner, row.token) if row else None


def hold(conn: Connection, held: Claim) -> bool:
    """Check the fence and renew the lease inside the outcome's transaction; False when the lane was lost."""
    held_still = conn.execute(
        text("UPDATE intake_leases SET until = :until WHERE lane = :lane AND token = :token"),
        {"until": real_now() + LEASE, "lane": held.lane, "token": held.token},
    )
    return held_still.rowcount == 1


def release(conn: Connection, held: Claim) -> None:
    """Give the lane back; `until` says from now on when it was last served."""
    conn.execute(
        text("UPDATE intake_leases SET owner = NULL, until = :now WHERE lane = :lane AND token = :token"),
        {"now": real_now(), "lane": held.lane, "token": held.token},
    )


def release_all(conn: Connection, owner: str) -> None:
    """Free every lane of a process that is known to be dead, so that nobody waits for its leases."""
    conn.execute(
        text("UPDATE intake_leases SET owner = NULL, until = NULL, token = token + 1 WHERE owner = :owner"),
        {"owner": owner},
    )


_READ = text(
    """
    SELECT p.segment_id, p.done, s.events FROM intake_pending p
    JOIN intake_segments s ON s.id = p.segment_id AND s.stored_on = p.stored_on
    WHERE p.lane = :lane AND p.segment_id > :after ORDER BY p.segment_id LIMIT :segments
    """
)


def read(conn: Connection, lane: int, limit: int, beyond: Stored | None = None) -> list[Stored]:
    """The lane's oldest waiting events in order of receipt, `limit` of them at most.

    With `beyond`, those after this one, which is being decided: reading ahead. What is committed below it meanwhile is
    not seen here, and not lost: it waits for the next plain reading.

    A segment holds one event or hundreds: what is fetched at a time grows from a few, so that a batch never costs
    the transfer of segments that it does not take.
    """
    found: list[Stored] = []
    after, segments = (beyond.segment_id - 1 if beyond else 0), SEGMENTS_AT_FIRST
    while len(found) < limit:
        rows = conn.execute(_READ, {"lane": lane, "after": after, "segments": segments}).all()
        for row in rows:
            done = beyond.ordinal + 1 if beyond and beyond.segment_id == row.segment_id else row.done
            found += _waiting_of(row.segment_id, done, _decoder.decode(bytes(row.events)))
        if len(rows) < segments:
            break
        after, segments = rows[-1].segment_id, segments * 2
    return found[:limit]


def _waiting_of(segment_id: int, done: int, events: Sequence[Raw]) -> list[Stored]:
    last = len(events) - 1
    return [Stored(f"{segment_id}.{n}", segment_id, n, n == last, events[n]) for n in range(done, len(events))]


def finish(conn: Connection, done: Sequence[Stored]) -> None:
    """Mark these events (a lane's oldest, in order) as decided, in the transaction that writes the outcome."""
    whole = [event.segment_id for event in done if event.last]
    conn.execute(text("DELETE FROM intake_pending WHERE segment_id = ANY(:ids)"), {"ids": whole})
    if done and not done[-1].last:
        last = {"n": done[-1].ordinal + 1, "id": done[-1].segment_id}
        conn.execute(text("UPDATE intake_pending SET done = :n WHERE segment_id = :id"), last)


def park(conn: Connection, event: Stored, error: str, service_id: str | None, now: datetime) -> None:
    """Set a poisoned event aside with its error; it never blocks its lane."""
    conn.execute(
        text(
            "INSERT INTO intake_parked (event_id, lane, raw, error, service_id, received_at, parked_at)"
            " VALUES (:id, :lane, :raw, :error, :service, :received, :now) ON CONFLICT DO NOTHING"
        ),
        {
            "id": event.id, "lane": lane_of(event.raw.key), "raw": bytes(event.raw.body), "error": error,
            "service": service_id, "received": event.raw.received_at, "now": now,
        },
    )  # fmt: skip


def backlog(conn: Connection) -> int:
    """How many segments wait."""
    return int(conn.scalar(text("SELECT count(*) FROM intake_pending")) or 0)


def make_partitions(conn: Connection, first: date, days: int) -> None:
    """Make the partitions of `days` days from `first` on, where they are missing."""
    for n in range(days):
        day = first + timedelta(days=n)
        conn.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS intake_segments_{day:%Y%m%d} PARTITION OF intake_segments"
                f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )
        )


def drop_partitions(conn: Connection, before: date) -> list[str]:
    """Drop the partitions of days before `before`, except those with events still waiting; their names."""
    waiting = conn.scalar(text("SELECT min(stored_on) FROM intake_pending"))
    limit = min(before, waiting) if waiting else before
    names = conn.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'intake_segments'::regclass")
    )
    old = [name for name in names if name[-8:].isdigit() and name[-8:] < f"{limit:%Y%m%d}"]
    for name in old:
        conn.execute(text(f"DROP TABLE {name}"))
    return old
