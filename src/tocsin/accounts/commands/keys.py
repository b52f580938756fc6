"""REST keys: given out once in clear, stored as SHA-256 (SPINE 8)."""

import hashlib

from tocsin.accounts.store import tables
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.core.recorded import Subject, change, create, live


def digest(secret: str) -> bytes:
    """What is stored of a key or a session token."""
    return hashlib.sha256(secret.encode()).digest()


def issue(tx: Tx, actor: Actor, user_id: str | None, description: str, read_only: bool = False) -> str:
    """A new key of a user, or of the account when `user_id` is None; this is the only time it is seen."""
    key, id = ids.api_key(), ids.thing()
    row = {
        "id": id, "tail": key[-4:], "user_id": user_id, "read_only": read_only, "description": description,
        "created_by": actor.user_id, "created_at": tx.now,
    }  # fmt: skip
    subject = Subject("api_key", id, description, ("user", user_id) if user_id else None)
    create(tx, actor, tables.api_keys, row | {"sha256": digest(key)}, subject)
    return key


def revoke(tx: Tx, actor: Actor, key_id: str) -> None:
    """End a key; every process notices within five seconds."""
    row = live(tx.conn, tables.api_keys, key_id, lock=True)
    if row is None:
        raise NotFound()
    root = ("user", row.user_id) if row.user_id else None
    change(tx, actor, tables.api_keys, row, {"revoked_at": tx.now}, Subject("api_key", row.id, row.description, root))
