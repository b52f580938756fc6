"""A calendar of on-call shifts as iCalendar text (RFC 5545, RFC 7986; core:S50).

1. One event a shift; its UID is made of schedule, person and start, so a calendar that reads again knows it.
2. Times are in UTC: right across changes of the clocks in every reader, and no zone has to be described.
3. A shift takes nobody's time from meetings: it is transparent, and asks for no alarm.
4. DTSTAMP is the hour of reading: what did not change reads the same for an hour, so that readers may keep it.
5. A calendar must hold one component at least: one without events describes its zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vText

REFRESH = timedelta(hours=1)
PRODUCT = "-//Tocsin//On-call calendar//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """One shift as its event tells it. `key` names schedule and person for ever."""

    key: str
    start: datetime
    end: datetime
    summary: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar's name, its IANA zone for readers that show one, and its shifts."""

    name: str
    time_zone: str
    entries: tuple[Entry, ...]


def hour_of(now: datetime) -> datetime:
    """The instant that a calendar read now is stamped with."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def text(feed: Feed, now: datetime) -> bytes:
    """The calendar."""
    calendar = _calendar(feed)
    for event in _events(feed.entries, hour_of(now)):
        calendar.add_component(event)
    if not feed.entries:
        calendar.add_component(_zone(feed.time_zone, now))
    return bytes(calendar.to_ical())


def _calendar(feed: Feed) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", _plain(feed.name))
    calendar.add("x-wr-calname", _plain(feed.name))
    calendar.add("x-wr-timezone", _plain(feed.time_zone))
    calendar.add("refresh-interval", REFRESH, {"value": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def _events(entries: Iterable[Entry], stamp: datetime) -> Iterable[Event]:
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}-{entry.start:%Y%m%dT%H%M%SZ}@tocsin")
        event.add("dtstamp", stamp)
        event.add("dtstart", entry.start)
        event.add("dtend", entry.end)
        event.add("summary", _plain(entry.summary))
        event.add("description", _plain(entry.description))
        event.add("url", entry.url)
        event.add("transp", "TRANSPARENT")
        yield event


def _plain(text: str) -> vText:
    """Text that readers take: control characters are none (RFC 5545, 3.1), whoever named a schedule so."""
    return vText("".join(char if char.isprintable() else " " for char in text))


def _zone(name: str, now: datetime) -> Timezone:
    first = now.date().replace(month=1, day=1)
    return Timezone.from_tzinfo(ZoneInfo(name), name, first, first.replace(year=first.year + 1))
