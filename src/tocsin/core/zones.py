"""Time zones: their names, and the arithmetic between UTC and a wall clock.

1. A zone is named by its IANA name, in any case, or by the name that Rails gives it (core:K11).
2. Zone data comes from the pinned ``tzdata`` package, never from the machine (SPINE 5): two nodes with
   different system data would disagree about who is on call. Importing this module sees to it.
3. A wall time that the spring change skips moves forward by the gap; one that the autumn change repeats
   means its first occurrence (core:S13).

All instants and wall times here are whole microseconds since 1970-01-01T00:00, in UTC or on the wall.
"""

import zoneinfo
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache

import whenever

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Changes of offset are listed between these years; outside them the nearest known offset goes on.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200

whenever.reset_tzpath(())
whenever.clear_tzcache()
zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()

# IANA name -> the names Rails knows it by.
_RAILS = {
    "Etc/GMT+12": ("International Date Line West",),
    "Pacific/Pago_Pago": ("American Samoa",),
    "Pacific/Midway": ("Midway Island",),
    "Pacific/Honolulu": ("Hawaii",),
    "America/Juneau": ("Alaska",),
    "America/Los_Angeles": ("Pacific Time (US & Canada)",),
    "America/Tijuana": ("Tijuana",),
    "America/Denver": ("Mountain Time (US & Canada)",),
    "America/Phoenix": ("Arizona",),
    "America/Chihuahua": ("Chihuahua",),
    "America/Mazatlan": ("Mazatlan",),
    "America/Chicago": ("Central Time (US & Canada)",),
    "America/Regina": ("Saskatchewan",),
    "America/Mexico_City": ("Guadalajara", "Mexico City"),
    "America/Monterrey": ("Monterrey",),
    "America/Guatemala": ("Central America",),
    "America/New_York": ("Eastern Time (US & Canada)",),
    "America/Indiana/Indianapolis": ("Indiana (East)",),
    "America/Bogota": ("Bogota",),
    "America/Lima": ("Lima", "Quito"),
    "America/Halifax": ("Atlantic Time (Canada)",),
    "America/Caracas": ("Caracas",),
    "America/La_Paz": ("La Paz",),
    "America/Santiago": ("Santiago",),
    "America/Asuncion": ("Asuncion",),
    "America/St_Johns": ("Newfoundland",),
    "America/Sao_Paulo": ("Brasilia",),
    "America/Argentina/Buenos_Aires": ("Buenos Aires",),
    "America/Montevideo": ("Montevideo",),
    "America/Guyana": ("Georgetown",),
    "America/Puerto_Rico": ("Puerto Rico",),
    "America/Nuuk": ("Greenland",),
    "Atlantic/South_Georgia": ("Mid-Atlantic",),
    "Atlantic/Azores": ("Azores",),
    "Atlantic/Cape_Verde": ("Cape Verde Is.",),
    "Europe/Dublin": ("Dublin",),
    "Europe/London": ("Edinburgh", "London"),
    "Europe/Lisbon": ("Lisbon",),
    "Africa/Casablanca": ("Casablanca",),
    "Africa/Monrovia": ("Monrovia",),
    "Europe/Belgrade": ("Belgrade",),
    "Europe/Bratislava": ("Bratislava",),
    "Europe/Budapest": ("Budapest",),
    "Europe/Ljubljana": ("Ljubljana",),
    "Europe/Prague": ("Prague",),
    "Europe/Sarajevo": ("Sarajevo",),
    "Europe/Skopje": ("Skopje",),
    "Europe/Warsaw": ("Warsaw",),
    "Europe/Zagreb": ("Zagreb",),
    "Europe/Brussels": ("Brussels",),
    "Europe/Copenhagen": ("Copenhagen",),
    "Europe/Madrid": ("Madrid",),
    "Europe/Paris": ("Paris",),
    "Europe/Amsterdam": ("Amsterdam",),
    "Europe/Berlin": ("Berlin",),
    "Europe/Zurich": ("Bern", "Zurich"),
    "Europe/Rome": ("Rome",),
    "Europe/Stockholm": ("Stockholm",),
    "Europe/Vienna": ("Vienna",),
    "Africa/Algiers": ("West Central Africa",),
    "Europe/Bucharest": ("Bucharest",),
    "Africa/Cairo": ("Cairo",),
    "Europe/Helsinki": ("Helsinki",),
    "Europe/Kyiv": ("Kyiv", "Kiev"),
    "Europe/Riga": ("Riga",),
    "Europe/Sofia": ("Sofia",),
    "Europe/Tallinn": ("Tallinn",),
    "Europe/Vilnius": ("Vilnius",),
    "Europe/Athens": ("Athens",),
    "Europe/Istanbul": ("Istanbul",),
    "Europe/Minsk": ("Minsk",),
    "Asia/Jerusalem": ("Jerusalem",),
    "Africa/Harare": ("Harare",),
    "Africa/Johannesburg": ("Pretoria",),
    "Europe/Kaliningrad": ("Kaliningrad",),
    "Europe/Moscow": ("Moscow", "St. Petersburg"),
    "Europe/Volgograd": ("Volgograd",),
    "Europe/Samara": ("Samara",),
    "Asia/Kuwait": ("Kuwait",),
    "Asia/Riyadh": ("Riyadh",),
    "Africa/Nairobi": ("Nairobi",),
    "Asia/Baghdad": ("Baghdad",),
    "Asia/Tehran": ("Tehran",),
    "Asia/Muscat": ("Abu Dhabi", "Muscat"),
    "Asia/Baku": ("Baku",),
    "Asia/Tbilisi": ("Tbilisi",),
    "Asia/Yerevan": ("Yerevan",),
    "Asia/Kabul": ("Kabul",),
    "Asia/Yekaterinburg": ("Ekaterinburg",),
    "Asia/Karachi": ("Islamabad", "Karachi"),
    "Asia/Tashkent": ("Tashkent",),
    "Asia/Kolkata": ("Chennai", "Kolkata", "Mumbai", "New Delhi"),
    "Asia/Kathmandu": ("Kathmandu",),
    "Asia/Dhaka": ("Dhaka",),
    "Asia/Colombo": ("Sri Jayawardenepura",),
    "Asia/Almaty": ("Almaty", "Astana"),
    "Asia/Novosibirsk": ("Novosibirsk",),
    "Asia/Yangon": ("Rangoon",),
    "Asia/Bangkok": ("Bangkok", "Hanoi"),
    "Asia/Jakarta": ("Jakarta",),
    "Asia/Krasnoyarsk": ("Krasnoyarsk",),
    "Asia/Shanghai": ("Beijing",),
    "Asia/Chongqing": ("Chongqing",),
    "Asia/Hong_Kong": ("Hong Kong",),
    "Asia/Urumqi": ("Urumqi",),
    "Asia/Kuala_Lumpur": ("Kuala Lumpur",),
    "Asia/Singapore": ("Singapore",),
    "Asia/Taipei": ("Taipei",),
    "Australia/Perth": ("Perth",),
    "Asia/Irkutsk": ("Irkutsk",),
    "Asia/Ulaanbaatar": ("Ulaanbaatar",),
    "Asia/Seoul": ("Seoul",),
    "Asia/Tokyo": ("Osaka", "Sapporo", "Tokyo"),
    "Asia/Yakutsk": ("Yakutsk",),
    "Australia/Darwin": ("Darwin",),
    "Australia/Adelaide": ("Adelaide",),
    "Australia/Canberra": ("Canberra",),
    "Australia/Melbourne": ("Melbourne",),
    "Australia/Sydney": ("Sydney",),
    "Australia/Brisbane": ("Brisbane",),
    "Australia/Hobart": ("Hobart",),
    "Asia/Vladivostok": ("Vladivostok",),
    "Pacific/Guam": ("Guam",),
    "Pacific/Port_Moresby": ("Port Moresby",),
    "Asia/Magadan": ("Magadan",),
    "Asia/Srednekolymsk": ("Srednekolymsk",),
    "Pacific/Guadalcanal": ("Solomon Is.",),
    "Pacific/Noumea": ("New Caledonia",),
    "Pacific/Fiji": ("Fiji",),
    "Asia/Kamchatka": ("Kamchatka",),
    "Pacific/Majuro": ("Marshall Is.",),
    "Pacific/Auckland": ("Auckland", "Wellington"),
    "Pacific/Tongatapu": ("Nuku'alofa",),
    "Pacific/Fakaofo": ("Tokelau Is.",),
    "Pacific/Chatham": ("Chatham Is.",),
    "Pacific/Apia": ("Samoa",),
}


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """The aware UTC instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True)
class Zone:
    """The offsets of one zone. ``offsets`` has one more item than the other three."""

    name: str
    changes: tuple[int, ...]  # UTC instants at which the offset changes
    offsets: tuple[int, ...]  # offsets[i] holds before changes[i]
    opens: tuple[int, ...]  # wall time from which the offset after changes[i] is read
    gaps: tuple[int, ...]  # how much of the wall clock changes[i] skips; 0 when it repeats

    def wall(self, at: int) -> int:
        """What the clock on the wall shows at a UTC instant."""
        return at + self.offsets[bisect_right(self.changes, at)]

    def utc(self, wall: int) -> int:
        """The instant of a wall time, by rule 3."""
        return wall - self.offsets[bisect_right(self.opens, wall)]

    def utc_all(self, walls: Iterable[int]) -> list[int]:
        """``utc`` of many wall times; quick where neighbours lie close together."""
        instants = []
        low = high = offset = 0
        for wall in walls:
            if not low <= wall < high:
                i = bisect_right(self.opens, wall)
                low = self.opens[i - 1] if i else wall
                high = self.opens[i] if i < len(self.opens) else wall + 1
                offset = self.offsets[i]
            instants.append(wall - offset)
        return instants

    def utc_of_step(self, wall: int, step: int) -> int:
        """Like ``utc`` for the ticks wall + k·step, but never before an earlier tick of the same row.

        A tick inside a gap moves forward, and where the gap is longer than the step (Antarctica/Troll skips
        two hours) it would land behind the tick that follows it.
        """
        i = bisect_right(self.opens, wall)
        at = wall - self.offsets[i]
        if i and wall - self.opens[i - 1] < self.gaps[i - 1]:
            skipped = wall - step * ((wall - self.opens[i - 1]) // step + 1)
            return max(at, skipped - self.offsets[i - 1])
        return at


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name of the pinned data (links such as ``US/Eastern`` included), without its placeholder."""
    return frozenset(whenever.available_timezones()) - {"Factory"}


