"""Queues and deliveries: put in, claimed with a lease, settled under a fence (core:H7, core:H9).

1. A queue is (endpoint, subject): one incident's events for one receiver go in order, and a head that has to wait holds
   up its own queue alone. A queue has a row as long as something waits in it.
2. Locks go endpoint, queue, delivery. Whoever puts something in holds the endpoint FOR SHARE, whoever settles or
   switches off holds it alone: so nothing is put into a queue that is just being emptied or taken away.
3. `fence` rises with each claim; who comes back after his lease ended settles nothing.
4. An endpoint has `EACH` attempts under way at most, and a single one while it is failing: a slow receiver takes no
   more than its share. Leases are real time, everything else is the transaction's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, text, update

from tocsin.core.clock import real_now
from tocsin.core.db import insert_rows, to_json
from tocsin.webhooks.store.tables import deliveries, endpoints, queues

HOOK = "tocsin_hook"
EACH = 4
LEASE = timedelta(seconds=90)
ANSWER_KEPT = 500
_SWEPT_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Claim:
    """A queue in hand, and what waits at its head."""

    fence: int
    row: Row[Any]


def put(conn: Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Put deliveries (rows, in order) at the end of their queues and wake the senders.

    Their endpoints are locked FOR SHARE by the caller. What came from the same source before is left out.
    """
    new = list(rows)
    if not new:
        return
    touched = sorted({(row["endpoint_id"], row["subject"]) for row in new})
    insert_rows(
        conn, queues, ({"endpoint_id": id, "subject": subject, "due_at": now} for id, subject in touched),
        "(endpoint_id, subject) DO UPDATE SET subject = excluded.subject",
    )  # fmt: skip
    insert_rows(conn, deliveries, new, "(endpoint_id, source, event_type) WHERE source IS NOT NULL DO NOTHING")
    conn.execute(text(f"SELECT pg_notify('{HOOK}', '')"))


def lock(conn: Connection, ids: Iterable[str], alone: bool = False) -> dict[str, Row[Any]]:
    """These endpoints, locked in the order of their ids."""
    query = select(endpoints).where(endpoints.c.id.in_(list(ids))).order_by(endpoints.c.id)
    return {row.id: row for row in conn.execute(query.with_for_update(read=not alone))}


_CLAIM = text(
    """
    WITH busy AS (
        SELECT endpoint_id, count(*) AS n FROM webhook_queues WHERE lease_until >= :real GROUP BY endpoint_id
    ), found AS (
        SELECT q.endpoint_id, q.subject FROM webhook_endpoints e
        LEFT JOIN busy ON busy.endpoint_id = e.id
        CROSS JOIN LATERAL (
            SELECT w.endpoint_id, w.subject, w.due_at FROM webhook_queues w
            WHERE w.endpoint_id = e.id AND w.due_at <= :now AND (w.lease_until IS NULL OR w.lease_until < :real)
            ORDER BY w.due_at LIMIT greatest(CASE WHEN e.failing THEN 1 ELSE :each END - coalesce(busy.n, 0), 0)
            FOR UPDATE SKIP LOCKED
        ) q
        WHERE NOT EXISTS (SELECT 1 FROM account WHERE held)
        ORDER BY q.due_at LIMIT :most
    )
    UPDATE webhook_queues w SET fence = w.fence + 1, owner = :owner, lease_until = :until
    FROM found WHERE w.endpoint_id = found.endpoint_id AND w.subject = found.subject
    RETURNING w.endpoint_id, w.subject, w.fence
    """
)
_HEADS = text(
    """
    UPDATE webhook_deliveries d SET attempt = d.attempt + 1, first_tried_at = coalesce(d.first_tried_at, :now),
        tried_at = :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r(endpoint_id text, subject text)
    WHERE d.position = (
        SELECT min(h.position) FROM webhook_deliveries h
        WHERE h.endpoint_id = r.endpoint_id AND h.subject = r.subject AND h.state = 'waiting'
    ) AND d.endpoint_id = r.endpoint_id AND d.subject = r.subject AND d.state = 'waiting'
    RETURNING d.*
    """
)


