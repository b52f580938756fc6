"""The record of what was sent, as the wire lists it (core:N50-N53)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from tocsin.accounts.store.tables import users
from tocsin.incidents.store.queries import seen
from tocsin.incidents.store.tables import incidents
from tocsin.incidents.wire.entries import NOTIFICATIONS
from tocsin.notifications.store.tables import items, sends
from tocsin.rest.permissions import EVERYTHING, Sight


def tried(since: datetime, until: datetime, wire_type: str | None, sight: Sight = EVERYTHING) -> Select[Any]:
    """Pages that were tried in this window, newest first, with their person's name."""
    s = sends.c
    found = (
        select(sends, users.c.name.label("user_name"), users.c.deleted_at.label("user_deleted_at"))
        .outerjoin(users, users.c.id == s.user_id)
        .where(s.kind != "notice", s.first_tried_at >= since, s.first_tried_at < until)
        .order_by(s.first_tried_at.desc(), s.id.desc())
    )
    if not sight.everything:
        about = select(items.c.send_id).join(incidents, incidents.c.id == items.c.incident_id).where(seen(sight))
        found = found.where(or_(s.user_id == sight.user_id, s.id.in_(about.scalar_subquery())))
    if wire_type is None:
        return found
    return found.where(s.channel.in_([channel for channel, type in NOTIFICATIONS.items() if type == wire_type]))
