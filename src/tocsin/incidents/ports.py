"""What incidents lend to the packages above them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from tocsin.core.together import Together, among
from tocsin.incidents.store.queries import LAST_BY_SERVICE, OPEN_BY_SERVICE
from tocsin.services.model import Service
from tocsin.services.store.routes import from_row
from tocsin.services.store.tables import services

_FACTS = Together(services=select(services).where(among(services.c.id)), opened=OPEN_BY_SERVICE, last=LAST_BY_SERVICE)


def service(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """A service's computed status and when its last incident opened (core:C2)."""
    found = _FACTS.read(conn, ids=ids)
    triggered = {row.service_id: row.triggered for row in found["opened"]}
    last = {row.id: row.at for row in found["last"]}
    return {
        row.id: {"status": _status(from_row(row), triggered.get(row.id)), "last_incident_timestamp": last[row.id]}
        for row in found["services"]
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
