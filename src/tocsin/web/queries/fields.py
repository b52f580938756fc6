"""Custom fields as pages show them: values to read and to change, definitions by where they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.fields.model import Form
from tocsin.fields.store import finding
from tocsin.fields.store.tables import Kind, custom_fields
from tocsin.incidents.store import fields as of_incidents
from tocsin.incidents.store import types
from tocsin.incidents.store.tables import FIELDS as INCIDENTS
from tocsin.notifications.channels.email.view import address
from tocsin.services.store.tables import FIELDS as SERVICES

DATA = {
    "string": "Text", "integer": "Whole number", "float": "Number", "boolean": "Yes or no", "datetime": "Time",
    "url": "Address",
}  # fmt: skip
COUNT = {
    "single_value": "One value", "single_value_fixed": "One of a list", "multi_value": "Several values",
    "multi_value_fixed": "Several of a list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A field with its value on one thing. `texts` are what stands in its inputs, `url` is empty unless it may be
    followed; `choices` also hold an option that is gone while it is still the value.
    """

    id: str
    label: str
    help: str
    form: Form
    texts: tuple[str, ...]
    url: str
    choices: tuple[str, ...]

    @property
    def control(self) -> str:
        """Which input it takes."""
        kind = self.form.field_type
        if kind.fixed:
            return "checks" if kind.multi else "select"
        return "lines" if kind.multi else {"boolean": "switch"}.get(self.form.data_type.value, "text")

    @property
    def text(self) -> str:
        """The value in words; empty without one."""
        words = {"true": "Yes", "false": "No"} if self.control == "switch" else {}
        return ", ".join(words.get(text, text) for text in self.texts)


def on_incident(conn: Connection, id: str, type: str) -> list[ShownValue]:
    """The fields of an incident of this type."""
    return _shown(conn, INCIDENTS, of_incidents.of_type(of_incidents.with_values(conn, [id]), type), id)


def on_service(conn: Connection, id: str) -> list[ShownValue]:
    """The fields of a service."""
    return _shown(conn, SERVICES, conn.execute(finding.with_values(SERVICES, [id])).all(), id)


def _shown(conn: Connection, kind: Kind, rows: Sequence[Row[Any]], id: str) -> list[ShownValue]:
    options = finding.options(conn, [row.id for row in rows if row.field_type.endswith("_fixed")])
    return [_value(row, finding.value_of(kind, row, id), options.get(row.id, ())) for row in rows]


def _value(row: Row[Any], value: Any, options: Sequence[Row[Any]]) -> ShownValue:
    form, texts = finding.form(row, options), said(value)
    url = address(texts[0]) if row.data_type == "url" and texts else ""
    choices = tuple(dict.fromkeys([*form.options, *(texts if form.field_type.fixed else ())]))
    return ShownValue(row.id, row.display_name, row.description or "", form, texts, url, choices)


def said(value: Any) -> tuple[str, ...]:
    """A value as it is typed."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(map(str, value))
    return ({True: "true", False: "false"}[value] if isinstance(value, bool) else str(value),)


@dataclass(frozen=True, slots=True)
class Definition:
    """A field as a list shows it."""

    row: Row[Any]
    kind: str
    default: str


def defined(conn: Connection, kind: Kind, scopes: Iterable[str]) -> list[Definition]:
    """The fields of these scopes."""
    return [definition(row) for row in conn.execute(finding.fields(kind, scopes))]


def definition(row: Row[Any]) -> Definition:
    """A field, and in words what it holds."""
    kind = DATA[row.data_type] if row.field_type == "single_value" else COUNT[row.field_type]
    return Definition(row, kind, ", ".join(said(row.default_value)))


def one(conn: Connection, id: str, lock: bool = False) -> tuple[Kind, Row[Any]] | None:
    """A field of whatever kind."""
    kind = conn.scalar(select(custom_fields.c.kind).where(custom_fields.c.id == id))
    if kind is None:
        return None
    found = SERVICES if kind == SERVICES.name else INCIDENTS
    row = finding.field(conn, found, None, id, lock)
    return (found, row) if row is not None else None


def tree(conn: Connection) -> list[tuple[int, Row[Any]]]:
    """(depth from 0, type) in the order of a tree."""
    rows = conn.execute(types.every()).all()
    place = {row.id: row.display_name.lower() for row in rows}
    ordered = sorted(rows, key=lambda row: [(place.get(id, ""), id) for id in row.line])
    return [(len(row.line) - 1, row) for row in ordered]
