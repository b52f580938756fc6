"""Asking more people to an incident (core:I100-I104, core:P40, core:P50, core:I82).

1. A person is paged by their rules for high urgency. A policy pages its first level and walks down its own snapshot
   until somebody joins or the incident ends; what becomes of the incident's own climb, assignees and acknowledgement
   meanwhile changes nothing (core:P50, core:I82).
2. A refusal moves the walk on at once, past everybody who has refused it. While others of its last level have not
   answered yet it begins no new round: they would be paged twice.
3. Each level has a minute at least, so that no walk spins.
4. When the walk is over and nobody has answered, the requester is told and it begins anew after the account's re-page
   time (as SPINE 11 has it for the incident). When everybody has refused, it is over and the requester is told.
5. Who acknowledges the incident joins (core:I102). Nobody is assigned by joining (core:I104).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tocsin.core.actor import Actor
from tocsin.escalation.logic import onward, standing_in, start
from tocsin.escalation.model import Entered, Exhausted, Step
from tocsin.incidents.logic.climbing import SHORTEST_PASS
from tocsin.incidents.model import (
    Asks,
    ClearTimer,
    Decision,
    Effect,
    Event,
    Facts,
    Incident,
    Log,
    MoveRing,
    Notice,
    Page,
    Refused,
    Reply,
    Request,
    RequestDue,
    Requests,
    RequestsCancelled,
    RequestTarget,
    Responder,
    ResponderReplied,
    RespondersAsked,
    SetTimer,
    TimerKind,
    Urgency,
    targets_of,
)

MOST_REQUESTS, MOST_RESPONDERS = 1000, 500
ASKED, REPLIED = "responder_request", "responder_reply"
Walked = tuple[RequestTarget, tuple[Effect, ...]]
Change = Callable[[Request, RequestTarget], Walked]


def ask(incident: Incident, event: RespondersAsked, facts: Facts, now: datetime) -> Decision | Refused:
    """Page everybody that a new request means; a policy without anybody on call refuses it (core:I44)."""
    if event.request is None:
        return Refused(2001, "A responder request must name somebody")
    if len(incident.requests) >= MOST_REQUESTS:
        return Refused(2019, f"An incident can have at most {MOST_REQUESTS} responder requests")
    for target in event.request.targets:
        if target.snapshot and isinstance(start(target.snapshot, facts.oncall, facts.rings), Exhausted):
            return Refused(1015, f"Escalation Policy has no user on call: {target.name}")
    asked = replace(incident, requests=(*incident.requests, event.request), updated_at=now)
    begun, effects = _each(asked, lambda r, t: _begin(incident, r, t, facts, now) if r is event.request else (t, ()))
    if len({one.user_id for _, t in targets_of(begun) for one in t.responders}) > MOST_RESPONDERS:
        return Refused(2019, f"An incident can have at most {MOST_RESPONDERS} responders")
    people = tuple(dict.fromkeys(effect.user_id for effect in effects if isinstance(effect, Page)))
    return _decided(replace(asked, requests=begun), (_asked_log(event, people), *effects))


def _asked_log(event: RespondersAsked, people: tuple[str, ...]) -> Log:
    assert event.request is not None
    names = ", ".join(target.name for target in event.request.targets)
    details = {
        "request_id": event.request.id, "requester_id": event.request.requester_id, "message": event.request.message,
        "targets": [{"type": target.kind, "id": target.id, "name": target.name} for target in event.request.targets],
    }  # fmt: skip
    reason = f"{event.by.name} asked {names} for help"
    return Log(ASKED, event.by, event.cause, reason, assignees=people, details=details)


def _begin(incident: Incident, request: Request, target: RequestTarget, facts: Facts, now: datetime) -> Walked:
    if target.kind is Asks.USER:
        return _paged(incident, request, target, (target.id,), now, "You are asked to help")
    assert target.snapshot is not None
    entered = start(target.snapshot, facts.oncall, facts.rings)
    assert isinstance(entered, Entered)
    return _enter(incident, request, target, entered, now)


def _enter(incident: Incident, request: Request, target: RequestTarget, entered: Entered, now: datetime) -> Walked:
    assert target.snapshot is not None
    position = entered.position
    delay = max(target.snapshot.levels[position.level].delay, SHORTEST_PASS)
    there = replace(target, level=position.level, pass_no=position.pass_no, next_at=now + delay, resting=False)
    why = f"You are on call at level {position.level + 1} of {target.name}, which is asked to help"
    there, effects = _paged(incident, request, there, entered.users, now, why)
    return there, (*effects, *((MoveRing(*entered.ring),) if entered.ring else ()))


def _paged(
    incident: Incident, request: Request, target: RequestTarget, users: tuple[str, ...], now: datetime, why: str
) -> Walked:
    before = {one.user_id: one for one in target.responders}
    level = target.level if target.kind is Asks.POLICY else None
    new = [
        replace(before[user], level=target.level) if user in before
        else Responder(user, Reply.PENDING, now, now, target.level)
        for user in users
    ]  # fmt: skip
    kept = tuple(one for one in target.responders if one.user_id not in users)
    pages = tuple(
        Page(user, None if level is None else level + 1, Urgency.HIGH, why, "request", True, request.id)
        for user in users
    )
    return replace(target, responders=(*kept, *new)), pages


def due(incident: Incident, event: RequestDue, facts: Facts, now: datetime) -> Decision:
    """Every policy whose time is up goes on to its next level."""

    def step(request: Request, target: RequestTarget) -> Walked:
        if target.state is not Reply.PENDING or target.next_at is None or target.next_at > now:
            return target, ()
        return _on(incident, request, target, event, facts, now)

    walked, effects = _each(incident, step)
    return _decided(replace(incident, requests=walked), effects)


def _on(
    incident: Incident, request: Request, target: RequestTarget, event: Event, facts: Facts, now: datetime
) -> Walked:
    """The next level that has somebody who has not refused, a new round, or the end."""
    found = _next(target, facts)
    if isinstance(found, Entered):
        entered, effects = _enter(incident, request, target, found, now)
        reason = f"nobody of {target.name} has answered; level {entered.level + 1} is asked"
        return entered, (_walk_log(request, target, event, reason, found.users), *effects)
    if target.pending:
        return _later(incident, request, target, event, facts, now)
    return _refused_by_all(incident, request, target)


def _next(target: RequestTarget, facts: Facts) -> Step:
    """Whom the walk asks next; after its last round it begins anew (rule 4)."""
    assert target.snapshot is not None
    gone = {one.user_id for one in target.responders if one.state in (Reply.DECLINED, Reply.CANCELLED)}
    anew = target.level >= len(target.snapshot.levels)
    step = (start(target.snapshot, facts.oncall, facts.rings) if anew
            else onward(target.snapshot, target.position, facts.oncall, facts.rings))  # fmt: skip
    for _ in target.snapshot.levels:
        if isinstance(step, Exhausted):
            return step
        if users := tuple(user for user in step.users if user not in gone):
            return replace(step, users=users)
        step = onward(target.snapshot, step.position, facts.oncall, facts.rings)
    return Exhausted(nobody=True)


def _later(
    incident: Incident, request: Request, target: RequestTarget, event: Event, facts: Facts, now: datetime
) -> Walked:
    """Everybody was asked and nobody has answered: the requester hears of it, and it begins anew later."""
    assert target.snapshot is not None
    again = "; asking again later" if facts.repage else ""
    log = _walk_log(request, target, event, f"everybody of {target.name} was asked and nobody has answered{again}")
    over = replace(
        target, level=len(target.snapshot.levels), pass_no=0, resting=facts.repage is None,
        next_at=now + facts.repage if facts.repage else None,
    )  # fmt: skip
    notice = _notice(incident, request, f"Nobody of {target.name} has answered",
                     f"Everybody of {target.name} was asked to help with #{incident.number} {incident.title}, and "
                     "nobody has answered yet. Ask somebody else, if you can.")  # fmt: skip
    return over, (log, notice)


def _refused_by_all(incident: Incident, request: Request, target: RequestTarget) -> Walked:
    over = replace(target, state=Reply.DECLINED, next_at=None, snapshot=None)
    text = f"You asked {target.name} to help with #{incident.number} {incident.title}, and nobody is coming."
    return over, (_notice(incident, request, f"Not coming: {target.name}", text + " Ask somebody else, if you can."),)


def _notice(incident: Incident, request: Request, subject: str, text: str) -> Notice:
    return Notice(request.requester_id, f"{subject} (#{incident.number})", f"{text}\n\nYou wrote: {request.message}")


def _walk_log(request: Request, target: RequestTarget, event: Event, reason: str, users: tuple[str, ...] = ()) -> Log:
    told = [{"type": target.kind, "id": target.id, "name": target.name}]
    details = {"request_id": request.id, "requester_id": request.requester_id, "targets": told}
    return Log(ASKED, event.by, event.cause, reason, assignees=users, details=details)


def reply(incident: Incident, event: ResponderReplied, facts: Facts, now: datetime) -> Decision | Refused:
    """The one who was asked comes, or does not."""
    if not any(one.user_id == event.user_id for _, t in targets_of(incident.requests) for one in t.responders):
        return Refused(2001, "You were not asked to this incident: there is no responder request to answer")
    if event.joins:
        joined, effects = join(incident, event.by, event.user_id, event.cause, now)
        return joined, (*effects, *(_timer(joined) if effects else ()))
    return _decline(incident, event, facts, now)


def join(incident: Incident, by: Actor, user: str, cause: str, now: datetime) -> Decision:
    """Answer what this person has not answered; without such, a refusal is taken back."""
    asked = [target for _, target in targets_of(incident.requests) if _row(target, user)]
    waiting = [target for target in asked if user in target.pending]
    if not waiting and any(_is(target, user, Reply.JOINED) for target in asked):
        return incident, ()

    def step(request: Request, target: RequestTarget) -> Walked:
        if not any(target is one for one in waiting or asked):
            return target, ()
        answered = _answered(target, user, Reply.JOINED, now)
        return replace(answered, state=Reply.JOINED, next_at=None, snapshot=None), ()

    joined, _ = _each(incident, step)
    log = Log(REPLIED, by, cause, f"{by.name} joined", user_id=user, details={"state": Reply.JOINED})
    return replace(incident, requests=joined, updated_at=now), (log,)


def _decline(incident: Incident, event: ResponderReplied, facts: Facts, now: datetime) -> Decision:
    def step(request: Request, target: RequestTarget) -> Walked:
        if event.user_id not in target.pending or event.request_id not in (None, request.id):
            return target, ()
        row = _row(target, event.user_id)
        refused = _answered(target, event.user_id, Reply.DECLINED, now)
        if target.state is not Reply.PENDING:
            return refused, ()
        if target.kind is Asks.USER:
            return _refused_by_all(incident, request, refused)
        here = row is not None and row.level == target.level
        return (
            _moved_on(incident, request, refused, event, facts, now) if here or not refused.pending else (refused, ())
        )

    walked, effects = _each(incident, step)
    if walked is incident.requests:
        return incident, ()
    log = Log(
        REPLIED, event.by, event.cause, f"{event.by.name} declined", user_id=event.user_id,
        details={"state": Reply.DECLINED},
    )  # fmt: skip
    return _decided(replace(incident, requests=walked, updated_at=now), (log, *effects))


def _moved_on(
    incident: Incident, request: Request, target: RequestTarget, event: Event, facts: Facts, now: datetime
) -> Walked:
    """A refusal moves on at once; rule 2 says when it waits for the others instead."""
    found = _next(target, facts)
    onto = isinstance(found, Entered) and not found.repeated
    return (target, ()) if target.pending and not onto else _on(incident, request, target, event, facts, now)


def cancel(incident: Incident, event: RequestsCancelled, facts: Facts, now: datetime) -> Decision:
    """Those who have not answered are not needed any more; an answer given stays (core:I102)."""
    people: dict[str, None] = {}
    names = {id for kind, id in event.targets if kind is Asks.USER}
    policies = {id for kind, id in event.targets if kind is Asks.POLICY}

    def step(request: Request, target: RequestTarget) -> Walked:
        open = target.state in (Reply.PENDING, Reply.ENDED)
        whole = open and target.id in (policies if target.kind is Asks.POLICY else names)
        gone = [user for user in target.pending if whole or user in names]
        people.update(dict.fromkeys(gone))
        for user in gone:
            target = _answered(target, user, Reply.CANCELLED, now)
        return (replace(target, state=Reply.CANCELLED, next_at=None, snapshot=None) if whole else target), ()

    left, _ = _each(incident, step)
    if left is incident.requests:
        return incident, ()
    reason = f"{event.by.name} took the request back"
    log = Log(REPLIED, event.by, event.cause, reason, assignees=tuple(people), details={"state": Reply.CANCELLED})
    return _decided(replace(incident, requests=left, updated_at=now), (log,))


def result_of(incident: Incident, kind: Asks, id: str) -> str:
    """What cancelling this target comes to: cancelled, joined, declined or not_found (core:I102)."""
    if kind is Asks.USER:
        rows = [one for _, target in targets_of(incident.requests) for one in target.responders if one.user_id == id]
        states = [one.state for one in rows]
    else:
        states = [t.state for _, t in targets_of(incident.requests) if t.kind is Asks.POLICY and t.id == id]
    if not states:
        return "not_found"
    if Reply.PENDING in states or Reply.ENDED in states:
        return "cancelled"
    return "cancelled" if states[-1] is Reply.CANCELLED else states[-1].value


def ended(requests: Requests) -> Requests:
    """What is left of requests when their incident is over: nobody is asked any more."""
    if not any(target.state is Reply.PENDING for _, target in targets_of(requests)):
        return requests
    return tuple(replace(request, targets=tuple(map(_ended, request.targets))) for request in requests)


def _ended(target: RequestTarget) -> RequestTarget:
    if target.state is not Reply.PENDING:
        return target
    return replace(target, state=Reply.ENDED, next_at=None, snapshot=None)


def _each(incident: Incident, step: Change) -> tuple[Requests, tuple[Effect, ...]]:
    """Every target changed by `step`, with what that wants done; the very same requests when nothing changes."""
    effects: list[Effect] = []
    changed = False
    requests = []
    for request in incident.requests:
        targets = []
        for target in request.targets:
            new, more = step(request, target)
            effects += more
            changed |= new is not target
            targets.append(new)
        requests.append(replace(request, targets=tuple(targets)))
    return (tuple(requests) if changed else incident.requests), tuple(effects)


def _decided(incident: Incident, effects: tuple[Effect, ...]) -> Decision:
    return incident, (*effects, *_timer(incident))


def _timer(incident: Incident) -> tuple[Effect, ...]:
    """The earliest of all walks."""
    waits = [t.next_at for _, t in targets_of(incident.requests) if t.state is Reply.PENDING and t.next_at is not None]
    return (SetTimer(TimerKind.REQUEST, min(waits)) if waits else ClearTimer(TimerKind.REQUEST),)


def joined_by(incident: Incident, by: Actor, cause: str, now: datetime) -> Decision:
    """Whoever acknowledges joins, if asked and not answered yet (core:I102)."""
    user = by.user_id
    if user is None or not any(user in target.pending for _, target in targets_of(incident.requests)):
        return incident, ()
    joined, effects = join(incident, by, user, cause, now)
    return _decided(joined, effects) if effects else (incident, ())


def _row(target: RequestTarget, user: str) -> Responder | None:
    return next((one for one in target.responders if one.user_id == user), None)


def _is(target: RequestTarget, user: str, state: Reply) -> bool:
    row = _row(target, user)
    return row is not None and row.state is state


def _answered(target: RequestTarget, user: str, state: Reply, now: datetime) -> RequestTarget:
    rows = tuple(replace(one, state=state, changed_at=now) if one.user_id == user else one for one in target.responders)
    return replace(target, responders=rows)


def take_over(incident: Incident, leaver: str, stand_in: str, stand_in_name: str, now: datetime) -> Decision:
    """Somebody leaves for good: whoever stands in is asked in their place (core:P62)."""

    def step(request: Request, target: RequestTarget) -> Walked:
        if target.state is not Reply.PENDING:
            return target, ()
        if target.snapshot is not None and (swapped := standing_in(target.snapshot, leaver, stand_in)):
            target = target if swapped is target.snapshot else replace(target, snapshot=swapped)
        if leaver not in target.pending:
            return target, ()
        if target.kind is Asks.USER:
            target = replace(target, id=stand_in, name=stand_in_name)
        left = replace(target, responders=tuple(one for one in target.responders if one.user_id != leaver))
        fresh = () if _row(left, stand_in) else (stand_in,)
        return _paged(incident, request, left, fresh, now, "You took over from somebody who was asked to help")

    left, effects = _each(incident, step)
    return (replace(incident, requests=left), effects) if left is not incident.requests else (incident, ())
