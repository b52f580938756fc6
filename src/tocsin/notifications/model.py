"""What a page is and what became of it: the contract between the sender of pages and every channel.

1. A send ends in one of three ways: handed over (`Sent`), surely not handed over (`Failed`), or nobody can tell
   (`Unknown`, sent again under the same idempotency key). SPINE 3.
2. `Failed.permanent` means that no retry can help: this address refuses. Trouble with our own relay is never permanent.
3. A summary lists at most 50 incidents and counts the rest. core:N40, core:N54.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

MOST_LISTED: Final = 50

Kind = Literal["page", "re-page", "request", "notice"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it; `receipt` is the provider's own answer, for the notification log."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was surely not handed over; `retry_at` is the provider's wish, if it voiced one."""

    permanent: bool
    why: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been handed over: send it again with the same key."""

    why: str


Outcome = Sent | Failed | Unknown


@dataclass(frozen=True, slots=True)
class Asked:
    """A call for help with an incident: who asks, in which words, where to meet, and the links that answer."""

    by: str
    message: str
    conference_number: str
    conference_url: str
    join_url: str
    decline_url: str


@dataclass(frozen=True, slots=True)
class PagedIncident:
    """One incident as the person reads it. `links` are (href, text); `details` are (name, value); times are UTC.

    With `asked` the person is called to help with it, whoever has it.
    """

    id: str
    number: int
    title: str
    service: str
    urgency: str
    status: str
    triggered_at: datetime
    level: int | None
    why: str
    severity: str | None
    source: str | None
    details: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    html_url: str
    acknowledge_url: str
    resolve_url: str
    asked: Asked | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address of one person.

    `key` is the idempotency key, `incidents` are the listed ones (rule 3) and `total` counts all of them;
    `time_zone` is the person's IANA zone, `html_url` the page where everything stands. A notice carries its own words,
    in `notice_html` safe ones; with an `unsubscribe_url` it is one of many that the person may end.
    """

    key: str
    to: str
    to_name: str
    kind: Kind
    incidents: tuple[PagedIncident, ...]
    total: int
    time_zone: str
    html_url: str
    notice_subject: str = ""
    notice_text: str = ""
    notice_button: str = ""
    notice_html: str = ""
    unsubscribe_url: str = ""


class Channel(Protocol):
    async def send(self, message: Message) -> Outcome: ...


def listed(incidents: Sequence[PagedIncident]) -> tuple[PagedIncident, ...]:
    """The incidents that a summary names one by one (rule 3)."""
    return tuple(incidents[:MOST_LISTED])
