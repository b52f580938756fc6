"""Custom incident actions: a button that sends the incident somewhere (core:H5, core:H7).

Pressing it writes a note-like line into the ledger, queues the message for the action's own endpoint and tells
subscriptions `incident.action_invocation.created`; when the message is over they hear `…terminated`.
"""

from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict, NotFound
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import Noted
from tocsin.incidents.store import queries
from tocsin.incidents.store.tables import incidents
from tocsin.incidents.wire import incidents as incident_wire
from tocsin.incidents.wire import refs
from tocsin.rest.objects import Links, Ref
from tocsin.webhooks.commands.telling import new_delivery
from tocsin.webhooks.model import CUSTOM
from tocsin.webhooks.store import queues
from tocsin.webhooks.store import receivers as stored
from tocsin.webhooks.store.tables import extensions, subscriptions
from tocsin.webhooks.wire import v2, v3
from tocsin.webhooks.wire.shown import is_off
from tocsin.webhooks.wire.told import fitted

CREATED, ENDED = "incident.action_invocation.created", "incident.action_invocation.terminated"


def of_incident(conn: Connection, incident_id: str) -> tuple[Row[Any], list[Row[Any]]]:
    """An incident and the actions of its service, or `NotFound`."""
    row = conn.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound()
    return row, list(stored.actions_on(conn, row.service_id))


def run(tx: Tx, actor: Actor, incident_id: str, action_id: str, links: Links) -> str:
    """Press the button; the id of the invocation, which is that of its delivery."""
    _, offered = of_incident(tx.conn, incident_id)
    action = next((one for one in offered if one.id == action_id), None)
    if action is None:
        raise NotFound("This incident has no such action")
    act(tx, [(incident_id, Noted(actor, content=f"Ran the action “{action.name}”"))])
    told = listening(tx.conn)
    found = queues.lock(tx.conn, [action.id, *told])
    if is_off(found.get(action.id), tx.now):
        raise Conflict(f"“{action.name}” is switched off after failures; enable it first")
    row = queries.by_ids(tx.conn, [incident_id])[0]
    thing = incident_wire.incident(row, queries.around_incidents(tx.conn, [row]), body=True)
    event_id = ids.ordered(tx.now)
    body = fitted(lambda _: v2.action(event_id, thing, action, tx.now), links)
    new = new_delivery(tx.now, action.id, incident_id, event_id, CUSTOM, body)
    agent = Ref("user", actor.user_id, actor.name) if actor.user_id else None
    queues.put(tx.conn, [new, *_told(tx, CREATED, agent, row, action, new["id"], "created", links)], tx.now)
    return str(new["id"])


def over(tx: Tx, delivery: Row[Any], done: bool, links: Links) -> None:
    """An action's message is over; its endpoint and all that listen are locked by the caller."""
    rows = queries.by_ids(tx.conn, [delivery.subject])
    action = tx.conn.execute(select(extensions).where(extensions.c.id == delivery.endpoint_id)).one_or_none()
    if rows and action is not None:
        state = "completed" if done else "error"
        queues.put(tx.conn, _told(tx, ENDED, None, rows[0], action, delivery.id, state, links), tx.now)


def listening(conn: Connection) -> list[str]:
    """Endpoints that an invocation may be told to."""
    wanted = subscriptions.c.events.contains([CREATED]) | subscriptions.c.events.contains([ENDED])
    return list(conn.scalars(select(subscriptions.c.id).where(subscriptions.c.active, wanted)))


def _told(
    tx: Tx, event: str, agent: Ref | None, row: Any, action: Any, id: str, state: str, links: Links
) -> list[dict[str, Any]]:
    around = queries.around_incidents(tx.conn, [row])
    policy = around.policies.get(row.policy_id or "")
    event_id = ids.ordered(tx.now)
    about = {
        "id": id, "incident": Ref("incident", row.id, refs.numbered(row.number, row.title)), "state": state,
        "action": Ref("action", action.id, action.name, f"/extensions/{action.id}"),
    }  # fmt: skip
    body = fitted(lambda _: v3.invocation(event_id, event, tx.now, agent, about), links)
    teams = [policy.team_id] if policy is not None and policy.team_id else []
    wanting = [one for one in stored.all_on(tx.conn, tx.now) if one.wants(event, [row.service_id], teams)]
    return [new_delivery(tx.now, one.id, row.id, event_id, event, body) for one in wanting]
