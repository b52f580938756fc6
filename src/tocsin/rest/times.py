"""Times on the wire (core:K11).

1. In: ISO 8601 with an offset; a bare date or a missing offset is read in the zone asked for, else UTC. Also as Go
   prints a time (`2026-11-21 09:00:00 +0000 UTC`): the Terraform provider sends the times of layers so.
2. Out: UTC to the second with `Z`, or with the offset of the zone that `time_zone` names.
"""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from tocsin.core import zones
from tocsin.core.errors import Invalid

# A `+` that a client forgot to encode arrives as a space.
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")
_GO = re.compile(
    r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ([+-]\d{4})(?: [A-Z0-9+-]{1,6})?(?: m=[+-][\d.]+)?"
)

FIRST_YEAR, LAST_YEAR = 1900, 9000


def parse(text: str, zone: tzinfo = UTC, name: str = "time") -> datetime:
    """The instant meant, in UTC; `Invalid` names the field."""
    try:
        at = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", _iso(text.strip())))
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{name} is not a valid ISO 8601 time") from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:  # beyond, a zone's offset or a window can leave the calendar
        raise Invalid(f"{name} must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return at


def _iso(text: str) -> str:
    """Go's form as ISO 8601, to the microsecond; anything else as it is."""
    go = _GO.fullmatch(text)
    return f"{go[1]}T{go[2]}.{(go[3] or '')[:6]:0<6}{go[4]}" if go else text


def text(at: datetime, zone: tzinfo | None = None) -> str:
    """An instant as the wire writes it."""
    if zone is None or zone is UTC:
        return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    return at.astimezone(zone).replace(microsecond=0).isoformat()


def zone(name: str | None) -> tzinfo | None:
    """The zone of a `time_zone` parameter, IANA's name or Rails'; `Invalid` names close ones."""
    if not name:
        return None
    try:
        return ZoneInfo(zones.zone(name))
    except ValueError as error:
        raise Invalid(f"time_zone: {error}") from None
