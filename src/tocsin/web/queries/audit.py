"""Audit records as people read them: filtered, newest first, each with what was before and after.

1. A change inside a document is shown as its path (`support hours › time zone`), and only where it differs.
2. What a field names by id is shown by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, or_, select, tuple_

from tocsin.accounts.store.people import matching
from tocsin.accounts.store.tables import api_keys
from tocsin.core import audit
from tocsin.core.audit import audit_records as table
from tocsin.web.queries import names

A_PAGE, MOST_LOADED = 50, 10_000
ACTIONS = ("create", "update", "delete")
TYPES = (
    "user", "team", "schedule", "escalation_policy", "service", "account", "api_key", "app", "incident_type",
    "custom_field",
)  # fmt: skip
record = table.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: `who` an actor's id, `type` of the root, `action`, words in a name, from and until, `of` one thing
    (type, id), and those older than `place` (at, id).
    """

    who: str = ""
    type: str = ""
    action: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    of: tuple[str, str] | None = None
    place: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a change, in words; None where there was or is nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record with the names of what it is about."""

    row: Row[Any]
    root: str
    fields: tuple[Field, ...]


def find(wanted: Wanted) -> Select[Any]:
    """The records that are wanted, newest first."""
    found = select(table)
    plain = {record.actor_id: wanted.who, record.root_type: wanted.type, record.action: wanted.action}
    for column, value in plain.items():
        found = found.where(column == value) if value else found
    if wanted.text:
        found = found.where(
            or_(matching(record.resource_name, wanted.text), matching(record.actor_name, wanted.text))
        )  # fmt: skip
    found = found.where(record.at >= wanted.since) if wanted.since else found
    found = found.where(record.at < wanted.until) if wanted.until else found
    found = found.where(audit.about(*wanted.of)) if wanted.of else found
    found = found.where(tuple_(record.at, record.id) < wanted.place) if wanted.place else found
    return found.order_by(record.at.desc(), record.id.desc())


def listed(conn: Connection, wanted: Wanted, most: int = A_PAGE) -> tuple[list[Record], bool]:
    """At most so many records, and whether there are more."""
    rows = conn.execute(find(wanted).limit(most + 1)).all()
    return _named(conn, rows[:most]), len(rows) > most


def _named(conn: Connection, rows: Sequence[Row[Any]]) -> list[Record]:
    linked = {(type, id) for row in rows for side in (row.before, row.after) for _, type, id in audit.links(side)}
    known = audit.names(conn, linked | {(row.root_type, row.root_id) for row in rows})
    missing = {id for type, id in linked if type == "user" and (type, id) not in known}
    called = {id: name for (_, id), name in known.items()} | names.people(conn, missing)
    return [Record(row, called.get(row.root_id, ""), differences(row.before, row.after, called)) for row in rows]


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, called: Mapping[str, str]
) -> tuple[Field, ...]:
    """What differs, path by path; `called` are the names of ids."""
    was, now = dict(_leaves(before or {})), dict(_leaves(after or {}))
    return tuple(
        Field(path, _said(was.get(path), called), _said(now.get(path), called))
        for path in dict.fromkeys([*was, *now])
        if was.get(path) != now.get(path) or was.get(path) == audit.MASK
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and (value or not path):
        for name, part in value.items():
            words = str(name).removesuffix("_id").replace("_", " ")
            yield from _leaves(part, f"{path} › {words}" if path else words)
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        for n, part in enumerate(value, 1):
            yield from _leaves(part, f"{path} {n}")
    else:
        yield path, value


def _said(value: Any, called: Mapping[str, str]) -> str | None:
    if value is None or value == "" or value == [] or value == {}:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(_said(part, called)) for part in value)
    if isinstance(value, str):
        return called.get(value, value)
    return msgspec.json.encode(value).decode()


def actors(conn: Connection) -> list[tuple[str, str]]:
    """(id, name) of everybody who may have changed something: people, then account keys."""
    key = api_keys.c
    query = select(key.id, key.description, key.tail).where(key.user_id.is_(None)).order_by(func.lower(key.description))
    keys = [(row.id, f"Key …{row.tail}: {row.description}") for row in conn.execute(query)]
    return [*names.everybody(conn), *keys]


def one_actor(conn: Connection, id: str) -> str:
    """What an actor was last called."""
    query = select(record.actor_name).where(record.actor_id == id).order_by(record.at.desc(), record.id.desc()).limit(1)
    return conn.scalar(query) or ""


def name_of(conn: Connection, thing: tuple[str, str]) -> str:
    """What a thing was last called; people also without a record of their own."""
    known = audit.names(conn, [thing]).get(thing, "")
    return known or (names.people(conn, [thing[1]]).get(thing[1], "") if thing[0] == "user" else "")