def claim(conn: Connection, owner: str, now: datetime, most: int, each: int = EACH) -> list[Claim]:
    """Take up to `most` queues that are due, and their heads. Held: none."""
    real = real_now()
    given = {"real": real, "now": now, "until": real + LEASE, "owner": owner, "most": most, "each": each}
    taken = {(row.endpoint_id, row.subject): row.fence for row in conn.execute(_CLAIM, given)}
    if not taken:
        return []
    rows = [{"endpoint_id": id, "subject": subject} for id, subject in taken]
    heads = conn.execute(_HEADS, {"rows": to_json(rows), "now": now}).all()
    found = [Claim(taken.pop((row.endpoint_id, row.subject)), row) for row in heads]
    for id, subject in taken:  # everything in it was there before
        conn.execute(delete(queues).where(queues.c.endpoint_id == id, queues.c.subject == subject))
    return found


def mine(conn: Connection, endpoint_id: str, subject: str, fence: int) -> bool:
    """Whether this claim still counts; the queue stays locked."""
    q = queues.c
    where = (q.endpoint_id == endpoint_id) & (q.subject == subject) & (q.fence == fence) & q.lease_until.is_not(None)
    return conn.execute(select(q.fence).where(where).with_for_update()).one_or_none() is not None


def wait_until(conn: Connection, endpoint_id: str, subject: str, at: datetime) -> None:
    """Let the head of a queue be tried again at `at`."""
    where = (queues.c.endpoint_id == endpoint_id) & (queues.c.subject == subject)
    conn.execute(update(queues).where(where).values(due_at=at, owner=None, lease_until=None))


def go_on(conn: Connection, endpoint_id: str, subject: str, now: datetime) -> None:
    """The head is over: the next one is due, or the queue ends."""
    d = deliveries.c
    if conn.scalar(select(exists().where(d.endpoint_id == endpoint_id, d.subject == subject, d.state == "waiting"))):
        wait_until(conn, endpoint_id, subject, now)
        return
    conn.execute(delete(queues).where(queues.c.endpoint_id == endpoint_id, queues.c.subject == subject))


def mark(conn: Connection, delivery_id: str, **values: Any) -> None:
    """Write what became of an attempt."""
    conn.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))


def empty(conn: Connection, endpoint_id: str, why: str) -> int:
    """Drop everything that waits for a receiver (locked alone by the caller); how much it was."""
    conn.execute(delete(queues).where(queues.c.endpoint_id == endpoint_id))
    waiting = (deliveries.c.endpoint_id == endpoint_id) & (deliveries.c.state == "waiting")
    return conn.execute(update(deliveries).where(waiting).values(state="dropped", why=why)).rowcount


def free(conn: Connection, owner: str) -> None:
    """What a dead process had in hand is tried again at once, with the same ids."""
    conn.execute(update(queues).where(queues.c.owner == owner).values(owner=None, lease_until=None))


def in_flight(conn: Connection) -> bool:
    """Whether an attempt is under way."""
    return conn.scalar(select(exists().where(queues.c.lease_until >= real_now()))) or False


def next_due(conn: Connection) -> datetime | None:
    """When the earliest head is due."""
    q = queues.c
    free = or_(q.lease_until.is_(None), q.lease_until < real_now())
    earliest: datetime | None = conn.scalar(select(func.min(q.due_at)).where(free))
    return earliest


def waiting(conn: Connection) -> tuple[int, datetime | None]:
    """How many deliveries wait, and since when the oldest of them."""
    query = select(func.count(), func.min(deliveries.c.created_at)).where(deliveries.c.state == "waiting")
    count, oldest = conn.execute(query).one()
    return count, oldest


def switched_off(conn: Connection, now: datetime) -> int:
    """How many receivers are switched off for a while."""
    return conn.scalar(select(func.count()).where(endpoints.c.disabled_until > now)) or 0


def sweep(conn: Connection, before: datetime) -> int:
    """Forget some of the deliveries that are over and older than this; how many. Repeat it until none is left."""
    d = deliveries.c
    old = select(d.id).where(d.created_at < before, d.state != "waiting").limit(_SWEPT_AT_ONCE)
    return conn.execute(delete(deliveries).where(d.id.in_(old))).rowcount


def of(conn: Connection, endpoint_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Endpoints by id."""
    rows = conn.execute(select(endpoints).where(endpoints.c.id.in_(list(endpoint_ids))))
    return {row.id: row for row in rows}
