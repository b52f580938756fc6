"""Add-ons: installed, changed, removed (core:X2).

A service that goes leaves its add-ons; an add-on that is for no service any more stays until somebody removes it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, note, remove
from tocsin.services.store import addons as store
from tocsin.services.store.graph import names, node
from tocsin.services.wire_addons import AddonBody


def subject(row: Any) -> Subject:
    """What an audit record says of an add-on."""
    return Subject("addon", row.id, row.name)


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """An add-on, or `NotFound`."""
    row = live(conn, store.addons, id, lock)
    if row is None:
        raise NotFound()
    return row


def services_of(conn: Connection, id: str) -> list[str]:
    """Ids of the services that an add-on is for."""
    return [row.id for row in store.services_of(conn, [id]).get(id, ())]


def add(tx: Tx, actor: Actor, body: AddonBody) -> str:
    """Install an add-on; the id."""
    id = ids.thing()
    create(tx, actor, store.addons, body.row() | {"id": id, "created_at": tx.now}, Subject("addon", id, body.name))
    _put_services(tx, actor, get(tx.conn, id), _known(tx.conn, body))
    return id


def edit(tx: Tx, actor: Actor, row: Row[Any], body: AddonBody) -> None:
    """Change an add-on."""
    change(tx, actor, store.addons, row, body.row(), subject(row))
    _put_services(tx, actor, row, _known(tx.conn, body))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove an add-on."""
    remove(tx, actor, store.addons, row, subject(row))


def leave_service(tx: Tx, actor: Actor, service_id: str) -> None:
    """Take a service from its add-ons before it goes."""
    for row in store.of_services(tx.conn, [service_id]).get(service_id, ()):
        _put_services(tx, actor, row, [id for id in services_of(tx.conn, row.id) if id != service_id])


def _put_services(tx: Tx, actor: Actor, row: Any, wanted: Sequence[str]) -> None:
    before, after = sorted(services_of(tx.conn, row.id)), sorted(wanted)
    if before != after:
        store.put_services(tx.conn, row.id, after)
        note(tx, actor, "update", subject(row), {"services": before}, {"services": after})


def _known(conn: Connection, body: AddonBody) -> list[str]:
    wanted = list(dict.fromkeys(one.id for one in body.services))
    found = names(conn, [node("service", id) for id in wanted], hold=True)
    if missing := [f"Service {id} Not Found" for id in wanted if node("service", id) not in found]:
        raise Invalid(missing)
    return wanted
