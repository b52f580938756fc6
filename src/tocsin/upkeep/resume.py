"""`tocsin resume`: what is stale in a restored install, and the end of the hold.

1. Looking changes nothing; resuming is one transaction that ends by waking every worker.
2. `drop_stale`: pages of open incidents older than that are dropped with a reason (waiting messages and webhooks, pages
   still to be planned, steps of notification rules still to come). No incident is resolved or left without a next step:
   escalation goes on, and pages again at the next level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, text, update

from tocsin.accounts.store import people
from tocsin.accounts.store.responders import held
from tocsin.accounts.store.tables import account
from tocsin.core import actor
from tocsin.core.db import Tx
from tocsin.core.effects import effects
from tocsin.core.recorded import Subject, change
from tocsin.core.timers import clear, timers
from tocsin.incidents.commands.table import lay
from tocsin.incidents.model import Paged
from tocsin.incidents.store.outcome import save_fold
from tocsin.incidents.store.tables import incidents
from tocsin.notifications.commands.planning import STEP
from tocsin.notifications.store.tables import chains, items, sends
from tocsin.webhooks.store.tables import deliveries

DAY = timedelta(days=1)
AGES = (("less than an hour", timedelta(), timedelta(hours=1)), ("up to a day", timedelta(hours=1), DAY))


@dataclass(frozen=True, slots=True)
class Stale:
    """What waits: (name, how many, the oldest)."""

    lines: Sequence[tuple[str, int, datetime | None]]


def look(tx: Tx) -> Stale | None:
    """What waits in this install; None when it is not held."""
    if not held(tx.conn):
        return None
    is_open, made = incidents.c.status != "resolved", incidents.c.created_at
    lines = [
        _line(tx.conn, f"open incidents, {name} old", made, is_open, made <= tx.now - least, made > tx.now - most)
        for name, least, most in AGES
    ]
    waiting = sends.c.state.in_(("waiting", "unknown"))
    return Stale([
        *lines,
        _line(tx.conn, "open incidents, older", made, is_open, made <= tx.now - DAY),
        _line(tx.conn, "messages to send", sends.c.created_at, waiting),
        _line(tx.conn, "pages and notices to plan", effects.c.created_at),
        _line(tx.conn, "webhooks to deliver", deliveries.c.created_at, deliveries.c.state == "waiting"),
        _line(tx.conn, "timers overdue", timers.c.due_at, timers.c.due_at <= tx.now),
    ])  # fmt: skip


def _line(
    conn: Connection, name: str, at: ColumnElement[datetime], *where: ColumnElement[bool]
) -> tuple[str, int, datetime | None]:
    count, oldest = conn.execute(select(func.count(), func.min(at)).where(*where)).one()
    return name, count, oldest


def resume(tx: Tx, drop_stale: float | None) -> int:
    """End the hold; how many pages were dropped."""
    row = people.the_account(tx.conn)
    dropped = 0 if drop_stale is None else _drop(tx, drop_stale)
    if row is not None:
        change(tx, actor.system(), account, row, {"held": False}, Subject("account", row.id, row.name))
    tx.conn.execute(text("SELECT pg_notify('tocsin_work', ''), pg_notify('tocsin_send', '')"))
    return dropped


def _drop(tx: Tx, hours: float) -> int:
    old = select(incidents.c.id).where(incidents.c.created_at < tx.now - timedelta(hours=hours))
    why = f"dropped at tocsin resume: the incident is older than {hours:g} hours"
    waiting = tx.conn.execute(
        update(items).where(items.c.state == "waiting", items.c.incident_id.in_(old))
        .values(state="dropped", reason=why).returning(items.c.incident_id, items.c.user_id, items.c.level)
    ).all()  # fmt: skip
    left = exists().where(items.c.send_id == sends.c.id, items.c.state == "waiting")
    open_send = sends.c.state.in_(("waiting", "unknown")) & (sends.c.kind != "notice")
    tx.conn.execute(update(sends).where(open_send, ~left).values(state="dropped", why=why))
    steps = tx.conn.scalars(delete(chains).where(chains.c.incident_id.in_(old)).returning(chains.c.id)).all()
    clear(tx.conn, [(id, STEP) for id in steps])
    told = (deliveries.c.subject.in_(old)) & (deliveries.c.state == "waiting")
    tx.conn.execute(update(deliveries).where(told).values(state="dropped", why=why))
    planned = tx.conn.execute(
        delete(effects).where(effects.c.kind == "page", effects.c.subject.in_(old))
        .returning(effects.c.subject, effects.c.body)
    )  # fmt: skip
    pages = [(row.subject, row.body["page"]["user_id"], row.body["page"]["level"]) for row in planned]
    pages += [(row.incident_id, row.user_id, row.level) for row in waiting]
    _tell(tx, pages, why)
    return len(pages)


def _tell(tx: Tx, pages: Sequence[tuple[str, str, int | None]], why: str) -> None:
    """Nothing is dropped silently: the timeline of each incident says so."""
    fold = lay(tx, {incident_id for incident_id, _, _ in pages})
    for incident_id, user_id, level in pages:
        if incident_id in fold.incidents:
            details = {"status": "dropped", "type": None, "address": None}
            fold.apply(incident_id, Paged(actor.system(), "auto", user_id, level, details, why))
    save_fold(tx.conn, fold)
