"""Hand-off notification rules: rows with the contact methods that they use."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.accounts.store.tables import contact_methods, handoff_rules, users

Rows = Sequence[Row[Any]]


def of_users(conn: Connection, user_ids: Iterable[str]) -> Rows:
    """Rules of these people who are still here, oldest first, each with what its contact method is and its person."""
    r, m = handoff_rules.c, contact_methods.c
    query = (
        select(
            handoff_rules, m.type.label("method_type"), m.label, m.address, m.enabled, m.blacklisted,
            users.c.time_zone, users.c.name.label("user_name"),
        )
        .join(contact_methods, m.id == r.contact_method_id)
        .join(users, users.c.id == r.user_id)
        .where(r.user_id.in_(list(user_ids)), users.c.deleted_at.is_(None))
        .order_by(r.created_at, r.id)
    )  # fmt: skip
    return conn.execute(query).all()
