"""One letter to many: its words are kept once, its messages stand on a lane of their own (SPINE 3).

However many there are, no page waits for one: the lane `email_updates` has its own thread and its own connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from tocsin.core.db import Tx, insert_rows
from tocsin.notifications.store import sends
from tocsin.notifications.store.tables import broadcasts

LANE = "email_updates"


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What everybody reads; `html` is safe already, and empty where the text is all there is."""

    id: str
    incident_id: str
    subject: str
    text: str
    html: str


def announce(tx: Tx, letter: Broadcast) -> None:
    """Keep the words of a letter."""
    insert_rows(tx.conn, broadcasts, [asdict(letter) | {"created_at": tx.now}], "(id) DO NOTHING")


def write_to(tx: Tx, broadcast_id: str, to: Iterable[tuple[str, str | None, str]]) -> None:
    """A message of this letter to each (person, contact method, address)."""
    told = {"broadcast": broadcast_id}
    rows = [
        sends.new_send(LANE, user, method, address, "low", "notice", tx.now, tx.now, told)
        for user, method, address in to
    ]
    sends.add(tx.conn, rows)
    if rows:
        tx.conn.execute(text("SELECT pg_notify('tocsin_send', '')"))


def letters(conn: Connection, notices: Iterable[Mapping[str, Any] | None]) -> dict[str, Broadcast]:
    """The letters that these notices are copies of."""
    wanted = {notice["broadcast"] for notice in notices if notice and "broadcast" in notice}
    if not wanted:
        return {}
    rows = conn.execute(select(broadcasts).where(broadcasts.c.id.in_(wanted)))
    return {row.id: Broadcast(row.id, row.incident_id, row.subject, row.text, row.html) for row in rows}
