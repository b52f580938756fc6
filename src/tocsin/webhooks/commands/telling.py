"""A row of the delivery log as it begins."""

import uuid
from datetime import datetime
from typing import Any

from tocsin.core import ids
from tocsin.webhooks.wire.told import MOST

TOO_BIG = f"its payload would be over {MOST // 1024} KB"


def new_delivery(
    now: datetime, endpoint_id: str, subject: str, event_id: str, event_type: str, body: str | None,
    webhook_id: str | None = None, source: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A delivery that waits. `body` None: the payload would be too big, so it is dropped as it begins (core:H10)."""
    return {
        "id": ids.ordered(now), "endpoint_id": endpoint_id, "subject": subject, "event_id": event_id,
        "webhook_id": webhook_id or str(uuid.uuid4()), "event_type": event_type, "source": source, "body": body or "",
        "state": "waiting" if body else "dropped", "attempt": 0, "created_at": now, "why": None if body else TOO_BIG,
    }  # fmt: skip