@cache
def rails_names() -> dict[str, str]:
    """Rails' name -> IANA name."""
    return {alias: name for name, aliases in _RAILS.items() for alias in aliases}


@cache
def _names_by_fold() -> dict[str, str]:
    rails = {alias.casefold(): name for alias, name in rails_names().items()}
    return rails | {name.casefold(): name for name in zone_names()}


def zone(name: str) -> str:
    """The IANA name meant by an IANA or Rails name; ValueError names close ones."""
    found = _names_by_fold().get(name.strip().casefold())
    if found is None:
        raise ValueError(f"{name!r} is not a known time zone{_perhaps(name)}")
    return found


def _perhaps(name: str) -> str:
    known = {fold: fold for fold in _names_by_fold()}
    known |= {fold.rsplit("/", 1)[-1]: fold for fold in known}
    wanted = name.strip().casefold().replace(" ", "_")
    close = get_close_matches(wanted, known, n=3, cutoff=0.7)
    spelled = {label.casefold(): label for label in (*zone_names(), *rails_names())}
    names = dict.fromkeys(spelled[known[match]] for match in close)
    return f"; perhaps {' or '.join(names)}?" if names else ""


def zone_clock(name: str) -> Zone:
    """The offsets of a zone given by an IANA or Rails name; ValueError like ``zone``."""
    return _clock(zone(name))


@cache
def _clock(iana: str) -> Zone:
    start = whenever.Instant.from_utc(_FIRST_YEAR, 1, 1).to_tz(iana)
    return _zone(iana, _offset(start), _changes(start))


def _offset(at: whenever.ZonedDateTime) -> int:
    return int(at.offset.total("seconds")) * SECOND


def _changes(at: whenever.ZonedDateTime) -> Iterable[tuple[int, int]]:
    """(instant, offset from then on) of each change; one of the abbreviation alone is none."""
    before = _offset(at)
    following = at.next_transition()
    while following is not None and following.year < _LAST_YEAR:
        after = _offset(following)
        if after != before:
            yield following.timestamp() * SECOND, after
        before = after
        following = following.next_transition()


def _zone(name: str, first: int, changes: Iterable[tuple[int, int]]) -> Zone:
    at, offsets = [], [first]
    for when, offset in changes:
        at.append(when)
        offsets.append(offset)
    pairs = list(zip(at, offsets, offsets[1:], strict=False))
    opens = tuple(when + max(before, after) for when, before, after in pairs)
    gaps = tuple(max(0, after - before) for _, before, after in pairs)
    return Zone(name, tuple(at), tuple(offsets), opens, gaps)
