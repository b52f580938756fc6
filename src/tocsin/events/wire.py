"""Change events on the wire (core:E60-E63)."""

from typing import Annotated, Any

from pydantic import StringConstraints

from tocsin.rest.body import Body
from tocsin.rest.objects import Ref, Thing


class ChangeBody(Body):
    """What of a change event can be written anew (ei:CE2)."""

    summary: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    custom_details: dict[str, Any] | None = None


def change_event(row: Any) -> Thing:
    """A change event in full; `row` carries the names of its service and integration."""
    integration = f"/services/{row.service_id}/integrations/{row.integration_id}"
    fields = {
        "timestamp": row.timestamp,
        "services": [Ref("service", row.service_id, row.service_name, gone=row.service_deleted_at is not None)],
        "integration": Ref(
            row.integration_type or "inbound_integration", row.integration_id, row.integration_name, integration,
            integration, gone=row.integration_type is None,
        ),
        "routing_key": row.integration_key,
        "source": row.source,
        "links": [{name: link.get(name) for name in ("href", "text")} for link in row.links],
        "images": [{name: image.get(name) for name in ("src", "href", "alt")} for image in row.images],
        "custom_details": row.custom_details,
    }  # fmt: skip
    return Thing("change_event", row.id, row.summary, fields)
