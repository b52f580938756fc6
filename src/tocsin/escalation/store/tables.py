"""Tables of escalation policies, their rules, and the round-robin pointers (core:P1-P8, core:P40-P44)."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text

escalation_policies = Table(
    "escalation_policies",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    Column("num_loops", Integer, nullable=False),
    text("on_call_handoff_notifications"),
    text("team_id", null=True, index=True),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("uq_escalation_policies_name", sql("lower(name)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

escalation_rules = Table(
    "escalation_rules",
    metadata,
    text("id", primary_key=True),
    text("policy_id", ForeignKey("escalation_policies.id", ondelete="CASCADE"), index=True),
    Column("position", Integer, nullable=False),
    Column("delay_minutes", Integer, nullable=False),
    text("strategy"),  # assign_to_everyone | round_robin
    document("targets"),  # [{"kind": "user"|"schedule", "id": …}] in order
    Index("ix_escalation_rules_targets", "targets", postgresql_using="gin"),
)

rings = Table(
    "rings",
    metadata,
    text("policy_id", primary_key=True),
    text("rule_id", primary_key=True),
    document("queue"),  # ids of targets, next one first
)

snapshots = Table(
    "policy_snapshots",
    metadata,
    text("id", primary_key=True),  # SHA-256 of the content: the same policy state is stored once
    text("policy_id", index=True),
    document("body"),
)
