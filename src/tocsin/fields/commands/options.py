"""The options of a fixed field: one list, of which every change is a new version (core:I122).

1. An option that has a new name takes along the values and the default that are it.
2. An option that is gone cannot be chosen any more; things that hold it keep it until they are changed.
3. What is the default stays an option.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, update

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, note
from tocsin.fields import logic
from tocsin.fields.model import MOST_OPTIONS, DataType, FieldType, Form
from tocsin.fields.store import finding, saving
from tocsin.fields.store.tables import Kind, custom_field_options, custom_fields
from tocsin.fields.wire import OptionBody

_table = custom_field_options


@dataclass(frozen=True, slots=True)
class Choice:
    """One option as it is to be; without an id, a new one."""

    id: str | None
    value: str


def asked(given: Iterable[OptionBody]) -> list[Choice]:
    """The options that a request means."""
    bodies = list(given)
    if any(one.data.data_type != DataType.STRING for one in bodies):
        raise Invalid("field_options: data_type must be string")
    return [Choice(one.id, one.data.value) for one in bodies]


def present(rows: Iterable[Row[Any]]) -> list[Choice]:
    """The options that are there."""
    return [Choice(row.id, row.value) for row in rows]


def check(kind: Kind, field_type: FieldType, wanted: Sequence[Choice]) -> None:
    """`Invalid` unless a field of this type may have these options."""
    if wanted and not field_type.fixed:
        raise Invalid(f"field_options are not allowed when field_type is {field_type}")
    if len(wanted) > MOST_OPTIONS:
        raise Invalid(f"A field may have at most {MOST_OPTIONS} options", code=2019)
    if any(len(one.value) > kind.longest_option for one in wanted):
        raise Invalid(f"An option may have at most {kind.longest_option} characters")
    if len({one.value for one in wanted}) < len(wanted):
        raise Invalid("Options must differ from each other")


def rows(field_id: str, wanted: Sequence[Choice], now: datetime) -> list[dict[str, Any]]:
    """New rows for options without an id, each with its place among all."""
    return [
        {"id": ids.thing(), "field_id": field_id, "value": one.value, "position": n, "created_at": now,
         "updated_at": now}
        for n, one in enumerate(wanted) if one.id is None
    ]  # fmt: skip


def add(tx: Tx, actor: Actor, kind: Kind, field: Row[Any], value: str) -> Row[Any]:
    """One more option; its row."""
    _set(tx, actor, kind, field, lambda there: [*present(there), Choice(None, value)])
    return finding.options(tx.conn, [field.id])[field.id][-1]


def edit(tx: Tx, actor: Actor, kind: Kind, field: Row[Any], id: str, value: str) -> None:
    """Another name for an option."""
    _set(tx, actor, kind, field, lambda there: [Choice(r.id, value if r.id == id else r.value) for r in there])


def drop(tx: Tx, actor: Actor, kind: Kind, field: Row[Any], id: str) -> None:
    """An option less."""
    _set(tx, actor, kind, field, lambda there: [one for one in present(there) if one.id != id])


def get(tx: Tx, field: Row[Any], id: str) -> Row[Any]:
    """An option of a field, or `NotFound`."""
    found = next((row for row in finding.options(tx.conn, [field.id])[field.id] if row.id == id), None)
    if found is None:
        raise NotFound()
    return found


def _set(tx: Tx, actor: Actor, kind: Kind, field: Row[Any], wish: Any) -> None:
    there = finding.options(tx.conn, [field.id])[field.id]
    wanted = wish(there)
    check(kind, FieldType(field.field_type), wanted)
    default = renamed_in(field.default_value, put(tx, actor, kind, field, there, wanted))
    form = Form(DataType(field.data_type), FieldType(field.field_type), tuple(one.value for one in wanted))
    if logic.judged(form, default).wrong:
        raise Invalid("This option is the field's default value; give the field another default first")
    about = Subject("custom_field", field.id, field.name)
    change(tx, actor, custom_fields, field, {"default_value": default}, about)


def put(
    tx: Tx, actor: Actor, kind: Kind, field: Row[Any], there: Sequence[Row[Any]], wanted: Sequence[Choice]
) -> Mapping[str, str]:
    """Make the options what is wanted; old name -> new name of those that have another."""
    was, known = {row.id: row for row in there}, {one.id for one in wanted if one.id}
    if missing := known - was.keys():
        raise Invalid([f"Field option {id} not found" for id in sorted(missing)])
    if len(known) < sum(one.id is not None for one in wanted):
        raise Invalid("Each option may be given once")
    if [(row.id, row.value) for row in there] == [(one.id, one.value) for one in wanted]:
        return {}
    tx.conn.execute(delete(_table).where(_table.c.id.in_(list(was.keys() - known))))
    for n, one in enumerate(wanted):
        if one.id:
            _keep(tx, was[one.id], n, one.value)
    if made := rows(field.id, wanted, tx.now):
        tx.conn.execute(insert(_table), made)
    before, after = [row.value for row in there], [one.value for one in wanted]
    about = Subject("custom_field", field.id, field.name)
    note(tx, actor, "update", about, {"options": before}, {"options": after})
    renamed = {was[one.id].value: one.value for one in wanted if one.id and was[one.id].value != one.value}
    saving.rename(tx.conn, kind, field.id, renamed, tx.now)
    return renamed


def _keep(tx: Tx, row: Row[Any], position: int, value: str) -> None:
    if (row.position, row.value) != (position, value):
        values = {"position": position} | ({"value": value, "updated_at": tx.now} if value != row.value else {})
        tx.conn.execute(update(_table).where(_table.c.id == row.id).values(values))


def renamed_in(value: Any, names: Mapping[str, str]) -> Any:
    """A value with the new names of its options."""
    if isinstance(value, list):
        return [names.get(one, one) for one in value]
    return names.get(value, value) if isinstance(value, str) else value
