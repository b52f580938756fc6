"""Values of an incident's custom fields, open or resolved (core:I57, core:I122)."""

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import NotFound
from tocsin.fields.commands import values
from tocsin.fields.store import saving
from tocsin.fields.wire import ValueBody
from tocsin.incidents.commands.table import lay
from tocsin.incidents.commands.verbs import play
from tocsin.incidents.model import FieldsSet
from tocsin.incidents.store import fields as store
from tocsin.incidents.store.outcome import save_fold
from tocsin.incidents.store.tables import FIELDS


def put(tx: Tx, actor: Actor, incident_id: str, given: list[ValueBody]) -> None:
    """Set values by field id or name, all or none; what really changes stands in the ledger."""
    fold = lay(tx, [incident_id])
    if incident_id not in fold.incidents:
        raise NotFound()
    rows = store.of_type(store.with_values(tx.conn, [incident_id]), fold.incidents[incident_id].incident_type)
    found = values.changes(tx.conn, FIELDS, rows, incident_id, given)
    if found.values:
        play(fold, [(incident_id, FieldsSet(actor, before=found.before, after=found.after))])
        save_fold(tx.conn, fold)
        saving.put(tx.conn, FIELDS, incident_id, found.values, tx.now)
