"""Writing values, set-wise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, text

from tocsin.core.db import insert_rows, to_json
from tocsin.fields.store.tables import Kind


def put(conn: Connection, kind: Kind, owner_id: str, values: Mapping[str, Any], now: datetime) -> None:
    """Set the values (by field id) of one thing; None takes one away."""
    gone = [id for id, value in values.items() if value is None]
    if gone:
        v = kind.values.c
        conn.execute(delete(kind.values).where(v.owner_id == owner_id, v.field_id.in_(gone)))
    rows = [
        {"owner_id": owner_id, "field_id": id, "value": value, "updated_at": now}
        for id, value in values.items()
        if value is not None
    ]
    insert_rows(conn, kind.values, rows, _OVER)


_OVER = "(owner_id, field_id) DO UPDATE SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at"


def rename(conn: Connection, kind: Kind, field_id: str, names: Mapping[str, str], now: datetime) -> None:
    """Values that are options follow their new names (old -> new); a list keeps its order."""
    if names:
        given = {"field": field_id, "names": to_json(dict(names)), "old": list(names), "now": now}
        conn.execute(text(_RENAME.format(table=kind.values.name)), given)


_RENAME = """
UPDATE {table} SET updated_at = :now, value = CASE jsonb_typeof(value)
    WHEN 'array' THEN (
        SELECT jsonb_agg(coalesce(CAST(:names AS jsonb) -> (one #>> '{{}}'), one) ORDER BY n)
        FROM jsonb_array_elements(value) WITH ORDINALITY AS e(one, n))
    ELSE CAST(:names AS jsonb) -> (value #>> '{{}}') END
WHERE field_id = :field AND (
    (jsonb_typeof(value) = 'array' AND jsonb_exists_any(value, CAST(:old AS text[])))
    OR (jsonb_typeof(value) = 'string' AND (value #>> '{{}}') = ANY(CAST(:old AS text[]))))
"""
