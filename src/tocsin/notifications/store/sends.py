"""Sends: one external message each, bundled while they wait, claimed with a lease, marked under a fence (SPINE 3).

`attempt` is the fence: every claim raises it, and only the holder of the newest attempt may mark the send.
A send whose lease ended (its worker died) counts as `unknown`: it is tried again under the same key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select, text, tuple_, update

from tocsin.accounts.store.tables import account
from tocsin.core import ids
from tocsin.core.clock import real_now
from tocsin.core.db import insert_rows
from tocsin.notifications.store.tables import bundle_windows, channel_health, items, sends

_HELD = exists().where(account.c.held)  # in the statement itself: a read of its own would cost a round trip a claim
Bundle = tuple[str, str]
"""(contact method id, urgency): what one message may carry together."""


@dataclass(frozen=True, slots=True)
class Item:
    """One page inside a message."""

    incident_id: str
    chain_id: str | None
    user_id: str
    level: int | None
    kind: str
    condition: str
    why: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One external message as claimed."""

    id: str
    channel: str
    user_id: str | None
    method_id: str | None
    address: str
    urgency: str
    kind: str
    attempt: int
    first_tried_at: datetime | None
    notice: Mapping[str, Any] | None


def waiting(conn: Connection, bundles: Iterable[Bundle]) -> dict[Bundle, str]:
    """The open message of each bundle, locked so that nobody claims it meanwhile."""
    query = (
        select(sends.c.id, sends.c.contact_method_id, sends.c.urgency)
        .where(tuple_(sends.c.contact_method_id, sends.c.urgency).in_(list(bundles)))
        .where(sends.c.state == "waiting", sends.c.kind != "notice")
        .order_by(sends.c.id)
        .with_for_update()
    )
    return {(row.contact_method_id, row.urgency): row.id for row in conn.execute(query)}


def last_handed(conn: Connection, bundles: Iterable[Bundle]) -> dict[Bundle, datetime]:
    """When each bundle last had a message handed over."""
    w = bundle_windows.c
    query = select(bundle_windows).where(tuple_(w.contact_method_id, w.urgency).in_(list(bundles)))
    return {(row.contact_method_id, row.urgency): row.last_at for row in conn.execute(query)}


