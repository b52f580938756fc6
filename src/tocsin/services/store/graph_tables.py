"""Tables of business services, and of which service supports which (core:C15, ei:BS1, ei:SD1).

A node of the graph is written `business_service/ID` or `service/ID`: one column that no id of the other kind can meet.
"""

from sqlalchemy import ForeignKey, Index, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import instant, metadata, text

business_services = Table(
    "business_services",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    text("point_of_contact", null=True),
    text("team_id", ForeignKey("teams.id"), null=True, index=True),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("ix_business_services_name", sql("lower(name)"), "id", postgresql_where=sql("deleted_at IS NULL")),
)

service_dependencies = Table(
    "service_dependencies",
    metadata,
    text("id", primary_key=True),
    text("supporting"),
    text("dependent", index=True),
    instant("created_at"),
    Index("uq_service_dependencies_edge", "supporting", "dependent", unique=True),
)
