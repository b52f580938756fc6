"""Snapshots of policies: stored once per content, shared by every incident that took them (core:P10)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from tocsin.core.db import insert_rows, to_json
from tocsin.escalation.model import Level, Snapshot, Strategy, Target, TargetKind
from tocsin.escalation.store.tables import escalation_policies, escalation_rules, snapshots


def snapshot_id(snapshot: Snapshot) -> str:
    """The content's own name."""
    return hashlib.sha256(to_json(snapshot).encode()).hexdigest()


def save_snapshots(conn: Connection, taken: Iterable[Snapshot]) -> None:
    """Store snapshots that are not stored yet."""
    rows = [{"id": snapshot_id(s), "policy_id": s.policy_id, "body": s} for s in dict.fromkeys(taken)]
    insert_rows(conn, snapshots, rows, "(id) DO NOTHING")


def load_snapshots(conn: Connection, wanted: Iterable[str]) -> dict[str, Snapshot]:
    """Stored snapshots by id."""
    rows = conn.execute(select(snapshots.c.id, snapshots.c.body).where(snapshots.c.id.in_(list(wanted))))
    return {row.id: msgspec.convert(row.body, Snapshot) for row in rows}


def current(conn: Connection, policy_ids: Iterable[str]) -> dict[str, Snapshot]:
    """Policies as they are now, ready to be taken as snapshots (deleted ones too: their services still need them)."""
    wanted = list(policy_ids)
    policies = conn.execute(select(escalation_policies).where(escalation_policies.c.id.in_(wanted))).all()
    rules = conn.execute(
        select(escalation_rules).where(escalation_rules.c.policy_id.in_(wanted)).order_by(escalation_rules.c.position)
    ).all()
    levels: dict[str, list[Level]] = {}
    for rule in rules:
        levels.setdefault(rule.policy_id, []).append(_level(rule))
    return {p.id: Snapshot(p.id, p.name, p.num_loops, tuple(levels.get(p.id, ()))) for p in policies}


def _level(rule: Any) -> Level:
    return Level(rule.id, timedelta(minutes=rule.delay_minutes), targets_of(rule.targets), Strategy(rule.strategy))


def targets_of(body: Sequence[Mapping[str, str]]) -> tuple[Target, ...]:
    """Targets as a rule's row keeps them."""
    return tuple(Target(TargetKind(target["kind"]), target["id"]) for target in body)
