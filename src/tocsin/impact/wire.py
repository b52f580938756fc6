"""Impact on the wire (ei:BS3, ei:BS4)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tocsin.impact.model import Cause, Impact, Priority, Relation
from tocsin.rest.body import Body

HIGHEST, TOTAL = "services.highest_impacting_priority", "total_impacted_count"


class RelationBody(Body):
    """What somebody says of an incident and a business service."""

    relation: Relation


class Threshold(Body):
    """A priority by its id; its `order` comes along and is not asked."""

    id: str = Field(min_length=1, max_length=255)


class ThresholdBody(Body):
    """The account's threshold; null clears it."""

    global_threshold: Annotated[Threshold | None, BeforeValidator(lambda given: given or None)]


def order(priority: Priority | None) -> dict[str, Any] | None:
    """A priority as impact names it."""
    return {"id": priority.id, "order": priority.order} if priority else None


def impacted(id: str, name: str, impact: Impact | None, highest: bool) -> dict[str, Any]:
    """A business service and how it fares; with `highest`, the most severe priority that impacts it."""
    status = Relation.IMPACTED if impact else Relation.NOT_IMPACTED
    shown = {"id": id, "name": name, "type": "business_service", "status": status.value}
    told = {"highest_impacting_priority": order(impact.priority if impact else None)}
    return shown | ({"additional_fields": told} if highest else {})


def impactor(cause: Cause) -> dict[str, str]:
    """An incident that impacts something."""
    return {"id": cause.incident_id, "type": "incident"}
