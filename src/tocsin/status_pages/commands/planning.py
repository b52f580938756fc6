"""From a status update to a letter for everybody whom it reaches (core:I91, core:N32).

1. Some hundred people a transaction, in the order of their ids, with the place remembered: a worker that dies leaves
   nobody out and writes to nobody twice.
2. The letters go on a lane of their own, apart from pages: however many there are, no page waits for one.
3. Who may not see the incident by then is passed over. A person's rules for status updates say where to; whoever has
   none that Tocsin can use gets it at the login address.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from tocsin.accounts.store.responders import held
from tocsin.accounts.store.tables import contact_methods, status_update_rules, users
from tocsin.core.db import Tx
from tocsin.incidents.store import queries as incident_queries
from tocsin.incidents.store.tables import incidents
from tocsin.notifications.commands.broadcasting import Broadcast, announce, write_to
from tocsin.status_pages.logic import html
from tocsin.status_pages.store import subscriptions as stored
from tocsin.status_pages.store.sight import able
from tocsin.status_pages.store.tables import status_updates

AT_ONCE = 500
_UNPLANNED = status_updates.c.planned_at.is_(None)


def waiting(conn: Connection) -> bool:
    """Whether an update has still to reach somebody."""
    return bool(conn.scalar(select(exists().where(_UNPLANNED))))


def plan(tx: Tx, most: int = AT_ONCE) -> int:
    """Letters of the oldest update to the next people whom it reaches; how many people were looked at, 1 at least
    where there was an update (0: none, another is at work on it, or the install is held)."""
    if held(tx.conn):
        return 0
    query = select(status_updates).where(_UNPLANNED).order_by(status_updates.c.created_at, status_updates.c.id)
    row = tx.conn.execute(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return 0
    incident = tx.conn.execute(select(incidents).where(incidents.c.id == row.incident_id)).one()
    if row.planned_to is None:
        announce(tx, _letter(row, incident))
    about = stored.capabilities(tx.conn, incident.id, incident.service_id)
    people = stored.reached(tx.conn, row.incident_id, about, row.planned_to or "", most)
    standing = incident_queries.standings(tx.conn, [incident.id])[incident.id]
    write_to(tx, row.id, _addresses(tx.conn, sorted(able(tx.conn, people, standing))))
    done = {"planned_at": tx.now} if len(people) < most else {}
    place = {"planned_to": people[-1] if people else row.planned_to or ""}
    tx.conn.execute(update(status_updates).where(status_updates.c.id == row.id).values(place | done))
    return max(1, len(people))


def _letter(row: Row[Any], incident: Row[Any]) -> Broadcast:
    about = f"#{incident.number} {incident.title}"
    body = html.safe(row.html_message, images=True) if row.html_message else ""
    text = html.words(row.html_message) if row.html_message else row.message
    return Broadcast(row.id, row.incident_id, row.subject or f"Update on {about}", text, body)


def _addresses(conn: Connection, people: Iterable[str]) -> list[tuple[str, str | None, str]]:
    """(person, contact method, address) of everybody, each address of a person once."""
    r, m, u = status_update_rules.c, contact_methods.c, users.c
    wanted = list(people)
    usable = (m.type == "email") & m.enabled & ~m.blacklisted
    chosen = (
        select(r.user_id, m.id, m.address)
        .join(contact_methods, m.id == r.contact_method_id)
        .where(r.user_id.in_(wanted), usable)
        .order_by(r.user_id, r.created_at, r.id)
    )
    found: dict[tuple[str, str], str | None] = {}
    for user, method, address in conn.execute(chosen):
        found.setdefault((user, address), method)
    without = set(wanted) - {user for user, _ in found}
    for id, email in conn.execute(select(u.id, u.email).where(u.id.in_(without)).order_by(u.id)):
        found[id, email] = None
    return [(user, method, address) for (user, address), method in found.items()]
