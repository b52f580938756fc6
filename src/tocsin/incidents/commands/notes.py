"""Notes on incidents, open or resolved (core:I90)."""

from typing import Any

from sqlalchemy import Row, func, insert, select, update

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import Noted
from tocsin.incidents.store.tables import incidents, notes

MOST_NOTES = 2000
LONGEST = 65_535


def _check(content: str) -> None:
    if not content.strip():
        raise Invalid("Content cannot be empty")
    if len(content) > LONGEST:
        raise Invalid(f"Content is too long (maximum is {LONGEST} characters)")


def add(tx: Tx, actor: Actor, incident_id: str, content: str) -> Row[Any]:
    """Write a note; the row it became."""
    content = content.replace("\x00", "\ufffd")
    _check(content)
    there = (notes.c.incident_id == incident_id) & notes.c.deleted_at.is_(None)
    if (tx.conn.scalar(select(func.count()).where(there)) or 0) >= MOST_NOTES:
        raise Invalid(f"An incident can hold at most {MOST_NOTES} notes")
    row = {
        "id": ids.thing(), "incident_id": incident_id, "user_id": actor.user_id, "channel": actor.channel,
        "content": content, "created_at": tx.now, "updated_at": tx.now,
    }  # fmt: skip
    act(tx, [(incident_id, Noted(actor, note_id=str(row["id"]), content=content))])
    return tx.conn.execute(insert(notes).values(row).returning(*notes.c)).one()


def change(tx: Tx, incident_id: str, note_id: str, content: str) -> Row[Any]:
    """Write a note anew; the row it became."""
    content = content.replace("\x00", "\ufffd")
    _check(content)
    changed = tx.conn.execute(
        update(notes).where(_is(incident_id, note_id)).values(content=content, updated_at=tx.now).returning(*notes.c)
    ).one_or_none()
    if changed is None:
        raise NotFound("Note not found")
    _touch(tx, incident_id)
    return changed


def remove(tx: Tx, incident_id: str, note_id: str) -> None:
    """Take a note back; the ledger keeps that it was written."""
    removed = tx.conn.execute(update(notes).where(_is(incident_id, note_id)).values(deleted_at=tx.now))
    if removed.rowcount == 0:
        raise NotFound("Note not found")
    _touch(tx, incident_id)


def _touch(tx: Tx, incident_id: str) -> None:
    """A changed note is a change of its incident (core:G-34)."""
    tx.conn.execute(update(incidents).where(incidents.c.id == incident_id).values(updated_at=tx.now))


def _is(incident_id: str, note_id: str) -> Any:
    n = notes.c
    return (n.id == note_id) & (n.incident_id == incident_id) & n.deleted_at.is_(None)
