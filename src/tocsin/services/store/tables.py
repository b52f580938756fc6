"""Tables of services, their integrations and maintenance windows (core:C1, core:C11, core:W1)."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Sequence, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text
from tocsin.fields.store.tables import Kind, values_table

services = Table(
    "services",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    text("status"),  # active | disabled; the rest is computed (core:C2)
    text("escalation_policy_id", ForeignKey("escalation_policies.id"), index=True),
    Column("acknowledgement_timeout", Integer),
    Column("auto_resolve_timeout", Integer),
    document("incident_urgency_rule"),
    document("support_hours", null=True),
    document("scheduled_actions"),
    text("alert_creation"),
    document("alert_grouping_parameters", null=True),
    document("auto_pause_notifications_parameters", null=True),
    # The next windows, copied from `maintenance_windows` under the service's lock (`windows.project`): whoever locks a
    # service to decide an event has them without a query, and never an older state than the lock's.
    document("maintenance", null=True),
    instant("created_at"),
    instant("last_incident_at", null=True),
    instant("deleted_at", null=True),
    Index("uq_services_name", sql("lower(name)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

integrations = Table(
    "integrations",
    metadata,
    text("id", primary_key=True),
    text("service_id", ForeignKey("services.id"), index=True),
    text("type"),
    text("name"),
    text("vendor_id", null=True),
    text("app_id", null=True),  # the app that was given the key by Connect
    text("integration_key", unique=True),
    text("integration_email", null=True),
    document("config"),
    instant("created_at"),
    instant("deleted_at", null=True),
)

service_field_values = values_table("service_field_values", "services.id")
EVERY_SERVICE = "services"
FIELDS = Kind("service", service_field_values, longest_option=200, falls_back=True)
# What is not here is enabled (ei:EO19). `kind` leaves room for event orchestrations, which have enablements too.
feature_enablements = Table(
    "feature_enablements",
    metadata,
    text("kind", primary_key=True),  # service
    text("subject_id", primary_key=True),
    text("feature", primary_key=True),  # aiops
    Column("enabled", Boolean, nullable=False),
    instant("updated_at"),
)

window_numbers = Sequence("maintenance_window_numbers", metadata=metadata)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    text("id", primary_key=True),
    Column("sequence_number", Integer, nullable=False),
    instant("start_time"),
    instant("end_time"),
    text("description"),
    document("service_ids"),
    text("created_by", null=True),  # nobody whom an account's key would name
    instant("created_at"),
    Index("ix_maintenance_windows_end_time", "end_time"),
    Index("ix_maintenance_windows_service_ids", "service_ids", postgresql_using="gin"),
)
