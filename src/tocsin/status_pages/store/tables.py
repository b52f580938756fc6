"""Tables of subscriptions, status updates and their templates; no rules."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text

subscriptions = Table(
    "subscriptions",
    metadata,
    text("subscribable_type", primary_key=True),  # incident | business_service
    text("subscribable_id", primary_key=True),
    text("subscriber_type", primary_key=True),  # user | team | account
    text("subscriber_id", primary_key=True),
    # A person's own no: it outlives what reaches them through a team, a business service or the account (core:I92).
    Column("refused", Boolean, nullable=False, server_default=sql("false")),
    instant("created_at"),
    Index("ix_subscriptions_subscriber", "subscriber_type", "subscriber_id"),
)

status_updates = Table(
    "status_updates",
    metadata,
    text("id", primary_key=True),
    text("incident_id", ForeignKey("incidents.id"), index=True),
    text("sender_id"),
    text("message"),
    text("subject", null=True),
    text("html_message", null=True),  # as it was given; shown and sent only cleaned
    instant("created_at"),
    text("planned_to", null=True),  # everybody up to this person has their letter
    instant("planned_at", null=True),  # everybody has
    Index("ix_status_updates_unplanned", "created_at", postgresql_where=sql("planned_at IS NULL")),
)

templates = Table(
    "templates",
    metadata,
    text("id", primary_key=True),
    text("template_type"),  # status_update
    text("name"),
    text("description", null=True),
    document("templated_fields"),
    text("created_by", null=True),  # null: an account key
    text("updated_by", null=True),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", null=True),
    Index("ix_templates_created", "created_at", postgresql_where=sql("deleted_at IS NULL")),
)
