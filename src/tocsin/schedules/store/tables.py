"""Tables of schedules, their layers, overrides and teams (core:S2, core:S3, core:S40).

`schedules.version` is a fresh random token after every change of the schedule, its layers or its overrides: equal
tokens mean equal content, whatever was rolled back or restored in between. Readers keep parsed schedules by it.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text

schedules = Table(
    "schedules",
    metadata,
    text("id", primary_key=True),
    text("name"),
    text("description", null=True),
    text("time_zone"),  # as it was sent
    text("version"),
    instant("created_at"),
    instant("deleted_at", null=True),
    Index("uq_schedules_name", sql("lower(name)"), unique=True, postgresql_where=sql("deleted_at IS NULL")),
)

# One row for each term of a layer: what it was before an edit, and (the highest term) what it is.
schedule_layers = Table(
    "schedule_layers",
    metadata,
    text("layer_id", primary_key=True),
    Column("term", Integer, primary_key=True),
    text("schedule_id", ForeignKey("schedules.id", ondelete="CASCADE"), index=True),
    Column("place", Integer, nullable=False),  # 0 has the lowest precedence
    text("name"),
    instant("start"),
    instant("end", null=True),
    instant("rotation_virtual_start"),
    Column("rotation_turn_length_seconds", Integer, nullable=False),
    document("users"),  # ids in the order of the turns
    document("restrictions"),
    Column("phase", Integer, nullable=False),
    text("time_zone", null=True),  # only where the schedule's zone changed after this term
    Index("ix_schedule_layers_users", "users", postgresql_using="gin"),
)

overrides = Table(
    "schedule_overrides",
    metadata,
    text("id", primary_key=True),
    text("schedule_id", ForeignKey("schedules.id", ondelete="CASCADE")),
    text("user_id", ForeignKey("users.id"), index=True),
    instant("start"),
    instant("end"),
    Column("created", BigInteger, Identity(always=False), nullable=False),  # made under the schedule's lock
    instant("created_at"),
    Index("ix_schedule_overrides_end", "schedule_id", "end"),
)

schedule_teams = Table(
    "schedule_teams",
    metadata,
    text("schedule_id", ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    text("team_id", ForeignKey("teams.id"), primary_key=True, index=True),
)
