"""What incidents lend to the packages above them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.incidents.store import queries
from tocsin.services.model import Service
from tocsin.services.store.routes import load_services


def service(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """A service's computed status and when its last incident opened (core:C2)."""
    found = load_services(conn, ids)
    triggered = queries.open_by_service(conn, ids)
    last = queries.last_by_service(conn, ids)
    return {
        id: {"status": _status(one, triggered.get(id)), "last_incident_timestamp": last.get(id)}
        for id, one in found.items()
    }


def _status(found: Service, triggered: bool | None) -> str:
    """disabled > maintenance > critical > warning > active; `triggered` is None without an open incident."""
    if found.status == "disabled":
        return "disabled"
    if found.maintenance_until is not None:
        return "maintenance"
    if triggered is None:
        return "active"
    return "critical" if triggered else "warning"
