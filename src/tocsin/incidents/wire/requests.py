"""Requests for more people on the wire (core:I2, core:I100-I102).

1. Clients read a target inside `responder_request_target`, the document has its members bare: it stands there twice.
2. A person stands among an incident's responders once, with their latest answer.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from tocsin.incidents.model import Asks, Request, Requests, RequestTarget, Responder, targets_of
from tocsin.incidents.store.queries import Around
from tocsin.incidents.wire import refs
from tocsin.rest.body import Body
from tocsin.rest.objects import Ref


def _bare(given: Any) -> Any:
    return given.removesuffix("_reference") if isinstance(given, str) else given


class TargetBody(Body):
    """A person or a policy, with or without the wrapper."""

    id: str
    type: Annotated[Literal["user", "escalation_policy"], BeforeValidator(_bare)]

    @model_validator(mode="before")
    @classmethod
    def _unwrapped(cls, given: Any) -> Any:
        return given.get("responder_request_target", given) if isinstance(given, dict) else given

    @property
    def wanted(self) -> tuple[Asks, str]:
        """What commands take."""
        return Asks(self.type), self.id


class RequestBody(Body):
    """A call for help; what has a code of its own is judged by the operation."""

    requester_id: str | None = None
    message: str
    responder_request_targets: list[TargetBody]


class CancelBody(Body):
    """Whom it is taken back from."""

    requester_id: str | None = None
    responder_request_targets: list[TargetBody]


class ReplyBody(Body):
    """An answer to a call for help."""

    state: Literal["joined", "declined"]


def request(given: Request, incident: Ref, around: Around) -> dict[str, Any]:
    """A call for help; it has no address of its own on the wire."""
    return {
        "id": given.id,
        "incident": incident,
        "requester": refs.user_ref(given.requester_id, around),
        "requested_at": given.at,
        "message": given.message,
        "responder_request_targets": [_target(given, target, incident, around) for target in given.targets],
    }


def _target(given: Request, target: RequestTarget, incident: Ref, around: Around) -> dict[str, Any]:
    own = {"type": target.kind, "id": target.id, "summary": target.name}
    rows = [_responder([(given, target, one)], incident, around) for one in target.responders]
    return {"responder_request_target": own | {"incidents_responders": rows}} | own | {"incident_responders": rows}


def responders(requests: Requests, incident: Ref, around: Around) -> list[dict[str, Any]]:
    """Everybody who was asked, in the order in which they were first."""
    of: dict[str, list[tuple[Request, RequestTarget, Responder]]] = {}
    for given, target in targets_of(requests):
        for one in target.responders:
            of.setdefault(one.user_id, []).append((given, target, one))
    return [_responder(mine, incident, around) for mine in of.values()]


def _responder(
    mine: Sequence[tuple[Request, RequestTarget, Responder]], incident: Ref, around: Around
) -> dict[str, Any]:
    given, _, latest = max(mine, key=lambda row: row[2].changed_at)
    return {
        "state": latest.state,
        "user": refs.user_ref(latest.user_id, around),
        "incident": incident,
        "updated_at": latest.changed_at,
        "message": given.message,
        "requester": refs.user_ref(given.requester_id, around),
        "requested_at": given.at,
        "escalation_policy_requests": [target.name for _, target, _ in mine if target.kind is Asks.POLICY],
    }
