"""What people say of impact: of one incident and one business service, and from which priority on (ei:BS4)."""

from typing import Any

from sqlalchemy import Row, update

from tocsin.accounts.commands.account import get
from tocsin.accounts.store.tables import account
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict
from tocsin.core.recorded import Subject, by_id, live, note
from tocsin.impact import store
from tocsin.impact.model import Relation
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import ImpactMarked
from tocsin.incidents.store.tables import priorities


def mark(tx: Tx, actor: Actor, incident_id: str, service: Row[Any], relation: Relation) -> None:
    """Say that an incident impacts a business service, or that it does not; the incident's ledger tells it."""
    was = store.said(tx.conn, incident_id, service.id)
    if was == relation:
        return
    act(tx, [(incident_id, ImpactMarked(actor, name=service.name, relation=relation.value, was=was))])
    store.say(tx, incident_id, service.id, relation)


def set_threshold(tx: Tx, actor: Actor, priority_id: str | None) -> None:
    """Let only incidents of this priority or a more severe one impact business services; None: of any."""
    if priority_id is not None and priority_id not in by_id(tx.conn, priorities, [priority_id]):
        raise Conflict("global_threshold.id is not the id of a priority", status=422, message="Invalid Input Provided")
    row = live(tx.conn, account, get(tx.conn).id, lock=True)
    assert row is not None
    before = row.settings.get(store.THRESHOLD)
    if before == priority_id:
        return
    kept = {name: value for name, value in row.settings.items() if name != store.THRESHOLD}
    settings = kept | ({store.THRESHOLD: priority_id} if priority_id else {})
    tx.conn.execute(update(account).where(account.c.id == row.id).values(settings=settings))
    about = Subject("account", row.id, row.name)
    note(tx, actor, "update", about, {store.THRESHOLD: before}, {store.THRESHOLD: priority_id})
