"""What incidents lend to the packages above them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.incidents.store import queries


def service(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """A service's status as its incidents make it, and when its last one opened (core:C2)."""
    triggered = queries.open_by_service(conn, ids)
    last = queries.last_by_service(conn, ids)
    return {id: {"status": _status(triggered.get(id)), "last_incident_timestamp": last.get(id)} for id in ids}


def _status(triggered: bool | None) -> str:
    """critical > warning > active; `triggered` is None without an open incident."""
    if triggered is None:
        return "active"
    return "critical" if triggered else "warning"
