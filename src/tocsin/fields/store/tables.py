"""Tables of custom fields and their options, and the form of a table of values (core:I121).

1. A field belongs to a *kind* of thing and, within it, to a *scope*: an incident type's id, one word for all services.
2. Values stand in a table of the kind's own, made by `values_table`: a row is a value that is there, no row is none.
3. What belongs to a field goes with it.
"""

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.core.metadata import document, instant, metadata, text

custom_fields = Table(
    "custom_fields",
    metadata,
    text("id", primary_key=True),
    text("kind"),
    text("scope_id"),
    text("name"),
    text("display_name"),
    text("description", null=True),
    text("data_type"),
    text("field_type"),
    document("default_value", null=True),
    Column("enabled", Boolean, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    Index("uq_custom_fields_name", "kind", "name", unique=True),
    Index("uq_custom_fields_display_name", "kind", sql("lower(display_name)"), unique=True),
    Index("ix_custom_fields_scope", "kind", "scope_id"),
)

custom_field_options = Table(
    "custom_field_options",
    metadata,
    text("id", primary_key=True),
    text("field_id", ForeignKey("custom_fields.id", ondelete="CASCADE"), index=True),
    text("value"),
    Column("position", Integer, nullable=False),
    instant("created_at"),
    instant("updated_at"),
)


def values_table(name: str, owner: str) -> Table:
    """A table of values of the things in `owner` (`table.column`)."""
    return Table(
        name,
        metadata,
        text("owner_id", ForeignKey(owner, ondelete="CASCADE"), primary_key=True),
        text("field_id", ForeignKey("custom_fields.id", ondelete="CASCADE"), primary_key=True, index=True),
        document("value"),
        instant("updated_at"),
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things that have fields. `falls_back`: where no value is set, the field's default is shown (a setting
    that holds until somebody says otherwise); else the default was given once, when the thing began.
    """

    name: str
    values: Table
    longest_option: int
    falls_back: bool
