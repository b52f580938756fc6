"""What incidents lend to the packages above them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tocsin.core.together import Together
from tocsin.incidents.store.queries import LAST_BY_SERVICE, OPEN_BY_SERVICE

_FACTS = Together(opened=OPEN_BY_SERVICE, last=LAST_BY_SERVICE)


def service(conn: Connection, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """A service's status as its incidents make it, and when its last one opened (core:C2)."""
    found = _FACTS.read(conn, ids=ids)
    triggered = {row.service_id: row.triggered for row in found["opened"]}
    last = {row.id: row.at for row in found["last"]}
    return {id: {"status": _status(triggered.get(id)), "last_incident_timestamp": last.get(id)} for id in ids}


def _status(triggered: bool | None) -> str:
    """critical > warning > active; `triggered` is None without an open incident."""
    if triggered is None:
        return "active"
    return "critical" if triggered else "warning"
