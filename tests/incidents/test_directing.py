"""Steering: reassignment, levels by hand, urgency, merge (core:I59-I63, core:I70-I71, core:P28-P30, core:G-39)."""

import pytest

from tests.world import World, trigger
from tocsin.incidents.model import Refused, Urgency

LOW = {"type": "constant", "urgency": "low"}


@pytest.fixture
def w() -> World:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])])
    w.set(acknowledgement_timeout=1800)
    w.happens(trigger("disk full"))
    w.paged()
    return w


def refused(outcome: Refused | None) -> int | None:
    return outcome.code if outcome else None


def test_reassigned_to_people_it_climbs_no_more_but_is_paged_again(w: World) -> None:
    w.reassign("dan", ["carol", "dan"])
    assert w.pending() == {"re-page": "30:00"}
    w.advance(minutes=31)
    assert w.paged() == ["carol", "dan", "carol", "dan", "eve"]
    assert w.incident().assigned_via == "direct_assignment"


def test_reassignment_ends_an_acknowledgement_and_a_snooze(w: World) -> None:
    w.acknowledge("alice")
    w.snooze("alice", 600)
    w.reassign("alice", ["carol"])
    assert (w.incident().status, w.incident().acknowledgements) == ("triggered", ())
    assert w.incident().snoozed_until is None
    assert "unacknowledge" not in w.pending()


def test_it_cannot_be_reassigned_to_nobody(w: World) -> None:
    before = w.incident()
    assert refused(w.reassign("dan", [])) == 1011
    assert w.incident() == before


def test_a_policy_with_nobody_on_call_refuses_what_is_delegated_to_it(w: World) -> None:
    w.levels, before = [(5, ["carol"])], w.incident()
    w.away.add("carol")
    assert refused(w.delegate("dan")) == 1015
    assert w.incident() == before


def test_a_level_chosen_by_hand_is_paged_and_ends_an_acknowledgement(w: World) -> None:
    w.acknowledge("alice")
    assert w.escalate_to(2) is None
    assert (w.paged(), w.incident().status) == (["bob"], "triggered")
    assert w.pending() == {"escalate": "5:00"}


@pytest.mark.parametrize("level", [0, -1, 3, 99])
def test_a_level_that_is_not_there_is_refused(w: World, level: int) -> None:
    before = w.incident()
    assert refused(w.escalate_to(level)) == 1006
    assert w.incident() == before


def test_a_level_with_nobody_on_call_is_refused(w: World) -> None:
    w.away.add("bob")
    assert refused(w.escalate_to(2)) == 1006


def test_a_round_robin_level_chosen_by_hand_goes_to_one_of_its_ring() -> None:
    w = World(levels=[(5, ["dan"]), (5, ["alice", "bob"])], ring=[1])
    w.happens(trigger("one"))
    w.escalate_to(2)
    assert w.incident().assignees == ("alice",)
    w.happens(trigger("two"))
    w.escalate_to(2)
    assert w.incident().assignees == ("bob",)


def test_low_urgency_is_never_sent_to_a_level_but_may_be_reassigned() -> None:
    w = World()
    w.set(urgency_rule=LOW)
    w.happens(trigger("disk full"))
    assert refused(w.escalate_to(2)) == 1006
    assert w.reassign("dan", ["carol"]) is None
    assert w.incident().assignees == ("carol",)


def test_raised_urgency_ends_an_acknowledgement_pages_and_climbs(w: World) -> None:
    w.set_urgency("dan", "low")
    w.acknowledge("alice")
    w.advance(minutes=2)
    w.paged()
    w.set_urgency("dan", "high")
    assert (w.incident().status, w.paged()) == ("triggered", ["alice"])
    w.advance(minutes=5)
    assert w.incident().assignees == ("bob",)


def test_lowered_urgency_ends_the_climb_and_goes_on_with_low_rules(w: World) -> None:
    w.pager.rules = {"alice": [("high", 0, "phone"), ("high", 2, "phone"), ("low", 0, "mail")]}
    w.set_urgency("dan", "low")
    w.advance(hours=5)
    assert [message.method for message in w.pager.messages] == ["mail", "mail"]
    assert w.pending() == {}


def test_lowering_what_is_acknowledged_leaves_it_acknowledged(w: World) -> None:
    w.acknowledge("alice")
    w.set_urgency("dan", "low")
    assert w.incident().status == "acknowledged"
    w.advance(minutes=31)
    assert (w.paged(), w.pending()) == (["alice"], {})


def test_the_urgency_it_has_already_changes_nothing(w: World) -> None:
    before = w.incident()
    w.set_urgency("dan", "high")
    assert w.incident() == before


def test_a_merge_moves_the_alerts_and_resolves_the_source(w: World) -> None:
    w.happens(trigger("cpu"))
    w.merge("dan", source=2, target=1)
    assert w.incident(2).resolve_reason == {"type": "merge", "incident_id": w.incident(1).id}
    assert {alert.incident_id for alert in w.alerts.values()} == {w.incident(1).id}
    assert {alert.status for alert in w.alerts.values()} == {"triggered"}
    assert (w.incident(1).alerts_all, w.incident(1).alerts_triggered) == (2, 2)


def test_an_urgent_source_raises_a_low_target() -> None:
    w = World()
    w.opens("low one", urgency="low")
    w.opens("high one", urgency="high")
    w.merge("dan", source=2, target=1)
    assert w.incident(1).urgency is Urgency.HIGH
    assert "escalate" in w.pending(1)


def test_notes_and_edits_stop_nothing(w: World) -> None:
    w.note("dan", "looking")
    w.rename("dan", "disk full on web-1")
    w.rename("dan", "disk full on web-1")
    assert w.log()[2:] == ["annotate", "field_value_change"]
    w.advance(minutes=5)
    assert w.incident().assignees == ("bob",)


def test_a_resolved_incident_counts_no_open_alert(w: World) -> None:
    w.resolve("alice")
    assert (w.incident().alerts_all, w.incident().alerts_triggered) == (1, 0)
