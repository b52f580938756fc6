"""What subscriptions and extensions share: their endpoint, which is switched off and on again (core:H8)."""

from typing import Any

from sqlalchemy import Row, delete, insert, update

from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.outbound import BadAddress, Outbound
from tocsin.webhooks.store import ledger, queues
from tocsin.webhooks.store.tables import endpoints

OFF = "it was switched off"


def check_url(outbound: Outbound, url: str) -> None:
    """`Invalid` unless a request may be sent there, as far as its form tells."""
    try:
        outbound.check(url)
    except BadAddress as error:
        raise Invalid(str(error)) from None


def begin(tx: Tx, id: str, type: str) -> None:
    """Something new listens: from now on the ledger is followed for it."""
    ledger.begin(tx.conn)
    tx.conn.execute(insert(endpoints).values(id=id, type=type))


def end(tx: Tx, id: str) -> None:
    """It listens no longer: what waits for it goes, and its log."""
    queues.lock(tx.conn, [id], alone=True)
    tx.conn.execute(delete(endpoints).where(endpoints.c.id == id))


def silence(tx: Tx, id: str) -> None:
    """Switched off by a person: what waits is not sent."""
    queues.lock(tx.conn, [id], alone=True)
    queues.empty(tx.conn, id, OFF)


def enable(tx: Tx, id: str) -> dict[str, Any]:
    """End a switching-off for its failures; how it stood before."""
    found = queues.lock(tx.conn, [id], alone=True)
    values = {"disabled_until": None, "disabled_why": None, "dropped": 0, "failing": False}
    tx.conn.execute(update(endpoints).where(endpoints.c.id == id).values(values))
    row: Row[Any] | None = found.get(id)
    return {"disabled_why": row.disabled_why if row else None}
