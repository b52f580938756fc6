"""Sets of features that are switched on or off for a thing (ei:EO19). On, unless somebody said otherwise."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.recorded import Subject, note
from tocsin.services.store.tables import feature_enablements

FEATURES = ("aiops",)


def of(conn: Connection, kind: str, id: str) -> list[dict[str, Any]]:
    """Each feature's enablement, as the wire tells it."""
    row = feature_enablements.c
    found = conn.execute(select(feature_enablements).where(row.kind == kind, row.subject_id == id)).all()
    said: Mapping[str, Any] = {one.feature: one for one in found}
    return [_told(feature, said.get(feature)) for feature in FEATURES]


def _told(feature: str, row: Any) -> dict[str, Any]:
    if row is None:
        return {"feature": feature, "enabled": True, "updated_at": None}
    return {"feature": feature, "enabled": row.enabled, "updated_at": row.updated_at}


def put(tx: Tx, actor: Actor, subject: Subject, feature: str, enabled: bool) -> dict[str, Any]:
    """Switch a feature of a thing (its row locked before) on or off; what holds now."""
    before = next(one["enabled"] for one in of(tx.conn, subject.type, subject.id) if one["feature"] == feature)
    values = {"enabled": enabled, "updated_at": tx.now}
    row = insert(feature_enablements).values(kind=subject.type, subject_id=subject.id, feature=feature, **values)
    tx.conn.execute(row.on_conflict_do_update(index_elements=["kind", "subject_id", "feature"], set_=values))
    note(tx, actor, "update", subject, {feature: before}, {feature: enabled})
    return {"feature": feature} | values
