"""Custom fields of incidents: which of them an incident has, what it begins with.

1. An incident has the fields of its type and of those above it; values of other fields stay, unseen (core:I120).
2. A default is given once, when the incident opens (core:I121). A field that is being removed at that very moment is
   left out: no incident ever waits for a definition.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, any_, func, select, text

from tocsin.core.db import to_json
from tocsin.fields.store import finding
from tocsin.fields.store.tables import custom_fields
from tocsin.incidents.model import Incident
from tocsin.incidents.store.tables import FIELDS, incident_types

_GIVE = text(
    """
    INSERT INTO incident_field_values (owner_id, field_id, value, updated_at)
    SELECT r.id, f.id, f.default_value, :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id text, type text)
    JOIN incident_types t ON t.name = r.type
    JOIN custom_fields f ON f.kind = 'incident' AND f.scope_id = ANY(t.line)
    WHERE f.enabled AND f.default_value IS NOT NULL
    FOR KEY SHARE OF f SKIP LOCKED
    """
)


def give_defaults(conn: Connection, opened: Iterable[Incident], now: datetime) -> None:
    """Give new incidents the defaults of their fields."""
    rows = [{"id": incident.id, "type": incident.incident_type} for incident in opened]
    if rows:
        conn.execute(_GIVE, {"rows": to_json(rows), "now": now})


def with_values(conn: Connection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Every living field of incidents, with `held` and with `types`: names of the types that have it."""
    under = custom_fields.c.scope_id == any_(incident_types.c.line)
    types = select(func.array_agg(incident_types.c.name)).where(under).scalar_subquery()
    return conn.execute(finding.with_values(FIELDS, incident_ids).add_columns(types.label("types"))).all()


def of_type(rows: Iterable[Row[Any]], type: str) -> list[Row[Any]]:
    """Of the rows of `with_values` those that an incident of this type has."""
    return [row for row in rows if type in (row.types or ())]
