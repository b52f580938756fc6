"""Alerts: rows <-> model, by open key, set-wise writes."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, text

from tocsin.core.db import insert_rows, to_json, update_mixed
from tocsin.core.values import differences
from tocsin.incidents.model import Alert
from tocsin.incidents.store.tables import alerts

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


def is_open(conn: Connection, integration_id: str, dedup_key: str) -> bool:
    """Whether an alert with this key is open."""
    return bool(open_alerts(conn, [(integration_id, dedup_key)]))
