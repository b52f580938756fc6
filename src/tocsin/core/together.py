"""Several reads in one statement: a round trip and its overhead cost more than the small reads themselves.

1. The statement is made once, when its module is loaded: building and compiling it costs more than running it. What
   varies are its parameters, lists of ids (`among`), as many as there are parts to find.
2. Each part comes back as JSON that PostgreSQL makes; instants are parsed here. Columns of other types that JSON lacks
   (bytes, numerics) do not belong here. A part keeps the order of its own ORDER BY.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY


class Found(dict[str, Any]):
    """A row that came as JSON; its columns are attributes, as those of a `Row` are."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return self[name]

    @property
    def _mapping(self) -> "Found":
        return self


def among(column: ColumnElement[Any] | Column[Any], name: str = "ids") -> ColumnElement[bool]:
    """A condition: the column is one of the ids in the parameter `name` (one parameter, however many they are)."""
    return column == any_(bindparam(name, type_=ARRAY(Text)))


class Together:
    """Named reads that are made by one statement."""

    def __init__(self, **parts: Select[Any]):
        self._instants = {name: _instants(part) for name, part in parts.items()}
        self._statement = select(*(_as_json(name, part) for name, part in parts.items()))

    def read(self, conn: Connection, **given: Iterable[str]) -> dict[str, list[Found]]:
        """The rows of each part; `given` are the lists that its `among` conditions name."""
        found = conn.execute(self._statement, {name: list(ids) for name, ids in given.items()}).one()
        return {name: _rows(getattr(found, name), instants) for name, instants in self._instants.items()}


def _instants(part: Select[Any]) -> list[str]:
    return [str(column.key) for column in part.selected_columns if isinstance(column.type, DateTime)]


def _as_json(name: str, part: Select[Any]) -> ColumnElement[Any]:
    rows = part.subquery(f"part_{name}")
    return select(func.json_agg(literal_column(f"part_{name}"))).select_from(rows).scalar_subquery().label(name)


def _rows(given: list[dict[str, Any]] | None, instants: list[str]) -> list[Found]:
    rows = [Found(row) for row in given or ()]
    for name in instants:
        for row in rows:
            if row[name] is not None:
                row[name] = datetime.fromisoformat(row[name]).astimezone(UTC)
    return rows
