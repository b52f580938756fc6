"""Tags: made, put on people, teams and policies, taken off, removed (core:X1).

1. A label stands once, in any case. Putting on a label that is new makes the tag.
2. What is put on twice is on once; what is taken off need not have been on.
3. A tag that goes is off everything.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, create, live, note, remove
from tocsin.tags import store
from tocsin.tags.wire import ChangeBody


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A tag, or `NotFound`."""
    row = live(conn, store.tags, id, lock)
    if row is None:
        raise NotFound()
    return row


def entity(conn: Connection, kind: str, id: str, lock: bool = False) -> Row[Any]:
    """What can bear tags, or `NotFound`."""
    row = live(conn, store.ENTITIES[kind], id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, label: str) -> str:
    """Make a tag; the id."""
    if store.wanted(tx.conn, (), [label]):
        raise Invalid("Label has already been taken")
    return _make(tx, actor, label)


def _make(tx: Tx, actor: Actor, label: str) -> str:
    row = {"id": ids.thing(), "label": label, "created_at": tx.now}
    create(tx, actor, store.tags, row, Subject("tag", str(row["id"]), label))
    return str(row["id"])


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a tag."""
    remove(tx, actor, store.tags, row, Subject("tag", row.id, row.label))


def new_labels(conn: Connection, body: ChangeBody) -> list[str]:
    """Labels of this change that no tag bears yet, once each."""
    labels = {one.by_label.lower(): one.by_label for one in reversed(body.add) if one.by_label is not None}
    known = {row.label.lower() for row in store.wanted(conn, (), labels)}
    return [label for lower, label in labels.items() if lower not in known]


def change_tags(tx: Tx, actor: Actor, kind: str, id: str, body: ChangeBody) -> None:
    """Put tags on a thing and take others off, all or nothing."""
    thing = entity(tx.conn, kind, id, lock=True)
    for label in new_labels(tx.conn, body):
        _make(tx, actor, label)
    before = _labels(tx.conn, kind, id)
    store.put_on(tx.conn, _found(tx.conn, body), kind, id)
    store.take_off(tx.conn, [one.id for one in body.remove], kind, id)
    after = _labels(tx.conn, kind, id)
    if after != before:
        note(tx, actor, "update", Subject(kind, id, thing.name), {"tags": before}, {"tags": after})


def _found(conn: Connection, body: ChangeBody) -> Sequence[str]:
    named = [one.id for one in body.add if one.by_label is None and one.id]
    found = store.wanted(conn, named, [one.by_label for one in body.add if one.by_label is not None])
    known = [row.id for row in found]
    if missing := [f"Tag {id} Not Found" for id in dict.fromkeys(named) if id not in known]:
        raise Invalid(missing)
    return known


def _labels(conn: Connection, kind: str, id: str) -> list[str]:
    return [row.label for row in conn.execute(store.of_entity(kind, id))]
