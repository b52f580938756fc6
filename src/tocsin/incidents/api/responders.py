"""`/incidents/{id}/responder_requests`: ask more people, take it back; and Tocsin's own answer to it."""

from typing import Any

from tocsin.accounts import acting
from tocsin.accounts.store.people import live_users
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.errors import Invalid
from tocsin.incidents.api import shown
from tocsin.incidents.commands import requesting
from tocsin.incidents.model import Asks, Incident
from tocsin.incidents.store import queries
from tocsin.incidents.wire import refs, requests
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission


def ask(call: Call) -> dict[str, Any]:
    """Ask people and escalation policies to help with an incident"""
    id, given = shown.incident_id(call), call.read(requests.RequestBody)
    wanted = [target.wanted for target in given.responder_request_targets]
    for kind in Asks:
        call.demand(Permission.READ, kind.value, [one for asks, one in wanted if asks is kind])
    actor = _requester(call, given.requester_id)
    incident, made = requesting.ask(call.tx, actor, id, given.requester_id or "", given.message, wanted)
    return requests.request(made, *_around(call, incident))


def _requester(call: Call, requester_id: str | None) -> Actor:
    """The person who asks: whoever holds the key, else the one that `requester_id` names (core:I100)."""
    if not requester_id:
        raise Invalid("requester_id is required", code=2011)
    person = live_users(call.conn, [requester_id]).get(requester_id)
    if person is None:
        raise Invalid("requester_id names no user of this account", code=1008, message="Requester User Not Found")
    if call.actor.user_id is not None:
        return call.actor
    return Actor(ActorKind.USER, person.id, person.name, call.actor.channel, call.actor.role)


def _around(call: Call, incident: Incident) -> tuple[Any, queries.Around]:
    around = queries.around_incidents(call.conn, queries.by_ids(call.conn, [incident.id]))
    return refs.of_incident(incident.id, incident.number, incident.title), around


def cancel(call: Call) -> list[dict[str, str]]:
    """Take requests back from those who have not answered"""
    id, given = shown.incident_id(call), call.read(requests.CancelBody)
    wanted = [target.wanted for target in given.responder_request_targets]
    results = requesting.cancel(call.tx, _requester(call, given.requester_id), id, wanted)
    return [
        {"type": f"{kind}_reference", "id": one, "result": result}
        for (kind, one), result in zip(wanted, results, strict=True)
    ]


def reply(call: Call) -> dict[str, Any]:
    """Join an incident one was asked to help with, or decline"""
    actor, id = acting.required(call), shown.incident_id(call)
    joins = call.read(requests.ReplyBody).state == "joined"
    incident = requesting.reply(call.tx, actor, id, joins)
    found = requests.responders(incident.requests, *_around(call, incident))
    return next(one for one in found if one["user"].id == actor.user_id)


_WRITE: dict[str, Any] = {"scope": "incidents.write", "permission": Permission.RESPOND}

TABLE = Table(
    (
        Operation(
            "POST", "/incidents/{id}/responder_requests", ask, 200, "responder_request", body=requests.RequestBody,
            **_WRITE,
        ),
        Operation(
            "PUT", "/incidents/{id}/responder_requests/cancel", cancel, 200, "responder_request_targets",
            body=requests.CancelBody, **_WRITE,
        ),
        Operation(
            "PUT", "/tocsin/incidents/{id}/responder_reply", reply, 200, "incidents_responder",
            takes="responder_reply", body=requests.ReplyBody, **_WRITE,
        ),
    )
)  # fmt: skip
