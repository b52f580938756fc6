"""The round-robin queues: read under a lock, written with the incident that moved them (core:P44)."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, tuple_

from tocsin.core.db import insert_rows
from tocsin.escalation.model import Queue, Snapshot, Strategy
from tocsin.escalation.store.tables import rings


def lock_rings(conn: Connection, taken: Iterable[Snapshot]) -> dict[tuple[str, str], Queue]:
    """The queues of every round-robin level of these snapshots, locked in order until the transaction ends."""
    keys = sorted({(s.policy_id, lv.rule_id) for s in taken for lv in s.levels if lv.strategy is Strategy.ROUND_ROBIN})
    if not keys:
        return {}
    insert_rows(
        conn,
        rings,
        [{"policy_id": policy, "rule_id": rule, "queue": []} for policy, rule in keys],
        "(policy_id, rule_id) DO NOTHING",
    )
    query = select(rings).where(tuple_(rings.c.policy_id, rings.c.rule_id).in_(keys))
    rows = conn.execute(query.order_by(rings.c.policy_id, rings.c.rule_id).with_for_update())
    return {(row.policy_id, row.rule_id): tuple(row.queue) for row in rows}


def read_rings(conn: Connection, taken: Iterable[Snapshot]) -> dict[tuple[str, str], Queue]:
    """The queues of these policies as they are, for those who only look."""
    rows = conn.execute(select(rings).where(rings.c.policy_id.in_({s.policy_id for s in taken})))
    return {(row.policy_id, row.rule_id): tuple(row.queue) for row in rows}


def save_rings(conn: Connection, moved: Mapping[tuple[str, str], Queue]) -> None:
    """Write the queues that moved."""
    rows = [{"policy_id": p, "rule_id": r, "queue": queue} for (p, r), queue in moved.items()]
    insert_rows(conn, rings, rows, "(policy_id, rule_id) DO UPDATE SET queue = excluded.queue")
