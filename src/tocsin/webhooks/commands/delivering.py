"""From a due queue to what became of its head: claim, settle (core:H7-H11).

1. A claim carries all that the attempt needs: the address, headers and secrets as they are now, the body as it was
   made. What cannot be opened fails the one attempt, not the claim.
2. Settling is fenced: whoever lost his lease changes nothing. A delivered one clears the count of the dropped; the
   third dropped in a row switches the receiver off for a day and drops what waits. Pings never count.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, update

from tocsin.core.db import Tx
from tocsin.core.recorded import by_id, live
from tocsin.core.sealing import CannotOpen
from tocsin.webhooks.addresses import LinksOf
from tocsin.webhooks.commands import actions, clients, extensions
from tocsin.webhooks.logic.retrying import MOST_DROPPED, OFF_FOR, retry_at
from tocsin.webhooks.model import CUSTOM, EXTENSION, PING, SUBSCRIPTION, Delivered, Job, Outcome, Retry
from tocsin.webhooks.store import queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.queues import ANSWER_KEPT, Claim
from tocsin.webhooks.store.tables import SECRET, deliveries, endpoints, subscriptions
from tocsin.webhooks.store.tables import extensions as extensions_table

GAVE_UP = "no success within 48 hours; the last: "
SWITCHED_OFF = "the receiver was switched off after three deliveries in a row were dropped"


def claim(tx: Tx, owner: str, most: int) -> list[Job]:
    """Deliveries to try now."""
    taken = queues.claim(tx.conn, owner, tx.now, most)
    if not taken:
        return []
    ids = {one.row.endpoint_id for one in taken}
    told = by_id(tx.conn, subscriptions, ids)
    listening = by_id(tx.conn, extensions_table, ids - told.keys())
    secrets = stored.secrets_of(tx.conn, told)
    oauth = stored.clients_of(tx.conn, told.values())

    def job(one: Claim) -> Job:
        if one.row.endpoint_id in told:
            row = told[one.row.endpoint_id]
            return _to_subscription(tx, one, row, secrets.get(row.id, ()), oauth.get(row.oauth_client_id))
        return _to_extension(tx, one, listening[one.row.endpoint_id])

    return [job(one) for one in taken]


def _plain(one: Claim, type: str, url: str) -> Job:
    row = one.row
    return Job(
        row.endpoint_id, row.subject, one.fence, row.id, row.webhook_id, row.event_type, type, url, row.body,
        row.attempt, row.first_tried_at,
    )  # fmt: skip


def _to_subscription(tx: Tx, one: Claim, row: Any, secrets: Sequence[Row[Any]], client: Any) -> Job:
    plain = _plain(one, SUBSCRIPTION, row.url)
    try:
        opened = [tx.sealer.open(SECRET, secret.secret).decode() for secret in secrets]
        headers = stored.headers_of(tx.sealer, row)
        oauth = clients.credentials(tx.sealer, client) if client is not None else None
    except CannotOpen as error:
        return replace(plain, fault="; ".join(error.errors))
    return replace(plain, secrets=opened, headers=headers, oauth=oauth)


def _to_extension(tx: Tx, one: Claim, row: Any) -> Job:
    plain = _plain(one, EXTENSION, row.endpoint_url or "")
    try:
        return replace(plain, headers=extensions.headers(stored.config_of(tx.sealer, row)))
    except CannotOpen as error:
        return replace(plain, fault="; ".join(error.errors))


def settle(tx: Tx, job: Job, outcome: Outcome, links_of: LinksOf, dice: float | None = None) -> bool:
    """Write what became of an attempt; False: its lease was over, and somebody else tries it."""
    also = actions.listening(tx.conn) if job.event_type == CUSTOM else []
    endpoint = queues.lock(tx.conn, [job.endpoint_id, *also], alone=True).get(job.endpoint_id)
    if endpoint is None or not queues.mine(tx.conn, job.endpoint_id, job.subject, job.fence):
        return False
    answer = outcome.answer
    kept = {"status": answer.status, "took": answer.took, "answer": answer.text[:ANSWER_KEPT] or None}
    if isinstance(outcome, Delivered):
        queues.mark(tx.conn, job.delivery_id, state="delivered", why=None, **kept)
        _delivered(tx, endpoint)
    elif isinstance(outcome, Retry) and (at := _again(tx, job, outcome, dice)) is not None:
        queues.mark(tx.conn, job.delivery_id, why=outcome.why, **kept)
        queues.wait_until(tx.conn, job.endpoint_id, job.subject, at)
        _note(tx, endpoint, failing=True)
        return True
    else:
        why = (GAVE_UP if isinstance(outcome, Retry) else "") + outcome.why
        queues.mark(tx.conn, job.delivery_id, state="dropped", why=why, **kept)
        _dropped(tx, job, endpoint, why)
    queues.go_on(tx.conn, job.endpoint_id, job.subject, tx.now)
    if job.event_type == CUSTOM:
        _action_over(tx, job, isinstance(outcome, Delivered), links_of)
    return True


def _again(tx: Tx, job: Job, outcome: Retry, dice: float | None) -> Any:
    thrown = random.random() if dice is None else dice
    return retry_at(job.attempt, job.first_tried_at, tx.now, thrown, outcome.after)


def _note(tx: Tx, endpoint: Row[Any], **values: Any) -> None:
    if any(getattr(endpoint, name) != value for name, value in values.items()):
        tx.conn.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(values))


def _delivered(tx: Tx, endpoint: Row[Any]) -> None:
    _note(tx, endpoint, failing=False, dropped=0)


def _dropped(tx: Tx, job: Job, endpoint: Row[Any], why: str) -> None:
    if job.event_type == PING:
        return
    if endpoint.dropped + 1 < MOST_DROPPED:
        _note(tx, endpoint, dropped=endpoint.dropped + 1)
        return
    _note(tx, endpoint, dropped=0, failing=False, disabled_until=tx.now + OFF_FOR, disabled_why=why)
    queues.empty(tx.conn, job.endpoint_id, SWITCHED_OFF)


def _action_over(tx: Tx, job: Job, done: bool, links_of: LinksOf) -> None:
    row = live(tx.conn, deliveries, job.delivery_id)
    if row is not None:
        actions.over(tx, row, done, links_of(tx.conn))
