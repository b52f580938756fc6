"""The account of the tests of webhooks: Acme with a test clock, and a worker's webhooks run by hand."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from tests.e2e.install import eventually
from tests.incidents.acme import Acme
from tests.webhooks.receiver import Receiver
from tocsin.core.clock import Clock, clock_table
from tocsin.core.db import Database, Tx
from tocsin.core.outbound import Outbound
from tocsin.core.outbound.addresses import policy
from tocsin.core.settings import Settings
from tocsin.webhooks.addresses import links_of
from tocsin.webhooks.commands import clients, delivering, following
from tocsin.webhooks.model import Credentials, Job, Outcome, Token
from tocsin.webhooks.sending import Caller
from tocsin.webhooks.store import queues

LOCAL = ("127.0.0.0/8",)
SETTINGS = Settings(api_rate_limit=0, outbound_allow=LOCAL, public_url="https://tocsin.example.com")
EVERY = [
    "incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.resolved", "incident.reopened",
    "incident.escalated", "incident.delegated", "incident.reassigned", "incident.annotated",
    "incident.priority_updated", "incident.conference_bridge.updated", "incident.service_updated",
    "service.created", "service.updated", "service.deleted",
]  # fmt: skip
OUTBOUND = Outbound(policy(LOCAL), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # reading the real CAs takes a while
LINKS_OF = links_of(SETTINGS)


@dataclass
class House:
    """Acme, its receivers, and what a worker does for webhooks."""

    acme: Acme
    seconds: float = 5.0
    outbound: Outbound = OUTBOUND

    @property
    def database(self) -> Database:
        return self.acme.database

    def subscribes(self, receiver: Receiver | str, *events: str, **more: Any) -> dict[str, Any]:
        """A subscription to the account's events, unless `filter` says otherwise."""
        url = receiver if isinstance(receiver, str) else receiver.url
        headers = more.pop("headers", [])
        body = {
            "type": "webhook_subscription", "events": list(events or EVERY), "filter": {"type": "account_reference"},
            "delivery_method": {"type": "http_delivery_method", "url": url, "custom_headers": headers}, **more,
        }  # fmt: skip
        got = self.acme.client.post("/webhook_subscriptions", {"webhook_subscription": body}, lenient=True)
        assert got.status == 200, got.body
        return dict(got.body["webhook_subscription"])

    def extends(self, receiver: Receiver, schema: str = "PJFWPEP", **more: Any) -> dict[str, Any]:
        """An extension on Acme's service."""
        body = {
            "name": "Hook", "endpoint_url": receiver.url, "extension_schema": _ref(schema, "extension_schema"),
            "extension_objects": [_ref(self.acme.service, "service")], **more,
        }  # fmt: skip
        got = self.acme.client.post("/extensions", {"extension": body}, lenient=True)
        assert got.status == 201, got.body
        return dict(got.body["extension"])

    def waits(self) -> None:
        """Until nobody else's transaction holds back what can be followed, or where following begins."""
        eventually(lambda: self.database.read(_all_is_below_the_line), 30)

    def follows(self, most: int = 500) -> int:
        """All lots there are; how many."""
        self.waits()
        lots = 1
        while self.database.run(lambda tx: following.follow(tx, LINKS_OF, most)):
            lots += 1
        return lots

    def claims(self, most: int = 32) -> list[Job]:
        """What a worker would try now."""
        return self.database.run(lambda tx: delivering.claim(tx, "worker", most))

    def settles(self, job: Job, outcome: Outcome) -> bool:
        return self.database.run(lambda tx: delivering.settle(tx, job, outcome, LINKS_OF, 0.5))

    def tries(self, jobs: list[Job]) -> list[Outcome]:
        """One attempt each, over the network, and what became of it is written."""
        outcomes = asyncio.run(self._attempts(jobs))
        for job, outcome in zip(jobs, outcomes, strict=True):
            self.settles(job, outcome)
        return outcomes

    async def _attempts(self, jobs: list[Job]) -> list[Outcome]:
        async def keep(credentials: Credentials, token: Token | None) -> None:
            self.database.run(lambda tx: clients.keep(tx, credentials.id, token))

        caller = Caller(self.outbound, keep, self.seconds)
        try:
            return list(await asyncio.gather(*(caller.attempt(job) for job in jobs)))
        finally:
            await caller.close()

    def delivers(self) -> list[Outcome]:
        """Follow, then everything that is due now, and what that makes due."""
        self.follows()
        outcomes: list[Outcome] = []
        while jobs := self.claims():
            outcomes += self.tries(jobs)
        return outcomes

    def later(self, **time: float) -> None:
        """The clock moves."""
        with self.database.begin() as tx:
            self.database.clock.move_to(tx.conn, tx.now + timedelta(**time))

    def due(self) -> datetime | None:
        """When the next attempt is due."""
        with self.database.begin() as tx:
            return queues.next_due(tx.conn)

    def log(self, id: str, query: str = "") -> list[dict[str, Any]]:
        """The delivery log of a subscription, newest first."""
        return list(self.acme.client.get(f"/tocsin/webhook_subscriptions/{id}/deliveries{query}").body["deliveries"])

    def subscription(self, id: str) -> dict[str, Any]:
        return dict(self.acme.client.get(f"/webhook_subscriptions/{id}").body["webhook_subscription"])

    def execute(self, statement: str, **values: Any) -> None:
        """Change a row behind everybody's back."""
        with self.database.begin() as tx:
            tx.conn.execute(text(statement), values)

    @contextmanager
    def receiving(self, **more: Any) -> Iterator[Receiver]:
        with Receiver(**more) as receiver:
            yield receiver


def _ref(id: str, type: str) -> dict[str, str]:
    return {"id": id, "type": f"{type}_reference"}


def tested(database: Database) -> None:
    """The database obeys the test clock."""
    database.clock = Clock(test=True)
    with database.begin() as tx:
        if not tx.conn.execute(text("SELECT 1 FROM clock")).first():
            tx.conn.execute(insert(clock_table).values(id=1, ahead=timedelta()))


def _all_is_below_the_line(tx: Tx) -> bool:
    """Whether no older transaction, of another test perhaps, still holds the whole server's line back."""
    newest = "(SELECT max(xid) FROM log_entries), (SELECT max(xid) FROM audit_records)"
    query = f"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > coalesce(greatest({newest}), 0)"
    return bool(tx.conn.scalar(text(query)))
