"""What somebody wants the values of one thing to be (core:I122): read, judged, compared, all or nothing.

1. A field is named by id or by name; one that the thing does not have, or that is disabled, is not there.
2. What is not named stays; null takes the value away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core.errors import Invalid
from tocsin.fields import logic
from tocsin.fields.store import finding
from tocsin.fields.store.tables import Kind
from tocsin.fields.wire import ValueBody
from tocsin.rest.body import read

MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """What really changes: values by field id to be written, and before and after by field name to be told."""

    values: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def items(given: Any) -> list[ValueBody]:
    """The list of values in a request."""
    if not isinstance(given, list):
        raise Invalid("custom_fields must be a list")
    if len(given) > MOST_ITEMS:
        raise Invalid(f"custom_fields may have at most {MOST_ITEMS} items")
    found, problems = [], []
    for n, one in enumerate(given):
        try:
            found.append(read(ValueBody, one))
        except Invalid as error:
            problems += [f"custom_fields[{n}]: {problem}" for problem in error.errors]
    if problems:
        raise Invalid(problems)
    return found


def changes(conn: Connection, kind: Kind, rows: Sequence[Row[Any]], owner_id: str, given: list[ValueBody]) -> Changed:
    """What `given` changes on a thing whose fields are `rows` (of `finding.with_values`); they are held."""
    there = finding.hold(conn, [row.id for row in rows])
    by_key = {key: row for row in rows if row.id in there for key in (row.name, row.id)}
    options = finding.options(conn, [row.id for row in rows if row.field_type.endswith("_fixed")])
    found, problems = Changed({}, {}, {}), []
    asked: set[str] = set()
    for one in given:
        row = by_key.get(one.id or one.name or "")
        wrong = _unknown(one, row, asked)
        if row is not None and wrong is None:
            asked.add(row.id)
            judged = logic.judged(finding.form(row, options.get(row.id, ())), one.value)
            wrong = judged.wrong and f"{row.name} {judged.wrong}"
            _note(found, kind, row, owner_id, judged.value)
        problems += [wrong] if wrong else []
    if problems:
        raise Invalid(problems)
    return found


def _unknown(one: ValueBody, row: Row[Any] | None, asked: set[str]) -> str | None:
    if not one.id and not one.name:
        return "Each custom field needs an id or a name"
    if row is None:
        return f"Custom field {(one.id or one.name or '')[:100]} not found"
    return f"{row.name} may be given once" if row.id in asked else None


def _note(found: Changed, kind: Kind, row: Row[Any], owner_id: str, value: Any) -> None:
    before = (row.held or {}).get(owner_id)
    if (before, type(before)) == (value, type(value)):
        return
    found.values[row.id] = value
    found.before[row.name] = before
    found.after[row.name] = value
