"""The transition table is total: every event in every state, decided without an exception (core:2.6)."""

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from tests.world import World, person, trigger
from tocsin.core.actor import Actor, system
from tocsin.incidents import model
from tocsin.incidents.logic import TRANSITIONS, decide
from tocsin.incidents.model import ClearTimer, Event, Facts, Incident, Refused, SetTimer, Status, TimerKind

EVENTS = [
    kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]
PAIRS = [(status, event) for status in Status for event in EVENTS]


def worlds() -> Iterator[World]:
    """Incidents on a level, assigned by hand, of low urgency, with nobody on call, snoozed, without a policy."""
    for urgency in ("high", "low"):
        for away in ((), ("alice", "bob")):
            w = World(away=set(away))
            w.set(urgency_rule={"type": "constant", "urgency": urgency}, acknowledgement_timeout=60)
            w.happens(trigger("disk full"))
            yield w
            w.reassign("dan", ["carol"])
            yield w
            w.acknowledge("carol")
            w.snooze("carol", 5)
            yield w
            w.resolve("carol")
            yield w


WITH_POLICY = [w.incident() for w in worlds()]
FOUND = [*WITH_POLICY, *(replace(incident, snapshot=None) for incident in WITH_POLICY)]


def incidents(status: Status) -> list[Incident]:
    return [incident for incident in FOUND if incident.status is status]


def test_every_pair_is_in_the_table_and_nothing_else() -> None:
    assert set(TRANSITIONS) == set(PAIRS)


@pytest.mark.parametrize(("status", "kind"), PAIRS, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize("by", [person("alice"), system()], ids=["person", "system"])
def test_every_event_in_every_state_is_decided(status: Status, kind: type[Event], by: Actor) -> None:
    found = incidents(status)
    assert found
    for incident in found:
        outcome = decide(incident, kind(by), Facts(), incident.updated_at)
        if isinstance(outcome, Refused):
            assert (outcome.code >= 1001, bool(outcome.error)) == (True, True)
        else:
            after_it_is_sound(*outcome, incident)


def after_it_is_sound(after: Incident, effects: tuple[object, ...], before: Incident) -> None:
    assert (after.id, after.number, after.seq) == (before.id, before.number, before.seq)
    if after.status is Status.RESOLVED and before.status is not Status.RESOLVED:
        cleared = {effect.kind for effect in effects if isinstance(effect, ClearTimer)}
        assert (cleared, after.assignments, after.acknowledgements) == (set(TimerKind), (), ())
    if after.status is Status.RESOLVED:
        assert not [effect for effect in effects if isinstance(effect, SetTimer)]


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_can_be_made_of_its_actor_alone(kind: type[Event]) -> None:
    assert [f.name for f in fields(kind)][:2] == ["by", "cause"]
    assert kind(person("alice")).cause == "request"


def test_a_refusal_changes_nothing_in_the_world() -> None:
    w = World()
    w.happens(trigger("disk full"))
    before = (w.incident(), dict(w.timers), len(w.entries), len(w.pager.messages))
    assert isinstance(w.snooze("alice", 5), Refused)
    assert (w.incident(), dict(w.timers), len(w.entries), len(w.pager.messages)) == before


def test_a_timer_that_no_longer_fits_changes_nothing() -> None:
    for incident in incidents(Status.ACKNOWLEDGED):
        for kind in EVENTS:
            if kind.__name__ in ("EscalationDue", "RepageDue"):
                assert decide(incident, kind(system()), Facts(), incident.updated_at) == (incident, ())
