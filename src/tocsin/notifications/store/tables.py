"""Tables of pages: a chain per (incident, person, assignment), sends, and what each send carries (SPINE 3)."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.core.db import RACED
from tocsin.core.metadata import document, instant, metadata, text

chains = Table(
    "page_chains",
    metadata,
    text("id", primary_key=True),
    text("incident_id", index=True),
    text("user_id", index=True),
    text("urgency"),
    Column("level", Integer),
    text("kind"),  # page | re-page | request
    text("why"),
    instant("started_at"),
    Column("step_minutes", Integer, nullable=False),  # rules up to this delay have fired; -1: none yet
    text("request_id", null=True),  # of a call for help
)

sends = Table(
    "sends",
    metadata,
    text("id", primary_key=True),
    text("channel"),
    text("user_id", null=True),
    text("contact_method_id", null=True),
    text("address"),
    text("urgency"),
    text("kind"),  # page | re-page | request | notice
    text("state"),  # waiting | sending | unknown | sent | failed | dropped
    instant("due_at"),
    Column("attempt", Integer, nullable=False),
    text("owner", null=True),
    instant("lease_until", null=True),  # real time
    text("receipt", null=True),
    text("why", null=True),
    document("notice", null=True),
    instant("created_at"),
    instant("first_tried_at", null=True),
    instant("sent_at", null=True),
    Index("ix_sends_due", "channel", "due_at", postgresql_where=sql("state IN ('waiting', 'unknown')")),
    Index("ix_sends_leased", "lease_until", postgresql_where=sql("state = 'sending'")),
    Index(
        "uq_sends_open_bundle",
        "contact_method_id",
        "urgency",
        unique=True,
        postgresql_where=sql("state = 'waiting' AND kind <> 'notice'"),
    ),
    Index("ix_sends_user", "user_id", "created_at"),
    Index("ix_sends_tried", "first_tried_at", postgresql_where=sql("kind <> 'notice'")),
)

RACED.add("uq_sends_open_bundle")  # a message that failed waits again while the planner opens another for its bundle

items = Table(
    "send_items",
    metadata,
    Column("id", BigInteger, Identity(always=False), primary_key=True),
    text("send_id", ForeignKey("sends.id", ondelete="CASCADE"), index=True),
    text("incident_id", index=True),
    text("chain_id", null=True),
    text("user_id"),
    Column("level", Integer),
    text("kind"),  # page | re-page
    text("condition"),  # while_triggered | while_assigned | while_requested
    text("request_id", null=True),
    text("why"),
    instant("created_at"),
    text("state"),  # waiting | sent | dropped
    text("reason", null=True),
    Column("logged", Boolean, nullable=False, server_default=sql("false")),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    text("id", primary_key=True),
    text("incident_id", index=True),
    text("subject"),
    text("text"),
    text("html"),  # safe already; empty: the text is all there is
    instant("created_at"),
)

channel_health = Table(
    "channel_health",
    metadata,
    text("channel", primary_key=True),
    instant("last_success_at", null=True),
    instant("last_failure_at", null=True),
    text("why", null=True),
    Column("failures", Integer, nullable=False),  # in a row
)

bundle_windows = Table(
    "bundle_windows",
    metadata,
    text("contact_method_id", primary_key=True),
    text("urgency", primary_key=True),
    instant("last_at"),
)

# What was told of a hand-off: nobody hears of one twice by the same rule.
handoffs_told = Table(
    "handoffs_told",
    metadata,
    text("schedule_id", primary_key=True),
    instant("at", primary_key=True),
    text("rule_id", primary_key=True),
    text("kind", primary_key=True),  # oncall | offcall
    instant("told_at"),
)
