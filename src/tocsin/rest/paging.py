"""Pages of a list: by offset (core:K4) and by cursor (core:K5).

1. `limit` is 25 unless given, at most 100; `more` is always there, `total` null unless `total=true`.
2. `offset + limit` may not pass 10,000.
3. A cursor is opaque to clients: the sort key of the last row, so rows that come in between neither shift nor repeat.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Row, Select, func, select, tuple_

from tocsin.core.errors import Invalid
from tocsin.rest.call import Call

DEFAULT, MOST, DEEPEST = 25, 100, 10_000
Show = Callable[[Sequence[Row[Any]]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `around` stands beside the list in the answer."""

    items: Sequence[Any]
    around: dict[str, Any]


def limit_of(call: Call, default: int = DEFAULT, most: int = MOST) -> int:
    """The `limit` asked for, cut to what is allowed."""
    limit = call.whole("limit", default)
    if limit < 1:
        raise Invalid("limit must be at least 1")
    return min(limit, most)


def reach(call: Call) -> int:
    """How many rows from the first on an offset page may need, one more than it shows."""
    limit, offset = limit_of(call), call.whole("offset", 0)
    if offset + limit > DEEPEST:
        raise Invalid(f"offset + limit may not be more than {DEEPEST}")
    return limit + offset + 1


def offset_page(call: Call, statement: Select[Any], show: Show, counted: Select[Any] | None = None) -> Page:
    """The page of `statement` (ordered) that the call asks for, shown by `show(rows)`.

    `counted` is what `total` counts, where `statement` holds no more than `reach(call)` rows.
    """
    reach(call)
    limit, offset = limit_of(call), call.whole("offset", 0)
    rows = call.conn.execute(statement.limit(limit + 1).offset(offset)).all()
    total = _count(call, statement if counted is None else counted) if call.flag("total") else None
    return Page(show(rows[:limit]), {"limit": limit, "offset": offset, "more": len(rows) > limit, "total": total})


def _count(call: Call, statement: Select[Any]) -> int:
    return call.conn.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def all_of(items: Sequence[Any]) -> Page:
    """A list that the wire does not page."""
    return Page(items, {})


def cursor_page(call: Call, statement: Select[Any], at: Column[Any], id: Column[Any], show: Show) -> Page:
    """The page after `cursor`, newest first by (`at`, `id`); `next_cursor` is null on the last."""
    limit = limit_of(call)
    cursor = call.text("cursor")
    if cursor:
        statement = statement.where(tuple_(at, id) < _place(cursor))
    rows = call.conn.execute(statement.order_by(at.desc(), id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    following = _cursor(shown[-1]._mapping[at], shown[-1]._mapping[id]) if len(rows) > limit else None
    return Page(show(shown), {"limit": limit, "next_cursor": following})


def _cursor(at: datetime, id: str) -> str:
    return urlsafe_b64encode(msgspec.json.encode([at, id])).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, id = msgspec.json.decode(text, type=tuple[datetime, str])
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, binascii.Error, msgspec.DecodeError):
        raise Invalid("cursor is not valid") from None
    if "\0" in id:
        raise Invalid("cursor is not valid")
    return at, id
