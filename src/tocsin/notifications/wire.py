"""Notifications on the wire (core:N51)."""

from typing import Any

from tocsin.accounts.wire import user_ref
from tocsin.incidents.wire.entries import NOTIFICATIONS

STATUSES = {"sent": "success", "failed": "failed", "dropped": "failed"}
"""core:G-15: what is still being tried is in progress."""


def notification(row: Any) -> dict[str, Any]:
    """One message to one address; it has no address of its own on the wire."""
    gone = row.user_name is None or row.user_deleted_at is not None
    return {
        "id": row.id,
        "type": NOTIFICATIONS.get(row.channel, f"{row.channel}_notification"),
        "started_at": row.first_tried_at,
        "address": None if row.channel == "push_notification" else row.address,
        "user": user_ref(row.user_id, row.user_name, gone) if row.user_id else None,
        "conferenceAddress": None,
        "status": STATUSES.get(row.state, "in_progress"),
    }
