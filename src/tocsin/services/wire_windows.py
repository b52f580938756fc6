"""Maintenance windows on the wire (core:W1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from sqlalchemy import Row

from tocsin.accounts.wire import team_ref
from tocsin.core.errors import Invalid
from tocsin.rest import times
from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing
from tocsin.services.wire import service_ref

MOST_SERVICES = 1000


def _instant(given: Any) -> Any:
    if isinstance(given, datetime):
        return given
    try:
        return times.parse(given if isinstance(given, str) else "")
    except Invalid as error:
        raise ValueError(error.errors[0].removeprefix("time ")) from None


Instant = Annotated[datetime, BeforeValidator(_instant)]


class WindowBody(Body):
    """A maintenance window as clients send one; without an offset a time is UTC."""

    start_time: Instant
    end_time: Instant
    description: str = Field("", max_length=10_000)
    services: list[Pointer] = Field(min_length=1, max_length=MOST_SERVICES)

    @property
    def service_ids(self) -> list[str]:
        """Ids of the services, each once."""
        return list(dict.fromkeys(one.id for one in self.services))


def present(row: Row[Any]) -> dict[str, Any]:
    """A stored window, as a request would say it."""
    return dict(row._mapping) | {"services": [{"id": id} for id in row.service_ids]}


def window(row: Row[Any], services: Sequence[Row[Any]], created_by: Ref | None) -> Thing:
    """A window in full; its teams are those of its services (core:C3)."""
    teams = {one.team_id: one.team_name for one in services if one.team_id is not None}
    fields = {
        "sequence_number": row.sequence_number, "start_time": row.start_time, "end_time": row.end_time,
        "description": row.description, "services": [service_ref(one) for one in services],
        "teams": [team_ref(id, name) for id, name in teams.items()], "created_by": created_by,
    }  # fmt: skip
    page = f"/maintenance-windows/{row.id}"
    return Thing("maintenance_window", row.id, row.description, fields, f"/maintenance_windows/{row.id}", page)
