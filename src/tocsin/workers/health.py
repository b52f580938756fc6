"""What this install says of itself: ready or not, degraded in what, and numbers for Prometheus."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from tocsin.core import heartbeats, schema
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.notifications.store import sends
from tocsin.webhooks.store import ledger, queues, receivers

BACKLOG = 1000
HOOKS_BACKLOG = 10_000
HOOKS_LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Health:
    """What the health pages look at. `real_mail` False: mail goes to the built-in mailbox only."""

    database: Database
    real_mail: bool


def ready(state: Health) -> tuple[int, dict[str, object]]:
    """(status, body) of /readyz."""
    try:
        found, wanted = schema.state_of(state.database.engine)
        with state.database.begin() as tx:
            degraded = list(troubles(tx.conn, state))
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return 503, {"ready": False, "why": f"the database cannot be used: {why}", "degraded": []}
    if found != wanted:
        why = f"the schema is at {found}, this version needs {wanted}; run tocsin migrate"
        return 503, {"ready": False, "why": why, "degraded": degraded}
    return 200, {"ready": True, "degraded": degraded}


def troubles(conn: Connection, state: Health) -> Iterator[str]:
    """What works, but not as it should."""
    for channel in sends.health(conn).values():
        if channel.failures:
            yield f"{channel.channel}: {channel.failures} failures in a row, the last: {channel.why}"
    if not state.real_mail:
        yield "no real channel is set: mail stays in the built-in mailbox (set TOCSIN_SMTP_URL)"
    if not heartbeats.alive(conn, "worker"):
        yield "no worker is alive: events are stored, but nobody is paged"
    if (waiting := _count(conn, "intake_pending")) > BACKLOG:
        yield f"{waiting} segments of events wait to be decided"
    yield from _webhooks(conn)
    if conn.scalar(text("SELECT held FROM account LIMIT 1")):
        yield "this install is held after a restore: nothing is sent until tocsin resume"


def _webhooks(conn: Connection) -> Iterator[str]:
    now = real_now()
    unread, since = ledger.behind(conn)
    if since is not None and now - since > HOOKS_LATE and receivers.anybody(conn):
        yield f"{unread} log entries wait to become webhooks, the oldest for {int((now - since).total_seconds())} s"
    if (waiting := queues.waiting(conn)[0]) > HOOKS_BACKLOG:
        yield f"{waiting} webhooks wait to be delivered"


def _count(conn: Connection, table: str) -> int:
    return int(conn.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def metrics(state: Health) -> bytes:
    """All numbers: those of every process, and those that the database knows."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(DatabaseNumbers(state))
        return generate_latest(registry)
    registry.register(DatabaseNumbers(state))
    return generate_latest(REGISTRY) + generate_latest(registry)


class DatabaseNumbers(Collector):
    """Gauges read from the rows at the moment of the scrape."""

    def __init__(self, state: Health):
        self._state = state

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Read them all; without a database only `tocsin_database_up` 0."""
        up = GaugeMetricFamily("tocsin_database_up", "Whether the database answers")
        try:
            with self._state.database.begin() as tx:
                found = list(_gauges(tx.conn))
        except SQLAlchemyError:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *found]


def _webhook_lags(conn: Connection) -> Iterator[GaugeMetricFamily]:
    now = real_now()
    off = GaugeMetricFamily("tocsin_webhook_receivers_off", "Receivers that were switched off after failures")
    off.add_metric([], queues.switched_off(conn, now))
    yield off
    for name, about, since in (
        ("follow", "Seconds since the oldest log entry that has not become webhooks", ledger.behind(conn)[1]),
        ("delivery", "Seconds since the oldest webhook that waits was made", queues.waiting(conn)[1]),
    ):
        gauge = GaugeMetricFamily(f"tocsin_webhook_{name}_lag_seconds", about)
        gauge.add_metric([], max((now - since).total_seconds(), 0) if since is not None else 0)
        yield gauge


_COUNTS = {
    "tocsin_intake_segments_waiting": (
        "Segments of events waiting to be decided",
        "SELECT count(*) FROM intake_pending",
    ),
    "tocsin_events_parked": ("Events that could not be decided", "SELECT count(*) FROM intake_parked"),
    "tocsin_effects_waiting": ("Pages waiting to be planned", "SELECT count(*) FROM effects"),
    "tocsin_timers": ("Timers that are set", "SELECT count(*) FROM timers"),
    "tocsin_webhook_queues": (
        "Incidents and services whose webhooks wait, counted for each receiver",
        "SELECT count(*) FROM webhook_queues",
    ),
    "tocsin_webhooks_waiting": (
        "Webhooks waiting to be delivered",
        "SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'",
    ),
}
_LABELLED = {
    "tocsin_incidents_open": (
        "Open incidents", "status", "SELECT status, count(*) FROM incidents WHERE status <> 'resolved' GROUP BY 1",
    ),
    "tocsin_sends": (
        "Messages that are not over", "state",
        "SELECT state, count(*) FROM sends WHERE state IN ('waiting', 'unknown', 'sending') GROUP BY 1",
    ),
    "tocsin_channel_failures": (
        "Failures of a channel in a row", "channel", "SELECT channel, failures FROM channel_health",
    ),
}  # fmt: skip


def _gauges(conn: Connection) -> Iterator[GaugeMetricFamily]:
    yield from _webhook_lags(conn)
    for name, (about, query) in _COUNTS.items():
        gauge = GaugeMetricFamily(name, about)
        gauge.add_metric([], float(conn.scalar(text(query)) or 0))
        yield gauge
    for name, (about, label, query) in _LABELLED.items():
        gauge = GaugeMetricFamily(name, about, labels=[label])
        for value, count in conn.execute(text(query)):
            gauge.add_metric([value], count)
        yield gauge
