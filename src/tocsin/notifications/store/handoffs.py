"""Hand-offs in PostgreSQL: what was told, which schedules matter, and what a telling's words need."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, or_, select

from tocsin.core.db import insert_rows
from tocsin.escalation.store.tables import escalation_policies, escalation_rules
from tocsin.notifications.store.tables import handoffs_told
from tocsin.schedules.logic import HandoffRule, Telling
from tocsin.schedules.store.tables import schedules
from tocsin.services.store.tables import services

KEPT = timedelta(days=3)
MET = ""  # the schedule of the mark that a rule, as it is since its last change, was met by
Key = tuple[str, datetime, str, str]
"""(schedule, instant, rule, kind)."""


def key(schedule_id: str, telling: Telling) -> Key:
    """What makes a telling the same as another."""
    return schedule_id, telling.handoff.at, telling.rule.id, telling.kind


def mark(rule: HandoffRule) -> Key:
    """That this rule was met: what was due before it, on schedules as they were then, is dealt with."""
    return MET, rule.since, rule.id, "met"


def lock(conn: Connection, schedule_ids: Iterable[str]) -> list[str]:
    """These schedules, the deleted too, locked; those that somebody else holds are left out."""
    mine = schedules.c.id.in_(list(schedule_ids))
    query = select(schedules.c.id).where(mine).order_by(schedules.c.id)
    return list(conn.scalars(query.with_for_update(skip_locked=True)))


def told(conn: Connection, schedule_ids: Sequence[str], now: datetime) -> set[Key]:
    """What was told of hand-offs of these schedules, and which rules were met."""
    t = handoffs_told.c
    mine = t.schedule_id.in_([*schedule_ids, MET]) & (t.at >= now - KEPT)
    query = select(t.schedule_id, t.at, t.rule_id, t.kind).where(mine)
    return {(row.schedule_id, row.at, row.rule_id, row.kind) for row in conn.execute(query)}


def note_told(conn: Connection, keys: Iterable[Key], now: datetime) -> None:
    """These are told; what is long over is forgotten."""
    rows = [{"schedule_id": s, "at": at, "rule_id": rule, "kind": kind, "told_at": now} for s, at, rule, kind in keys]
    insert_rows(conn, handoffs_told, rows, "DO NOTHING")
    schedule_ids = {row["schedule_id"] for row in rows}
    old = handoffs_told.c.schedule_id.in_(schedule_ids) & (handoffs_told.c.at < now - KEPT)
    if rows:
        conn.execute(delete(handoffs_told).where(old))


def counting(conn: Connection, schedule_ids: Sequence[str]) -> set[str]:
    """Those of these schedules that a live policy points at which serves an enabled service, or tells always
    (core:N31)."""
    targets, policy = escalation_rules.c.targets, escalation_policies.c
    serves = exists().where(
        services.c.escalation_policy_id == policy.id, services.c.deleted_at.is_(None), services.c.status != "disabled"
    )
    naming = or_(*(targets.contains([{"kind": "schedule", "id": id}]) for id in schedule_ids))
    query = (
        select(targets)
        .join(escalation_policies, policy.id == escalation_rules.c.policy_id)
        .where(policy.deleted_at.is_(None), naming, or_(policy.on_call_handoff_notifications == "always", serves))
    )
    pointed = {target["id"] for (found,) in conn.execute(query) for target in found if target["kind"] == "schedule"}
    return pointed & set(schedule_ids)
