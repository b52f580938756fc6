"""Status updates: written once, kept, on the incident's ledger, and sent to everybody who wants to hear (core:I91).

1. `subject` and `html_message` come as a pair or not at all: they take the place of the mail's own words.
2. Whoever writes one waits for nobody: the letters are planned afterwards, some hundred at a time (`planning`).
"""

from typing import Any

from sqlalchemy import Row, func, insert, select

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.effects import WAKE
from tocsin.core.errors import Invalid
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import StatusUpdated
from tocsin.status_pages.store.tables import status_updates
from tocsin.status_pages.wire import UpdateBody

MOST = 2000


def publish(tx: Tx, actor: Actor, incident_id: str, body: UpdateBody) -> Row[Any]:
    """Write an update; the row it became. `Invalid` says what is missing."""
    subject, html = (body.subject or "").strip(), (body.html_message or "").strip()
    if bool(subject) != bool(html):
        raise Invalid("subject and html_message must be given together, or neither of them")
    if not body.message.strip():
        raise Invalid("message cannot be blank")
    mine = status_updates.c.incident_id == incident_id
    row = {
        "id": ids.thing(), "incident_id": incident_id, "sender_id": actor.user_id, "message": body.message,
        "subject": subject or None, "html_message": body.html_message if html else None, "created_at": tx.now,
    }  # fmt: skip
    act(tx, [(incident_id, StatusUpdated(actor, update_id=str(row["id"]), message=body.message))])
    if (tx.conn.scalar(select(func.count()).select_from(status_updates).where(mine)) or 0) >= MOST:
        raise Invalid(f"An incident can hold at most {MOST} status updates", code=2019)
    made = tx.conn.execute(insert(status_updates).values(row).returning(*status_updates.c)).one()
    tx.conn.execute(select(func.pg_notify(WAKE, "")))
    return made
