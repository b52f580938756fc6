"""Ids in the forms that clients of the wire know (core:K10, core:G-76, ei:Q4). Opaque, never parsed, never reused.

Most things: a letter and 13 of `[A-Z0-9]`. Log entries: `R` and 25 characters that sort by time, then by the order
they were made in this process. Randomness is the operating system's.
"""

import itertools
import secrets
from datetime import datetime
from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KEY_ALPHABET = "0123456789abcdef"
_ordinals = itertools.count(secrets.randbits(20))
_PROCESS = "".join(secrets.choice(_ALPHABET) for _ in range(9))


def _base36(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


@lru_cache(maxsize=64)
def _instant(at: datetime) -> str:
    return _base36(int(at.timestamp() * 1000), 9)


def thing() -> str:
    """An id for users, services, policies, schedules, teams and the like: `P` + 13."""
    return "P" + _base36(secrets.randbits(67), 13)


def incident() -> str:
    """An id for incidents and alerts: `Q` + 13."""
    return "Q" + _base36(secrets.randbits(67), 13)


def dependency() -> str:
    """An id for an edge between two services: `D` + 15, as clients have seen (ei:SD1)."""
    return "D" + _base36(secrets.randbits(77), 15)


def log_entry(at: datetime) -> str:
    """An id for a log entry made at `at`: `R` + 25, sortable by time (milliseconds) and then by making.

    Its last part is drawn once a process: entries are made by the ten thousand.
    """
    return f"R{_instant(at)}{_base36(next(_ordinals), 7)}{_PROCESS}"


def ordered(at: datetime) -> str:
    """A 26-character id that sorts by time (change events, webhooks)."""
    return "01" + _base36(int(at.timestamp() * 1000), 9) + _base36(secrets.randbits(77), 15)


def integration_key() -> str:
    """A routing key: 32 lower-case hexadecimal digits (core:E3, core:C12)."""
    return secrets.token_hex(16)


def dedup_key() -> str:
    """What a trigger without a dedup_key gets: 32 hexadecimal digits (core:E13)."""
    return secrets.token_hex(16)


def api_key() -> str:
    """A REST key: 20 characters `[A-Za-z0-9_-]`, never valid as a routing key (core:E4)."""
    key = secrets.token_urlsafe(15)
    return key if key[0] not in "-_" else api_key()


def oauth_token(region: str, use: str) -> str:
    """An OAuth token in the form that clients have seen (core:O5): `pdus+_0X…` to act, `pdus+_1X…` to refresh."""
    return f"pd{region}+_{'1' if use == 'refresh' else '0'}X{secrets.token_urlsafe(32)}"
