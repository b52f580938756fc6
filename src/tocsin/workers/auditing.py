"""The auditor: every triggered incident has a next step or an accepted reason; if not, somebody hears of it (SPINE 9).

It works apart from what it watches: SQL over the rows as they are, no shared state. What it finds is paged to the
owner as a notice, once an incident and hour, and shown in /metrics and on /app. A service that was forgotten with
alerts in hand is looked at again, besides: a look too many changes nothing.
"""

from datetime import timedelta

import structlog
from prometheus_client import Gauge
from sqlalchemy import select, text

from tocsin.accounts.store.responders import held, owner_id
from tocsin.core import effects, timers
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx
from tocsin.incidents.store.audit import forgotten, silent
from tocsin.services.model import LOOK

log = structlog.get_logger()

_LOCK = 7_246_005
LATE = timedelta(minutes=2)
findings = Gauge("tocsin_auditor_findings", "Incidents without a next step, and timers that are late", ["kind"])


def audit(database: Database) -> bool:
    """One look at everything; never more to do at once."""
    database.run(_audit)
    return False


def _audit(tx: Tx) -> None:
    if not tx.conn.scalar(text("SELECT pg_try_advisory_xact_lock(:n)"), {"n": _LOCK}):
        return
    if held(tx.conn):  # nothing moves until `tocsin resume`, and that is meant
        return
    lost, late = silent(tx.conn), late_timers(tx)
    findings.labels("silent").set(len(lost))
    findings.labels("late").set(len(late))
    look_again(tx)
    if lost or late:
        log.error("auditor", silent=lost[:10], late=late[:10])
        _tell(tx, lost, late)


def look_again(tx: Tx) -> None:
    """Have every service looked at whose held alerts nobody would look at."""
    version = int(tx.now.timestamp() * 1_000_000)
    timers.put(tx.conn, [timers.Timer(id, LOOK, tx.now, version) for id in sorted(set(forgotten(tx.conn).values()))])


def late_timers(tx: Tx) -> list[str]:
    """Subjects of timers that should have fired a while ago."""
    query = select(timers.timers.c.subject).where(timers.timers.c.due_at < tx.now - LATE).limit(100)
    return list(tx.conn.scalars(query))


def _tell(tx: Tx, lost: list[str], late: list[str]) -> None:
    owner = owner_id(tx.conn)
    hour = real_now().strftime("%Y-%m-%d %H")
    said = tx.conn.scalar(text("SELECT settings->>'auditor_told' FROM account LIMIT 1"))
    if owner is None or said == hour:
        return
    tx.conn.execute(
        text("UPDATE account SET settings = settings || jsonb_build_object('auditor_told', CAST(:hour AS text))"),
        {"hour": hour},
    )
    lines = [f"{len(lost)} incidents or held alerts have no next step: {', '.join(lost[:20])}"] if lost else []
    lines += [f"{len(late)} timers are more than two minutes late"] if late else []
    notice = {"user_id": owner, "subject": "Tocsin's auditor found something wrong", "text": "\n".join(lines)}
    effects.put(tx.conn, [("notice", owner, {"notice": notice})], tx.now)
