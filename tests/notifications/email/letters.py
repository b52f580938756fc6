"""Messages for the tests of e-mail, and a reader of what was composed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from tocsin.notifications.model import Message, PagedIncident

NOW = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
SENDER = "Tocsin <tocsin@pager.example>"

DISK = PagedIncident(
    id="Q0DISK",
    number=42,
    title="Disk full on db-1",
    service="Payments database",
    urgency="high",
    status="triggered",
    triggered_at=NOW - timedelta(minutes=5),
    level=2,
    why="You are on call at level 2 of Payments, because nobody answered at level 1 for 5 minutes.",
    severity="critical",
    source="db-1.prod.example",
    details=(("free", "0.3 %"), ("mount", "/var/lib/postgresql"), ("log", "line one\nline two")),
    links=(("https://runbooks.example/disk?a=1&b=2", "Runbook: disk full"),),
    html_url="https://pager.example/app/incidents/Q0DISK",
    acknowledge_url="https://pager.example/app/answer/k1.ack.sig",
    resolve_url="https://pager.example/app/answer/k1.res.sig",
)


def incident(number: int = 42, **changes: Any) -> PagedIncident:
    own = {
        "id": f"Q{number:05}",
        "number": number,
        "html_url": f"https://pager.example/app/incidents/Q{number:05}",
        "acknowledge_url": f"https://pager.example/app/answer/k1.ack{number}.sig",
        "resolve_url": f"https://pager.example/app/answer/k1.res{number}.sig",
    }
    return replace(DISK, **{**own, **changes})


def page(*incidents: PagedIncident, **changes: Any) -> Message:
    shown = incidents or (DISK,)
    message = Message(
        key="send-1",
        to="alice@example.com",
        to_name="Alice Adams",
        kind="page",
        incidents=shown,
        total=len(shown),
        time_zone="Europe/Berlin",
        html_url="https://pager.example/app/incidents",
    )
    return replace(message, **changes)


def notice(subject: str, text: str, **changes: Any) -> Message:
    return page(kind="notice", notice_subject=subject, notice_text=text, **{"incidents": (), "total": 0, **changes})


def read_back(mail: EmailMessage) -> EmailMessage:
    """The mail as its reader gets it: through bytes and a parser."""
    parsed = BytesParser(policy=default).parsebytes(mail.as_bytes())
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    text = body.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")
