"""The one `MetaData` of all tables, with names for constraints that migrations can rely on, and column shorthands."""

from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *args: Any, null: bool = False, **more: Any) -> Column[str]:
    """A text column; not null unless said."""
    return Column(name, Text, *args, nullable=null, **more)


def instant(name: str, null: bool = False, **more: Any) -> Column[Any]:
    """A timestamp with time zone; not null unless said."""
    return Column(name, DateTime(timezone=True), nullable=null, **more)


def document(name: str, null: bool = False, **more: Any) -> Column[Any]:
    """A jsonb column; not null unless said."""
    return Column(name, JSONB(none_as_null=True), nullable=null, **more)
