"""Business impact: which open incidents hurt which business services (ei:BS3, ei:BS4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Relation(StrEnum):
    """What somebody said by hand of an incident and a business service; it wins over what is derived."""

    IMPACTED = "impacted"
    NOT_IMPACTED = "not_impacted"


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority; the lower `order`, the more severe."""

    id: str
    order: int


@dataclass(frozen=True, slots=True)
class Cause:
    """An open incident that may impact something: by its priority (`counts`), or because it was said by hand.

    `said` maps ids of business services to what was said and when. `seen`: whether who asks may see the incident.
    """

    incident_id: str
    service_id: str
    created_at: datetime
    priority: Priority | None
    counts: bool
    said: Mapping[str, tuple[Relation, datetime]]
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Impact:
    """One impacted business service.

    `causes`: bit n stands for the nth cause. `since`: when it was last impacted anew. `priority`: the most severe that
    impacts it; None when only incidents without one do.
    """

    causes: int
    since: datetime
    priority: Priority | None
