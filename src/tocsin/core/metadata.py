"""The one `MetaData` of all tables, with names for constraints that migrations can rely on, and column shorthands."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Table, Text
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


def sealed(name: str, purpose: str, null: bool = False) -> Column[str]:
    """A column of values from `tx.sealer.seal(purpose, …)`: `tocsin reseal` and the doctor find it by this."""
    return Column(name, Text, nullable=null, info={"sealed": purpose})


def sealed_columns() -> Iterator[tuple[Table, Column[str], str]]:
    """(table, column, purpose) of everything that is stored sealed, in a steady order."""
    for table in sorted(metadata.tables.values(), key=lambda table: table.name):
        for column in table.columns:
            if "sealed" in column.info:
                yield table, column, column.info["sealed"]
