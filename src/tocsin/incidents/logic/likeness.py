"""How alike two titles are, and what is the same in many (ei:T1-T4). Deterministic, and explained by what it prints.

1. `mask` takes out what differs from one occurrence to the next: a number with its unit becomes `<MEASUREMENT>`, a
   word with a digit in it and a path become `<*>`.
2. Likeness is that of the masked titles, their words sorted, by edit distance: 0 (nothing in common) to 100 (the same).
3. Of the incidents of a service in a window, those with the same mask are one kind: a fifth of all or more is
   frequent, a twentieth or less rare, none before an anomaly; between there is no word for it.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

ALIKE = 80.0
FREQUENT, RARE = 0.2, 0.05
_UNITS = (
    "%|[kMGTP]?i?[bB]|[kMGTP]i?[bB]/s|ms|us|ns|s|sec|secs|seconds?|min|mins|minutes?|h|hours?|days?|°?C|[kM]?Hz|rps|qps"
)
_MEASURE = re.compile(rf"(?<![\w.])[-+]?\d+(?:[.,]\d+)*\s?(?:{_UNITS})(?!\w)")
_CHANGING = re.compile(r"(?<![\w<])(?:/[\w./-]+|[\w.:@-]*\d[\w.:@/-]*)")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Occurrence:
    """How often a kind of incident occurred among others: `category` is frequent, rare, anomaly or None."""

    count: int
    frequency: float
    category: str | None


@lru_cache(maxsize=20_000)
def mask(title: str) -> str:
    """A title without what changes from one occurrence to the next (the same titles are looked at again and again)."""
    measured = _MEASURE.sub("<MEASUREMENT>", " ".join(title[:_LONGEST].split()))
    return _CHANGING.sub("<*>", measured)


def likeness(masked: str, other: str) -> float:
    """0 to 100, of two masked titles."""
    return round(fuzz.token_sort_ratio(masked.casefold(), other.casefold()), 4)


def occurrence(masked: str, others: Iterable[str]) -> Occurrence:
    """Of a masked title among the titles of the service's other incidents."""
    kinds = [mask(title) for title in others]
    count = kinds.count(masked)
    frequency = round(count / len(kinds), 4) if kinds else 0.0
    return Occurrence(count, frequency, _category(count, frequency))


def _category(count: int, frequency: float) -> str | None:
    if count == 0:
        return "anomaly"
    if frequency >= FREQUENT:
        return "frequent"
    return "rare" if frequency <= RARE else None


def template_id(service_id: str, masked: str, use: str) -> str:
    """An id for a kind of incident on a service that is the same whenever it is asked for."""
    digest = hashlib.sha256(f"{use} {service_id} {masked}".encode()).hexdigest()
    return "P" + digest[:13].upper()