def new_send(
    channel: str, user_id: str | None, method_id: str | None, address: str, urgency: str, kind: str,
    due_at: datetime, now: datetime, notice: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A row for a message that waits until `due_at`."""
    return {
        "id": ids.ordered(now), "channel": channel, "user_id": user_id, "contact_method_id": method_id,
        "address": address, "urgency": urgency, "kind": kind, "state": "waiting", "due_at": due_at, "attempt": 0,
        "notice": notice, "created_at": now,
    }  # fmt: skip


def add(conn: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store new messages."""
    insert_rows(conn, sends, rows)


def put_items(conn: Connection, into: Iterable[tuple[str, Item]], now: datetime) -> None:
    """Put pages into messages."""
    insert_rows(
        conn,
        items,
        (
            {
                "send_id": send_id, "incident_id": i.incident_id, "chain_id": i.chain_id, "user_id": i.user_id,
                "level": i.level, "kind": i.kind, "condition": i.condition, "why": i.why, "created_at": now,
                "state": "waiting", "request_id": i.request_id,
            }
            for send_id, i in into
        ),
    )  # fmt: skip


def hasten(conn: Connection, send_ids: Iterable[str], by: datetime) -> None:
    """Have these waiting messages go at `by` at the latest: a new page never waits out another's retries."""
    conn.execute(update(sends).where(sends.c.id.in_(list(send_ids)), sends.c.due_at > by).values(due_at=by))


def claim(conn: Connection, channel: str, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Send]:
    """Take up to `limit` messages that are due, high urgency first; their lease is real time. Held: none."""
    real = real_now()
    s = sends.c
    due = or_(
        s.state.in_(("waiting", "unknown")) & (s.due_at <= now),
        (s.state == "sending") & (s.lease_until < real),
    )
    found = (
        select(s.id).where(s.channel == channel, due, ~_HELD).order_by(s.urgency == "low", s.due_at).limit(limit)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    taken = (
        update(sends)
        .where(s.id.in_(found.scalar_subquery()))
        .values(
            state="sending",
            attempt=s.attempt + 1,
            owner=owner,
            lease_until=real + lease,
            first_tried_at=func.coalesce(s.first_tried_at, now),
        )
        .returning(*sends.c)
    )
    return [_send(row) for row in conn.execute(taken)]


def _send(r: Any) -> Send:
    return Send(
        r.id, r.channel, r.user_id, r.contact_method_id, r.address, r.urgency, r.kind, r.attempt, r.first_tried_at,
        r.notice,
    )  # fmt: skip


def free(conn: Connection, owner: str, now: datetime) -> None:
    """Messages in the hands of a process that is known to be dead: nobody knows whether they went, so try again."""
    conn.execute(
        update(sends)
        .where(sends.c.owner == owner, sends.c.state == "sending")
        .values(state="unknown", due_at=now, lease_until=None, owner=None, why="the process that sent it died")
    )


def items_of(conn: Connection, send_ids: Sequence[str]) -> dict[str, list[tuple[int, Item]]]:
    """The waiting pages of these messages, oldest first, with their row ids."""
    i = items.c
    query = select(items).where(i.send_id.in_(send_ids), i.state == "waiting").order_by(i.id)
    found: dict[str, list[tuple[int, Item]]] = {}
    for r in conn.execute(query):
        item = Item(r.incident_id, r.chain_id, r.user_id, r.level, r.kind, r.condition, r.why, r.request_id)
        found.setdefault(r.send_id, []).append((r.id, item))
    return found


def drop_items(conn: Connection, reasons: Mapping[int, str]) -> None:
    """Pages that mean nothing any more, each with its reason."""
    by_reason: dict[str, list[int]] = {}
    for id, reason in reasons.items():
        by_reason.setdefault(reason, []).append(id)
    for reason, ids_ in by_reason.items():
        conn.execute(update(items).where(items.c.id.in_(ids_)).values(state="dropped", reason=reason))


def drop_of(conn: Connection, user_id: str, why: str) -> None:
    """Nothing that waits is sent to this person any more."""
    mine = (sends.c.user_id == user_id) & sends.c.state.in_(("waiting", "unknown"))
    conn.execute(update(sends).where(mine).values(state="dropped", why=why))


def mark(conn: Connection, send: Send, **values: Any) -> bool:
    """Write how the send ended, if this attempt is still the newest."""
    marked = conn.execute(
        update(sends)
        .where(sends.c.id == send.id, sends.c.attempt == send.attempt, sends.c.state == "sending")
        .values(lease_until=None, owner=None, **values)
    )
    return marked.rowcount == 1


def mark_items(conn: Connection, send_id: str, state: str, reason: str | None = None) -> None:
    """All waiting pages of a message end alike."""
    where = (items.c.send_id == send_id) & (items.c.state == "waiting")
    conn.execute(update(items).where(where).values(state=state, reason=reason))


def handed_over(conn: Connection, bundle: Bundle, now: datetime) -> None:
    """Start the bundle's minute."""
    rows = [{"contact_method_id": bundle[0], "urgency": bundle[1], "last_at": now}]
    insert_rows(
        conn,
        bundle_windows,
        rows,
        "(contact_method_id, urgency) DO UPDATE SET last_at = excluded.last_at",
    )


def join(conn: Connection, send: Send, other_id: str, due_at: datetime) -> None:
    """Move a failed message's pages into the bundle's newer one, which inherits its tries."""
    conn.execute(update(items).where(items.c.send_id == send.id, items.c.state == "waiting").values(send_id=other_id))
    conn.execute(
        update(sends)
        .where(sends.c.id == other_id)
        .values(
            attempt=func.greatest(sends.c.attempt, send.attempt),
            due_at=func.greatest(sends.c.due_at, due_at),
            first_tried_at=func.coalesce(sends.c.first_tried_at, send.first_tried_at),
        )
    )


def note_health(conn: Connection, channel: str, now: datetime, failure: str | None) -> None:
    """Keep what the channel last did, for /readyz, /metrics and /app."""
    conn.execute(
        text(
            """
            INSERT INTO channel_health AS h (channel, last_success_at, last_failure_at, why, failures)
            VALUES (:channel, CASE WHEN :ok THEN CAST(:now AS timestamptz) END,
                    CASE WHEN NOT :ok THEN CAST(:now AS timestamptz) END, :why, CASE WHEN :ok THEN 0 ELSE 1 END)
            ON CONFLICT (channel) DO UPDATE SET
                last_success_at = coalesce(excluded.last_success_at, h.last_success_at),
                last_failure_at = coalesce(excluded.last_failure_at, h.last_failure_at),
                why = coalesce(excluded.why, h.why),
                failures = CASE WHEN :ok THEN 0 ELSE h.failures + 1 END
            """
        ),
        {"channel": channel, "ok": failure is None, "now": now, "why": failure},
    )


def health(conn: Connection) -> dict[str, Any]:
    """What each channel last did."""
    return {row.channel: row for row in conn.execute(select(channel_health))}


def next_due(conn: Connection, channel: str | None = None) -> datetime | None:
    """When the earliest waiting message is due, of one channel or of all."""
    query = select(func.min(sends.c.due_at)).where(sends.c.state.in_(("waiting", "unknown")))
    if channel is not None:
        query = query.where(sends.c.channel == channel)
    earliest: datetime | None = conn.scalar(query)
    return earliest


def in_flight(conn: Connection) -> bool:
    """Whether a message is being sent right now."""
    return conn.scalar(select(sends.c.id).where(sends.c.state == "sending").limit(1)) is not None
