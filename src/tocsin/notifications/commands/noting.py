"""What became of pages, written into the ledger of their incidents (core:N53, SPINE 4)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, update

from tocsin.core import effects
from tocsin.core.actor import system
from tocsin.core.db import Tx
from tocsin.core.effects import Effect
from tocsin.incidents.commands.table import lay
from tocsin.incidents.logic.fold import Fold
from tocsin.incidents.model import Paged
from tocsin.incidents.store.outcome import save_fold
from tocsin.notifications.logic import Chain
from tocsin.notifications.store.tables import items, sends

CHUNK = 500


def note_sent(tx: Tx, send_ids: Sequence[str]) -> None:
    """A notify entry for every page of these messages; what is left over a chunk is put back as an effect."""
    if not send_ids:
        return
    i, s = items.c, sends.c
    query = (
        select(i.id, i.incident_id, i.user_id, i.level, i.why, s.channel, s.address, s.receipt, s.id.label("send_id"))
        .join(sends, s.id == i.send_id)
        .where(i.send_id.in_(send_ids), i.state == "sent", ~i.logged)
        .order_by(i.id)
        .limit(CHUNK)
    )
    rows = tx.conn.execute(query).all()
    _log(tx, [(row, "success", row.why) for row in rows])
    tx.conn.execute(update(items).where(i.id.in_([row.id for row in rows])).values(logged=True))
    if len(rows) == CHUNK:
        effects.put(tx.conn, (("sent", id, {}) for id in send_ids), tx.now)


def note_trouble(tx: Tx, troubles: Iterable[Effect]) -> None:
    """A notify entry for every page that could not be handed over, with what the channel said."""
    for trouble in troubles:
        i, s = items.c, sends.c
        query = (
            select(i.id, i.incident_id, i.user_id, i.level, i.why, s.channel, s.address, s.receipt)
            .join(sends, s.id == i.send_id)
            .where(i.send_id == trouble.subject)
            .order_by(i.id)
            .limit(CHUNK)
        )
        rows = tx.conn.execute(query).all()
        _log(tx, [(row, trouble.body["status"], trouble.body["why"]) for row in rows])


def note_unreachable(tx: Tx, unreached: Sequence[Chain]) -> None:
    """Nobody was told, because the person has no usable rule for this urgency (core:N23, core:G-14)."""
    if not unreached:
        return
    fold = lay(tx, {chain.incident_id for chain in unreached})
    for chain in unreached:
        if chain.incident_id in fold.incidents:
            why = f"no matching notification rule for {chain.urgency} urgency: they were not told"
            details = {"status": "failed", "type": None, "address": None}
            fold.apply(chain.incident_id, Paged(system(), "timer", chain.user_id, chain.level, details, why))
    save_fold(tx.conn, fold)
    effects.put(tx.conn, filter(None, (_not_told(fold, chain) for chain in unreached)), tx.now)


def _not_told(fold: Fold, chain: Chain) -> tuple[str, str, dict[str, Any]] | None:
    """Whoever asked for help hears that the one who was asked cannot be reached."""
    incident = fold.incidents.get(chain.incident_id)
    asked = [request for request in incident.requests if request.id == chain.request_id] if incident else []
    if incident is None or not asked:
        return None
    subject = f"Somebody you asked for help cannot be paged (#{incident.number})"
    text = f"They have no usable notification rule for high urgency.\n\nYou wrote: {asked[0].message}"
    notice = {"user_id": asked[0].requester_id, "subject": subject, "text": text}
    return "notice", chain.incident_id, {"notice": notice}


def _log(tx: Tx, rows: Sequence[tuple[Any, str, str]]) -> None:
    if not rows:
        return
    fold = lay(tx, {row.incident_id for row, _, _ in rows})
    for row, status, why in rows:
        if row.incident_id in fold.incidents:
            details = {"type": row.channel, "address": row.address, "status": status, "receipt": row.receipt}
            fold.apply(row.incident_id, Paged(system(), "timer", row.user_id, row.level, details, why))
    save_fold(tx.conn, fold)
