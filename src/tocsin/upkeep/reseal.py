"""Turning the secret key over: which key sealed what is stored, and `tocsin reseal`, which brings all to the newest.

1. The columns looked at are those made with `core.metadata.sealed`; a package need do nothing else.
2. Rows go in lots of `LOT`, each in a transaction of its own with its audit record. Killed at any point, what is done
   is done, and a second run goes on with the rest: a value is resealed only where it was just opened.
3. What cannot be opened stays as it is, and is counted; nothing is ever overwritten unread.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table, func, select, true, tuple_, update

from tocsin.core import audit
from tocsin.core.actor import system
from tocsin.core.db import Database, Tx
from tocsin.core.metadata import sealed_columns
from tocsin.core.sealing import PREFIX, CannotOpen, Sealer, key_of

LOT = 200
Progress = Callable[[str, int], None]
"""Told (column, values looked at)."""


@dataclass(slots=True)
class State:
    """How everything sealed stands. `older`: values by the old key that sealed them; `lost`: what cannot be opened,
    by column and reason."""

    current: int = 0
    older: Counter[str] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def lines(self) -> list[str]:
        """What is lost, a line a column and reason."""
        return [f"{count} of {where}: {why}" for (where, why), count in sorted(self.lost.items())]


def survey(tx: Tx) -> State:
    """Look at every sealed value."""
    state = State()
    for table, column, purpose in sealed_columns():
        for value in tx.conn.scalars(select(column).where(column.is_not(None))):
            _look(tx.sealer, state, f"{table.name}.{column.name}", purpose, value)
    return state


def _look(sealer: Sealer, state: State, where: str, purpose: str, value: str) -> None:
    try:
        sealer.open(purpose, value)
    except CannotOpen as error:
        state.lost[where, "; ".join(error.errors)] += 1
        return
    if sealer.is_current(value):
        state.current += 1
    else:
        state.older[key_of(value) or ""] += 1


def waiting(conn: Connection, sealer: Sealer) -> int:
    """How many values another key than the newest sealed."""
    counted = (select(func.count()).where(_old(column, sealer)) for _, column, _ in sealed_columns())
    return sum(conn.scalar(query) or 0 for query in counted)


def reseal(database: Database, progress: Progress = lambda _, __: None) -> tuple[int, State]:
    """Seal everything with the newest key: (values resealed, how all stands afterwards)."""
    if database.sealer.current is None:
        raise CannotOpen("There is no secret key: set TOCSIN_SECRET_KEY, or bring secret.key of this install back")
    done = sum(_column(database, *sealed, progress) for sealed in sealed_columns())
    return done, database.run(survey)


def _column(database: Database, table: Table, column: Column[str], purpose: str, progress: Progress) -> int:
    done, last = 0, None
    while True:
        count, last = database.run(lambda tx, after=last: _lot(tx, table, column, purpose, after))  # type: ignore[misc]
        done += count
        if last is None:
            return done
        progress(f"{table.name}.{column.name}", LOT)


def _lot(
    tx: Tx, table: Table, column: Column[str], purpose: str, after: Sequence[Any] | None
) -> tuple[int, Sequence[Any] | None]:
    """Reseal the next lot behind the primary key `after`: (how many, the last one's primary key; None at the end)."""
    keys = list(table.primary_key.columns)
    behind = tuple_(*keys) > tuple_(*after) if after is not None else true()
    query = select(*keys, column).where(_old(column, tx.sealer), behind).order_by(*keys).limit(LOT)
    rows = tx.conn.execute(query.with_for_update()).all()
    turned = Counter(_turn(tx, table, column, purpose, row._mapping) for row in rows)
    turned.pop(None, None)
    if turned:
        about = ("secret_key", str(tx.sealer.current), f"{table.name}.{column.name}")
        audit.record(tx, system(), "update", about, {"keys": sorted(map(str, turned))}, {"resealed": turned.total()})
    return turned.total(), tuple(rows[-1])[: len(keys)] if rows else None


def _turn(tx: Tx, table: Table, column: Column[str], purpose: str, row: RowMapping) -> str | None:
    """Reseal one value; the id of the key that it had, None when it cannot be opened."""
    value = row[column]
    try:
        fresh = tx.sealer.seal(purpose, tx.sealer.open(purpose, value))
    except CannotOpen:
        return None
    mine = (key == row[key] for key in table.primary_key.columns)
    tx.conn.execute(update(table).where(*mine).values({column: fresh}))
    return key_of(value)


def _old(column: Column[str], sealer: Sealer) -> ColumnElement[bool]:
    return column.is_not(None) & ~column.startswith(f"{PREFIX}{sealer.current}.", autoescape=True)


def named(state: State) -> Iterator[str]:
    """The old keys still in use, with how many values each sealed."""
    for key, count in sorted(state.older.items()):
        yield f"{count} with the key {key}"
