"""A new text in the channel of a log entry (core:L6): what a person wrote when they opened the incident.

1. Only a trigger by a person has such a text, and the type that is given must be the present one.
2. The ledger keeps that it was written anew: the entry's own words stay, the new text stands beside them.
"""

from sqlalchemy import select, update

from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.incidents.store.tables import log_entries
from tocsin.incidents.wire.entries import channel_type


def rewrite(tx: Tx, entry_id: str, type: str, details: str) -> None:
    """Write the details of this entry's channel anew."""
    row = tx.conn.execute(select(log_entries).where(log_entries.c.id == entry_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound()
    if channel_type(row) != type:
        raise Invalid(f"type cannot be changed: the channel of this log entry is of the type {channel_type(row)}")
    told = {**(row.details or {}), "channel_details": details.replace("\x00", "\ufffd")}
    tx.conn.execute(update(log_entries).where(log_entries.c.id == entry_id).values(details=told))
