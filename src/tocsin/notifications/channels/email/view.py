"""What a mail shows, ready to print: cleaned, cut, and in the person's own time.

1. Times stand in the person's zone, and in UTC where that differs; an unknown zone reads as UTC, never as an error.
2. A value of the details is cut at 500 characters (core:N47), and at most 20 details stand in a mail.
3. Only http and https addresses become links; anything else stays text.
4. A digest lists 50 incidents and counts the rest (core:N40, core:N54).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from tocsin.notifications.channels.email.plain import cut, fenced, line, paragraph
from tocsin.notifications.model import Asked, Message, PagedIncident, listed

LONGEST_TITLE: Final = 1024
LONGEST_BRIEF: Final = 200
LONGEST_WORD: Final = 120
LONGEST_VALUE: Final = 500
MOST_DETAILS: Final = 20
MOST_LINKS: Final = 20


@dataclass(frozen=True, slots=True)
class Link:
    """`url` is empty where the address must not be followed."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class AskedView:
    """A call for help."""

    by: str
    message: tuple[str, ...]
    conference_number: str
    conference: Link
    join_url: str
    decline_url: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    number: int
    title: str
    brief: str
    service: str
    urgency: str
    status: str
    triggered: str
    age: str
    why: str
    severity: str
    source: str
    details: tuple[tuple[str, str], ...]
    more_details: int
    links: tuple[Link, ...]
    html_url: str
    acknowledge_url: str
    resolve_url: str
    asked: AskedView | None

    @property
    def high(self) -> bool:
        return self.urgency == "High" or self.asked is not None


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail: `more` is how many incidents there are beyond the listed ones."""

    again: bool
    name: str
    incidents: tuple[IncidentView, ...]
    total: int
    more: int
    html_url: str
    notice_subject: str
    notice: tuple[str, ...]
    button: str
    notice_html: str
    unsubscribe_url: str

    @property
    def asks(self) -> bool:
        return any(incident.asked for incident in self.incidents)

    @property
    def high(self) -> bool:
        return any(incident.high for incident in self.incidents)


def view(message: Message, now: datetime) -> MailView:
    shown = listed(message.incidents)
    zone = zone_of(message.time_zone)
    total = max(message.total, len(message.incidents))
    return MailView(
        again=message.kind == "re-page",
        name=cut(line(message.to_name), LONGEST_WORD),
        incidents=tuple(_incident(incident, zone, now) for incident in shown),
        total=total,
        more=total - len(shown),
        html_url=address(message.html_url),
        notice_subject=cut(line(message.notice_subject), LONGEST_TITLE),
        notice=_paragraphs(message.notice_text),
        button=cut(line(message.notice_button), LONGEST_WORD) or "Open in Tocsin",
        notice_html=message.notice_html,
        unsubscribe_url=address(message.unsubscribe_url),
    )


def _incident(incident: PagedIncident, zone: tzinfo, now: datetime) -> IncidentView:
    return IncidentView(
        number=incident.number,
        title=fenced(cut(line(incident.title), LONGEST_TITLE)) or "(no title)",
        brief=fenced(cut(line(incident.title), LONGEST_BRIEF)) or "(no title)",
        service=fenced(cut(line(incident.service), LONGEST_WORD)),
        urgency=line(incident.urgency).capitalize(),
        status=line(incident.status),
        triggered=moment(incident.triggered_at, zone),
        age=age(incident.triggered_at, now),
        why=line(incident.why) or _plain_reason(incident.level),
        severity=line(incident.severity or ""),
        source=fenced(cut(line(incident.source or ""), LONGEST_VALUE)),
        details=tuple(_detail(name, value) for name, value in incident.details[:MOST_DETAILS]),
        more_details=max(0, len(incident.details) - MOST_DETAILS),
        links=tuple(_link(href, text) for href, text in incident.links[:MOST_LINKS]),
        html_url=address(incident.html_url),
        acknowledge_url=address(incident.acknowledge_url),
        resolve_url=address(incident.resolve_url),
        asked=_asked(incident.asked) if incident.asked else None,
    )


def _asked(asked: Asked) -> AskedView:
    return AskedView(
        by=cut(line(asked.by), LONGEST_WORD) or "Somebody",
        message=_paragraphs(asked.message),
        conference_number=cut(line(asked.conference_number), LONGEST_WORD),
        conference=_link(asked.conference_url, asked.conference_url),
        join_url=address(asked.join_url),
        decline_url=address(asked.decline_url),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in paragraph(text).split("\n\n"))))


def _plain_reason(level: int | None) -> str:
    return "This incident is assigned to you." if level is None else f"You are on call at level {level}."


def _detail(name: str, value: str) -> tuple[str, str]:
    return fenced(cut(line(name), LONGEST_WORD)), cut(paragraph(value), LONGEST_VALUE)


def _link(href: str, text: str) -> Link:
    url = address(href)
    return Link(url=url, text=fenced(cut(line(text) or url or line(href), LONGEST_WORD)))


def address(text: str) -> str:
    """A web address safe to print and to follow, or nothing."""
    text = quote(line(text), safe=":/?#[]@!$&'()*+,;=%~-._", encoding="utf-8", errors="replace")
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def zone_of(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def moment(at: datetime, zone: tzinfo) -> str:
    """An instant in the person's zone, such as `Sat 21 Nov, 04:12 CET (03:12 UTC)`."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    shown = f"{local:%a} {local.day} {local:%b, %H:%M}"
    if name == "UTC":
        return f"{shown} UTC"
    return f"{shown} {name if name.isalpha() else 'UTC' + name} ({at.astimezone(UTC):%H:%M} UTC)"


def age(since: datetime, now: datetime) -> str:
    """How long an incident has stood open, in the two largest units that tell something."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    if hours == 0:
        return f"{minutes} min"
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min"
