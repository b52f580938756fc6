"""Tables of incidents, alerts, log entries, notes, priorities and incident types; no rules."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ForeignKey, Index, Integer, Sequence, Table, Text
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text
from tocsin.fields.store.tables import Kind, values_table

incident_numbers = Sequence("incident_numbers", metadata=metadata)

incidents = Table(
    "incidents",
    metadata,
    text("id", primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    text("service_id", ForeignKey("services.id")),
    text("title"),
    text("status"),
    text("urgency"),
    text("incident_key", null=True),
    text("priority_id", null=True),
    text("incident_type", server_default=sql("'incident_default'")),
    document("body", null=True),
    document("conference_bridge", null=True),
    text("snapshot_id", null=True),
    text("policy_id", null=True),
    Column("level", Integer, nullable=False),
    Column("pass_no", Integer, nullable=False),
    text("assigned_via"),
    document("assignments"),
    document("acknowledgements"),
    Column("acknowledgement_timeout", Integer),
    Column("auto_resolve_timeout", Integer),
    instant("snoozed_until", null=True),
    Column("ever_acknowledged", Boolean, nullable=False),
    text("resting", null=True),
    document("resolve_reason", null=True),
    instant("created_at"),
    instant("updated_at"),
    instant("last_status_change_at"),
    document("last_status_change_by", null=True),
    instant("resolved_at", null=True),
    instant("reopened_at", null=True),
    Column("alerts_all", Integer, nullable=False),
    Column("alerts_triggered", Integer, nullable=False),
    Column("trigger_count", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    instant("last_logged_at"),
    text("first_trigger_log_entry_id", null=True),
    document("requests", server_default=sql("'[]'::jsonb")),  # for more people, as the model has them
    Index("ix_incidents_requests", "id", postgresql_where=sql("status <> 'resolved' AND requests <> '[]'::jsonb")),
    Index("ix_incidents_open", "service_id", "status", postgresql_where=sql("status <> 'resolved'")),
    Index("ix_incidents_created", "created_at"),
    Index("ix_incidents_service", "service_id", "created_at"),
    Index("ix_incidents_policy", "policy_id", "created_at"),
    Index("ix_incidents_key", "incident_key", postgresql_where=sql("incident_key IS NOT NULL")),
    Index("ix_incidents_resting", "id", postgresql_where=sql("status = 'triggered' AND resting IS NULL")),
    Index(
        "uq_incidents_open_key",
        "service_id",
        "incident_key",
        unique=True,
        postgresql_where=sql("status <> 'resolved' AND incident_key IS NOT NULL"),
    ),
    Index(
        "ix_incidents_assignments", "assignments", postgresql_using="gin", postgresql_where=sql("status <> 'resolved'")
    ),
    postgresql_with={"fillfactor": "60"},  # room to update in place: repeats cost PostgreSQL 40 % less
)

alerts = Table(
    "alerts",
    metadata,
    text("id", primary_key=True),
    text("service_id"),
    text("integration_id", null=True),
    text("incident_id", null=True, index=True),
    text("dedup_key"),
    text("summary"),
    text("severity"),
    text("status"),  # triggered | resolved
    Column("suppressed", Boolean, nullable=False),
    text("held_by", null=True),  # maintenance | disabled
    instant("held_until", null=True),
    text("held_why", null=True),
    document("body"),
    text("first_event_id"),
    text("last_event_id"),
    Column("event_count", Integer, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    instant("resolved_at", null=True),
    text("first_trigger_log_entry_id", null=True),
    Index(
        "uq_alerts_open",
        "integration_id",
        "dedup_key",
        unique=True,
        postgresql_where=sql("status = 'triggered'"),
    ),
    Index("ix_alerts_created", "service_id", "created_at"),
    Index(
        "ix_alerts_held",
        "service_id",
        "created_at",
        postgresql_where=sql("status = 'triggered' AND held_by IS NOT NULL"),
    ),
    Index("ix_alerts_dedup_key", "dedup_key"),
    postgresql_with={"fillfactor": "60"},  # room to update in place: repeats cost PostgreSQL 40 % less
)

log_entries = Table(
    "log_entries",
    metadata,
    text("id", primary_key=True),
    text("incident_id", null=True),
    text("alert_id", null=True),
    text("service_id"),
    Column("seq", Integer, nullable=False),
    instant("at"),
    text("type"),
    text("actor_kind"),
    text("actor_id", null=True),
    text("actor_name"),
    text("channel"),
    text("cause"),
    text("reason"),
    Column("level", Integer),
    text("user_id", null=True),
    document("assignees"),
    document("before", null=True),
    document("after", null=True),
    document("details", null=True),
    Column("xid", BigInteger, nullable=False, server_default=sql("(pg_current_xact_id()::text::bigint)")),
    Index("ix_log_entries_incident", "incident_id", "seq"),
    Index("ix_log_entries_at", "at"),
    Index("ix_log_entries_xid", "xid"),
    Index("ix_log_entries_actor", "actor_id", "at", postgresql_where=sql("actor_kind = 'user'")),
    Index("ix_log_entries_user", "user_id", "at", postgresql_where=sql("user_id IS NOT NULL")),
    Index(
        "ix_log_entries_assignees",
        "assignees",
        postgresql_using="gin",
        postgresql_ops={"assignees": "jsonb_path_ops"},
        postgresql_where=sql("type IN ('assign', 'escalate', 'delegate')"),
    ),
)

notes = Table(
    "notes",
    metadata,
    text("id", primary_key=True),
    text("incident_id", ForeignKey("incidents.id"), index=True),
    text("user_id", null=True),
    text("channel"),
    text("content"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", null=True),
)

incident_types = Table(
    "incident_types",
    metadata,
    text("id", primary_key=True),
    text("name", unique=True),
    text("display_name"),
    text("description", null=True),
    text("parent_id", ForeignKey("incident_types.id"), null=True, index=True),
    Column("line", ARRAY(Text), nullable=False),  # ids from the root to the type itself
    Column("enabled", Boolean, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_incident_types_display_name", sql("lower(display_name)"), unique=True),
)

incident_field_values = values_table("incident_field_values", "incidents.id")
FIELDS = Kind("incident", incident_field_values, longest_option=100, falls_back=False)

priorities = Table(
    "priorities",
    metadata,
    text("id", primary_key=True),
    text("name", unique=True),
    text("description"),
    text("color"),
    Column("position", Integer, nullable=False),  # the most severe first
)
