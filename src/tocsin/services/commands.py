"""Services and their integrations: made, changed, removed (core:C1-C13).

1. A key is made by us, once, and never changes (core:C12).
2. Removing a service removes its integrations with it, and takes it out of the graph; its incidents stay (core:C6,
   core:G-86), and so does what it holds back: that opens when nothing holds it any more, since it was accepted
   (core:G-27).
3. A service that is enabled again is looked at: what it held back and still fires opens (`events.commands.looking`).
"""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.store import people
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live, note, remove
from tocsin.escalation.store.tables import escalation_policies
from tocsin.fields.commands import values
from tocsin.fields.store import finding, saving
from tocsin.fields.wire import ValueBody
from tocsin.services import commands_addons, wire
from tocsin.services.commands_dependencies import cut_off
from tocsin.services.commands_windows import look_at
from tocsin.services.store import catalog
from tocsin.services.store.graph import node
from tocsin.services.store.tables import FIELDS, integrations, services


def subject(row: Any) -> Subject:
    """What an audit record says of a service."""
    return Subject("service", row.id, row.name)


def _integration_subject(service_id: str, row: Any) -> Subject:
    return Subject(row["type"], row["id"], row["name"], ("service", service_id))


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A live service, or `NotFound`."""
    row = live(conn, services, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: wire.ServiceBody) -> str:
    """Create a service; the id. A new service is never disabled (core:C2)."""
    _check(tx.conn, body, None)
    row = body.row() | {"id": ids.thing(), "status": "active", "created_at": tx.now}
    create(tx, actor, services, row, Subject("service", row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: wire.ServiceBody) -> None:
    """Change a service; incidents under way keep what they took from it."""
    _check(tx.conn, body, row.id)
    change(tx, actor, services, row, body.row(), subject(row))
    if row.status != body.row()["status"]:
        look_at(tx, [row.id])


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a service and its ways in."""
    for one in catalog.integrations_of(tx.conn, [row.id]).get(row.id, []):
        drop_integration(tx, actor, one)
    cut_off(tx, actor, node("service", row.id))
    commands_addons.leave_service(tx, actor, row.id)
    remove(tx, actor, services, row, subject(row))


def set_fields(tx: Tx, actor: Actor, row: Row[Any], given: list[ValueBody]) -> None:
    """Set values of a service's custom fields, all or none; `row` is locked."""
    rows = tx.conn.execute(finding.with_values(FIELDS, [row.id])).all()
    found = values.changes(tx.conn, FIELDS, rows, row.id, given)
    if found.values:
        saving.put(tx.conn, FIELDS, row.id, found.values, tx.now)
        note(tx, actor, "update", subject(row), {"custom_fields": found.before}, {"custom_fields": found.after})


def _check(conn: Connection, body: wire.ServiceBody, own: str | None) -> None:
    errors = []
    if people.live_named(conn, services, body.name, own):
        errors.append("Name has already been taken")
    if live(conn, escalation_policies, body.escalation_policy.id, lock=True) is None:
        errors.append("Escalation Policy Not Found")
    if errors:
        raise Invalid(errors)


def get_integration(conn: Connection, service_id: str, id: str, lock: bool = False) -> Row[Any]:
    """A live integration of a live service, or `NotFound`."""
    get(conn, service_id)
    row = live(conn, integrations, id, lock)
    if row is None or row.service_id != service_id:
        raise NotFound()
    return row


def add_integration(
    tx: Tx, actor: Actor, service_id: str, body: wire.IntegrationBody, app_id: str | None = None
) -> str:
    """Give a service a way in, with a new key; the id. `app_id`: the app that the key is for (Connect)."""
    get(tx.conn, service_id, lock=True)
    row = body.row() | {
        "id": ids.thing(), "service_id": service_id, "integration_key": ids.integration_key(), "created_at": tx.now,
        "app_id": app_id,
    }  # fmt: skip
    create(tx, actor, integrations, row, _integration_subject(service_id, row))
    return str(row["id"])


def edit_integration(tx: Tx, actor: Actor, row: Row[Any], body: wire.IntegrationBody) -> None:
    """Change an integration; its key stays."""
    change(tx, actor, integrations, row, body.row(), _integration_subject(row.service_id, row._mapping))


def drop_integration(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Close a way in; its incidents stay."""
    remove(tx, actor, integrations, row, _integration_subject(row.service_id, row._mapping))
