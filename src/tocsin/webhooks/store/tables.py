"""Tables of webhooks (core:H1-H14, core:X3).

1. What people configure: subscriptions, their secrets, OAuth clients, extensions. Audited.
2. What runs: an endpoint for each receiver, a queue for each (receiver, incident or service) that has something to
   send, and the deliveries, which are the log as well. `webhook_cursor` says how far the ledger has been followed; its
   transaction number means nothing in another database, so a backup leaves it out.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, SmallInteger, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, sealed, text

CLIENT_SECRET, TOKEN, HEADERS, CONFIG, SECRET = (
    "webhook client secret", "webhook token", "webhook headers", "extension config", "webhook secret",
)  # fmt: skip

oauth_clients = Table(
    "webhook_oauth_clients",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("client_id"),
    sealed("client_secret", CLIENT_SECRET),
    text("scope", null=True),
    text("token_url"),
    text("status"),  # active | error
    sealed("token", TOKEN, null=True),
    instant("token_until", null=True),  # real time
    instant("created_at"),
)

subscriptions = Table(
    "webhook_subscriptions",
    metadata,
    text("id", primary_key=True),
    text("description", null=True),
    document("events"),
    text("scope"),  # account | service | team
    text("scope_id", null=True),
    Column("active", Boolean, nullable=False),
    text("method_id"),
    text("url"),
    sealed("headers", HEADERS, null=True),
    text("oauth_client_id", ForeignKey("webhook_oauth_clients.id", ondelete="SET NULL"), null=True, index=True),
    instant("created_at"),
    Index("ix_webhook_subscriptions_scope", "scope", "scope_id"),
)

secrets = Table(
    "webhook_secrets",
    metadata,
    text("id", primary_key=True),
    text("subscription_id", ForeignKey("webhook_subscriptions.id", ondelete="CASCADE"), index=True),
    sealed("secret", SECRET),
    text("tail"),
    instant("created_at"),
)

extensions = Table(
    "extensions",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("schema_id"),
    text("endpoint_url", null=True),
    document("service_ids"),
    sealed("config", CONFIG, null=True),
    instant("created_at"),
    Index("ix_extensions_service_ids", "service_ids", postgresql_using="gin"),
)

endpoints = Table(
    "webhook_endpoints",
    metadata,
    text("id", primary_key=True),  # the subscription's or extension's
    text("type"),
    Column("dropped", Integer, nullable=False, server_default=sql("0")),  # in a row
    Column("failing", Boolean, nullable=False, server_default=sql("false")),
    instant("disabled_until", null=True),
    text("disabled_why", null=True),
)

queues = Table(
    "webhook_queues",
    metadata,
    text("endpoint_id", ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), primary_key=True),
    text("subject", primary_key=True),
    instant("due_at"),
    Column("fence", BigInteger, nullable=False, server_default=sql("0")),
    text("owner", null=True),
    instant("lease_until", null=True),  # real time
    Index("ix_webhook_queues_due", "endpoint_id", "due_at"),
    postgresql_with={"fillfactor": "70"},
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    text("id", primary_key=True),
    Column("position", BigInteger, Identity(always=False), nullable=False),
    text("endpoint_id", ForeignKey("webhook_endpoints.id", ondelete="CASCADE")),
    text("subject"),
    text("webhook_id"),
    text("event_id"),
    text("event_type"),
    text("source", null=True),  # the log entry or audit record that it comes from
    text("body"),
    text("state"),  # waiting | delivered | dropped
    Column("attempt", Integer, nullable=False),
    instant("created_at"),
    instant("first_tried_at", null=True),
    instant("tried_at", null=True),
    Column("status", Integer),
    Column("took", Integer),  # milliseconds
    text("answer", null=True),
    text("why", null=True),
    Index(
        "ix_webhook_deliveries_head", "endpoint_id", "subject", "position", postgresql_where=sql("state = 'waiting'")
    ),
    Index("ix_webhook_deliveries_listed", "endpoint_id", "position"),
    Index("ix_webhook_deliveries_over", "created_at", postgresql_where=sql("state <> 'waiting'")),
    Index(
        "uq_webhook_deliveries_source", "endpoint_id", "source", "event_type", unique=True,
        postgresql_where=sql("source IS NOT NULL"),
    ),
)  # fmt: skip

cursor = Table(
    "webhook_cursor",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("xid", BigInteger, nullable=False),
)
