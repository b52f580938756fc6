"""An incident's ledger, alerts and notes, as its page shows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from tocsin.incidents.store.tables import alerts, log_entries
from tocsin.notifications.channels.email.view import address
from tocsin.notifications.commands.sending import details_of
from tocsin.services.store.tables import integrations
from tocsin.web.queries import names

SHOWN = 100
MOST = 5000
ALERTS = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger with its people's names."""

    id: str
    at: datetime
    type: str
    actor_kind: str
    actor: str
    channel: str
    reason: str
    level: int | None
    user: str
    people: tuple[str, ...]
    details: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def entries(conn: Connection, incident_id: str, every: bool) -> tuple[list[Entry], int]:
    """The newest lines first, and how many older ones are left out."""
    e = log_entries.c
    mine = e.incident_id == incident_id
    most = MOST if every else SHOWN
    rows = conn.execute(select(log_entries).where(mine).order_by(e.seq.desc()).limit(most)).all()
    total = conn.scalar(select(func.count()).select_from(log_entries).where(mine)) or 0
    called = names.people(conn, {id for row in rows for id in (*row.assignees, row.user_id) if id})
    return [_entry(row, called) for row in rows], total - len(rows)


def _entry(row: Any, called: names.Names) -> Entry:
    return Entry(
        row.id, row.at, row.type, row.actor_kind, row.actor_name, row.channel, row.reason, row.level,
        called.get(row.user_id or "", ""), tuple(called.get(id, id) for id in row.assignees),
        row.details or {}, row.before or {}, row.after or {},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """`url` is empty where the address must not be followed."""

    text: str
    url: str
    image: bool


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert with what its source told."""

    id: str
    summary: str
    severity: str
    status: str
    created_at: datetime
    updated_at: datetime
    event_count: int
    dedup_key: str
    integration: str
    source: str
    facts: tuple[tuple[str, str], ...]
    details: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]
    held_why: str | None


def of_incident(conn: Connection, incident_id: str) -> tuple[list[ShownAlert], int]:
    """The incident's alerts, open ones first, and how many are left out."""
    a = alerts.c
    mine = a.incident_id == incident_id
    query = (
        select(alerts, integrations.c.name.label("integration"))
        .outerjoin(integrations, integrations.c.id == a.integration_id)
        .where(mine)
        .order_by(a.status == "resolved", a.created_at, a.id)
        .limit(ALERTS)
    )
    rows = conn.execute(query).all()
    total = len(rows) if len(rows) < ALERTS else conn.scalar(select(func.count()).select_from(alerts).where(mine)) or 0
    return [_alert(row) for row in rows], total - len(rows)


_FACTS = {"source_component": "Component", "service_group": "Group", "event_class": "Class", "client": "Sent by"}


def _alert(row: Any) -> ShownAlert:
    body = row.body if isinstance(row.body, dict) else {}
    given = body.get("cef_details")
    cef: dict[str, Any] = given if isinstance(given, dict) else {}
    told = ((label, cef.get(name)) for name, label in _FACTS.items())
    return ShownAlert(
        id=row.id, summary=row.summary, severity=row.severity, status=row.status, created_at=row.created_at,
        updated_at=row.updated_at, event_count=row.event_count, dedup_key=row.dedup_key,
        integration=row.integration or "", source=_text(cef.get("source_origin")),
        facts=tuple((label, _text(value)) for label, value in told if value),
        details=details_of(cef.get("details")),
        links=_links(cef, body), held_why=row.held_why,
    )  # fmt: skip


def _links(cef: dict[str, Any], body: dict[str, Any]) -> tuple[Link, ...]:
    given = cef.get("contexts") or body.get("contexts") or ()
    found = [_link(context) for context in given if isinstance(context, dict)] if isinstance(given, list) else []
    if cef.get("client_url"):
        url = _text(cef["client_url"])
        found.append(Link(_text(cef.get("client")) or url, address(url), False))
    return tuple(found)


def _link(context: dict[str, Any]) -> Link:
    image = context.get("type") == "image"
    url = _text(context.get("src") if image else context.get("href"))
    text = _text(context.get("alt") if image else context.get("text"))
    return Link(text or url, address(url), image)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def described(body: Any) -> str:
    """What a person wrote when they opened the incident by hand."""
    details = body.get("details") if isinstance(body, dict) else None
    return details if isinstance(details, str) else ""
