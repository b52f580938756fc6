"""Asking more people to an incident, taking that back, and their answers (core:I100-I104)."""

from collections.abc import Sequence

from tocsin.accounts.store.people import live_users
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.escalation.model import Snapshot
from tocsin.incidents.commands.changing import policies_of
from tocsin.incidents.commands.table import lay
from tocsin.incidents.commands.verbs import act, play
from tocsin.incidents.logic.requesting import result_of
from tocsin.incidents.model import (
    Asks,
    Incident,
    Request,
    RequestsCancelled,
    RequestTarget,
    ResponderReplied,
    RespondersAsked,
)
from tocsin.incidents.store.outcome import save_fold

Wanted = tuple[Asks, str]
LONGEST = 5000


def ask(
    tx: Tx, actor: Actor, incident_id: str, requester_id: str, message: str, wanted: Sequence[Wanted]
) -> tuple[Incident, Request]:
    """Page these people and policies for help; all of them or none. The incident and the request as they are then."""
    if not wanted:
        raise Invalid("responder_request_targets must name somebody")
    if len(message) > LONGEST:
        raise Invalid(f"message is too long (maximum is {LONGEST} characters)")
    if not live_users(tx.conn, [requester_id]):
        raise Invalid("requester_id names no user of this account", code=1008, message="Requester User Not Found")
    snapshots = policies_of(tx, [id for kind, id in wanted if kind is Asks.POLICY])
    targets = tuple(_target(one, snapshots, _names(tx, wanted)) for one in dict.fromkeys(wanted))
    request = Request(ids.thing(), requester_id, message, tx.now, targets)
    asked = RespondersAsked(actor, request=request)
    incident = act(tx, [(incident_id, asked)], list(snapshots.values()))[incident_id]
    return incident, incident.requests[-1]


def _names(tx: Tx, wanted: Sequence[Wanted]) -> dict[str, str]:
    people = [id for kind, id in wanted if kind is Asks.USER]
    found = {id: str(row.name) for id, row in live_users(tx.conn, people, hold=True).items()}
    if missing := [id for id in dict.fromkeys(people) if id not in found]:
        raise Invalid([f"User {id} not found" for id in missing], code=2013)
    return found


def _target(one: Wanted, snapshots: dict[str, Snapshot], names: dict[str, str]) -> RequestTarget:
    kind, id = one
    if kind is Asks.USER:
        return RequestTarget(kind, id, names[id])
    return RequestTarget(kind, id, snapshots[id].name, snapshot=snapshots[id])


def cancel(tx: Tx, actor: Actor, incident_id: str, wanted: Sequence[Wanted]) -> list[str]:
    """Nobody of these who has not answered is asked any more; for each what that came to (core:I102)."""
    fold = lay(tx, [incident_id])
    before = fold.incidents.get(incident_id)
    play(fold, [(incident_id, RequestsCancelled(actor, targets=tuple(wanted)))])
    save_fold(tx.conn, fold)
    return [result_of(before, kind, id) for kind, id in wanted] if before else []


def reply(
    tx: Tx, actor: Actor, incident_id: str, joins: bool, request_id: str | None = None, cause: str = "request"
) -> Incident:
    """The actor, who was asked, comes or does not (a refusal: of one request alone, if it is named)."""
    answered = ResponderReplied(actor, cause, actor.user_id or "", joins, request_id)
    return act(tx, [(incident_id, answered)])[incident_id]
