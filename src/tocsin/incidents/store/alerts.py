"""Alerts: rows <-> model, by open key, set-wise writes."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, text

from tocsin.core.db import insert_rows, to_json, update_mixed
from tocsin.core.values import differences
from tocsin.incidents.model import Alert
from tocsin.incidents.store.tables import alerts
from tocsin.services.model import Hold

_NAMES = tuple(field.name for field in fields(Alert))
_UNREAD: Mapping[str, Any] = {}
_READ = ", ".join(f"a.{name}" for name in _NAMES if name != "body")

Key = tuple[str, str]
"""(integration id, dedup_key)"""


def from_row(row: Any) -> Alert:
    """The alert that a row keeps."""
    return Alert(**{name: getattr(row, name) for name in _NAMES})


_OPEN = """
SELECT {what} FROM alerts a
JOIN json_to_recordset(CAST(:keys AS json)) AS k(integration_id text, dedup_key text)
  ON a.integration_id = k.integration_id AND a.dedup_key = k.dedup_key
WHERE a.status = 'triggered'
"""


def _keys(keys: Iterable[Key]) -> dict[str, str]:
    return {"keys": to_json([{"integration_id": i, "dedup_key": d} for i, d in keys])}


def incidents_of_open(conn: Connection, keys: Iterable[Key]) -> set[str]:
    """Ids of the incidents that own the open alerts with these keys."""
    rows = conn.scalars(text(_OPEN.format(what="DISTINCT a.incident_id")), _keys(keys))
    return {id for id in rows if id is not None}


def open_alerts(conn: Connection, keys: Iterable[Key]) -> dict[Key, Alert]:
    """The open alerts with these keys, their bodies left unread: an event only ever replaces them."""
    rows = conn.execute(text(_OPEN.format(what=_READ)), _keys(keys))
    found = (Alert(body=_UNREAD, **row._mapping) for row in rows)
    return {(alert.integration_id or "", alert.dedup_key): alert for alert in found}


def save(conn: Connection, new: Iterable[Alert], touched: Iterable[tuple[Alert, Alert]]) -> None:
    """Write new alerts, and of touched ones (before, after) only what changed.

    Changes go first: a key may be closed and opened anew in one batch.
    """
    update_mixed(
        conn,
        alerts,
        ({"id": a.id} | {name: getattr(a, name) for name in differences(before, a)} for before, a in touched),
    )
    insert_rows(conn, alerts, ({name: getattr(alert, name) for name in _NAMES} for alert in new))


_HELD = f"""
SELECT {_READ} FROM alerts a
WHERE a.service_id = ANY(:services) AND a.status = 'triggered' AND a.held_by IS NOT NULL
ORDER BY a.created_at, a.id LIMIT :most
"""
_MOVE = text(
    """
    UPDATE alerts a SET held_by = n.by, held_until = n.until, held_why = n.why
    FROM (
      SELECT h.id, r.by, r.until, r.why
      FROM json_to_recordset(CAST(:holds AS json)) AS r(service_id text, by text, until timestamptz, why text)
      JOIN alerts h ON h.service_id = r.service_id AND h.status = 'triggered' AND h.held_by IS NOT NULL
        AND (h.held_by, h.held_why) IS DISTINCT FROM (r.by, r.why)
      LIMIT :most
    ) n WHERE a.id = n.id
    """
)


def held(conn: Connection, service_ids: Iterable[str], most: int) -> list[Alert]:
    """Open alerts that these services hold back, oldest first, at most so many; their bodies left unread."""
    rows = conn.execute(text(_HELD), {"services": list(service_ids), "most": most})
    return [Alert(body=_UNREAD, **row._mapping) for row in rows]


def move_holds(conn: Connection, holds: Mapping[str, Hold], most: int) -> int:
    """Let the held alerts of these services (by id) say what holds them now; how many did not, at most `most`."""
    if not holds:
        return 0
    rows = [{"service_id": id, "by": one.by, "until": one.until, "why": one.why} for id, one in holds.items()]
    return conn.execute(_MOVE, {"holds": to_json(rows), "most": most}).rowcount


def is_open(conn: Connection, integration_id: str, dedup_key: str) -> bool:
    """Whether an alert with this key is open."""
    return bool(open_alerts(conn, [(integration_id, dedup_key)]))
