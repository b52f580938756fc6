"""Requests for more people on an incident, as decisions see them (core:I100-I104)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.escalation.model import Position, Snapshot


class Reply(StrEnum):
    """Where a person, or a target, stands. A target `ENDED` when its incident did, before anybody had answered."""

    PENDING = "pending"
    JOINED = "joined"
    DECLINED = "declined"
    CANCELLED = "user_cancelled"
    ENDED = "ended"


class Asks(StrEnum):
    """What a request may be sent to."""

    USER = "user"
    POLICY = "escalation_policy"


@dataclass(frozen=True, slots=True)
class Responder:
    """One person who was asked through a target; `level` (from 0) is the policy's at which that was last."""

    user_id: str
    state: Reply
    asked_at: datetime
    changed_at: datetime
    level: int = 0


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """A person, or a policy that walks its own snapshot, which is kept for as long as it walks.

    `next_at`: when the walk goes on. `resting`: it does not any more, since paging again is switched off.
    """

    kind: Asks
    id: str
    name: str
    state: Reply = Reply.PENDING
    responders: tuple[Responder, ...] = ()
    snapshot: Snapshot | None = None
    level: int = 0
    pass_no: int = 0
    next_at: datetime | None = None
    resting: bool = False

    @property
    def position(self) -> Position:
        """Where the walk stands."""
        return Position(self.level, self.pass_no)

    @property
    def pending(self) -> tuple[str, ...]:
        """Those who have not answered."""
        return tuple(one.user_id for one in self.responders if one.state is Reply.PENDING)


@dataclass(frozen=True, slots=True)
class Request:
    """One call for help: `message` is what everybody reads who is paged for it."""

    id: str
    requester_id: str
    message: str
    at: datetime
    targets: tuple[RequestTarget, ...]


Requests = tuple[Request, ...]


def targets_of(requests: Iterable[Request]) -> Iterator[tuple[Request, RequestTarget]]:
    """Every target with its request, oldest first."""
    for request in requests:
        for target in request.targets:
            yield request, target


def waiting_for(requests: Iterable[Request]) -> frozenset[tuple[str, str]]:
    """(request id, user id) of those whose answer still matters: pages go out while they stand here."""
    return frozenset(
        (request.id, user)
        for request, target in targets_of(requests)
        if target.state is Reply.PENDING
        for user in target.pending
    )


def walks(requests: Iterable[Request]) -> list[Snapshot]:
    """The snapshots of policies that still walk."""
    return [t.snapshot for _, t in targets_of(requests) if t.state is Reply.PENDING and t.snapshot is not None]
