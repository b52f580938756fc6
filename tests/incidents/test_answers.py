"""Answers: acknowledge, give back, snooze, auto-resolve (core:I26, core:I55-I56, core:I80-I82, core:P50-P56)."""

import pytest

from tests import world
from tests.world import World, trigger
from tocsin.incidents.model import Refused


@pytest.fixture
def w() -> World:
    w = World(levels=[(5, ["alice", "bob"]), (5, ["carol"])])
    w.set(acknowledgement_timeout=1800, auto_resolve_timeout=14400)
    w.happens(trigger("disk full"))
    w.paged()
    return w


def code(refused: Refused | None) -> int | None:
    return refused.code if refused else None


def test_what_is_open_shows_escalate_and_resolve(w: World) -> None:
    assert w.pending() == {"escalate": "5:00", "resolve": "240:00"}
    w.acknowledge("alice")
    assert w.pending() == {"resolve": "240:00", "unacknowledge": "30:00"}


def test_an_outsider_who_acknowledges_has_it_alone(w: World) -> None:
    w.acknowledge("dan")
    assert w.incident().assignees == ("dan",)


def test_a_second_person_is_added_and_the_time_out_starts_anew(w: World) -> None:
    w.acknowledge("alice")
    w.advance(minutes=20)
    w.acknowledge("bob")
    assert [ack.id for ack in w.incident().acknowledgements] == ["alice", "bob"]
    assert w.pending()["unacknowledge"] == "50:00"


def test_giving_back_pages_those_on_call_again(w: World) -> None:
    w.acknowledge("alice")
    w.unacknowledge("alice")
    w.advance(minutes=4)
    assert w.paged() == ["alice", "bob"]
    assert w.pending()["escalate"] == "5:00"


def test_giving_back_what_nobody_has_changes_nothing(w: World) -> None:
    before = w.incident()
    assert w.unacknowledge("alice") is None
    assert w.incident() == before


def test_a_shift_that_changed_meanwhile_is_paged_too_when_the_time_runs_out(w: World) -> None:
    w.acknowledge("alice")
    w.away.add("alice")
    w.advance(minutes=31)
    assert w.incident().assignees == ("alice", "bob")


def test_a_ring_pages_only_its_turn_when_the_time_runs_out() -> None:
    w = World(levels=[(5, ["alice", "bob", "carol"])], ring=[0])
    w.set(acknowledgement_timeout=600)
    w.happens(trigger("disk full"))
    w.acknowledge("alice")
    w.advance(minutes=11)
    assert w.incident().assignees == ("alice",)


def test_only_what_is_acknowledged_can_be_snoozed(w: World) -> None:
    assert code(w.snooze("alice", 60)) == 1012


@pytest.mark.parametrize("minutes", [0, -1, 604_801 / 60])
def test_a_snooze_lasts_one_second_to_a_week(w: World, minutes: float) -> None:
    w.acknowledge("alice")
    before = w.incident()
    assert code(w.snooze("alice", minutes)) == 1013
    assert w.incident() == before


def test_a_snooze_that_ends_pages_again(w: World) -> None:
    w.acknowledge("alice")
    w.snooze("alice", 120)
    assert w.pending() == {"resolve": "240:00", "unacknowledge": "120:00"}
    w.advance(minutes=119)
    assert w.paged() == []
    w.advance(minutes=1)
    assert w.paged() == ["alice", "bob"]


def test_a_snooze_longer_than_auto_resolve_leaves_the_full_time_after_it(w: World) -> None:
    w.acknowledge("alice")
    w.snooze("alice", 600)
    w.advance(minutes=600)
    assert w.incident().status == "triggered"
    assert w.pending()["resolve"] == "840:00"


def test_a_new_snooze_replaces_the_old(w: World) -> None:
    w.acknowledge("alice")
    w.snooze("alice", 600)
    w.snooze("bob", 10)
    assert w.pending() == {"resolve": "240:00", "unacknowledge": "10:00"}


def test_an_acknowledgement_wakes_what_is_snoozed(w: World) -> None:
    w.acknowledge("alice")
    w.snooze("alice", 600)
    w.acknowledge("bob")
    assert w.incident().snoozed_until is None
    assert w.pending()["unacknowledge"] == "30:00"


def test_an_acknowledgement_does_not_restart_auto_resolve(w: World) -> None:
    w.advance(minutes=4)
    w.acknowledge("alice")
    assert w.pending()["resolve"] == "240:00"


def test_auto_resolve_of_what_nobody_acknowledged_tells_who_had_it_last(w: World) -> None:
    w.advance(minutes=241)
    assert w.incident().status == "resolved"
    assert w.notices == [("carol", "Resolved by time-out, never acknowledged: disk full")]
    assert [alert.status for alert in w.alerts.values()] == ["resolved"]


def test_auto_resolve_of_what_was_acknowledged_tells_nobody(w: World) -> None:
    w.set(acknowledgement_timeout=None)
    w.acknowledge("alice")
    w.advance(minutes=241)
    assert (w.incident().status, w.notices) == ("resolved", [])


def test_an_acknowledgement_without_a_time_out_lasts() -> None:
    w = World()
    w.happens(trigger("disk full"))
    w.acknowledge("alice")
    w.advance(hours=1000)
    assert w.paged() == ["alice"]


def test_an_integration_that_repeats_its_acknowledgement_is_not_heard_twice(w: World) -> None:
    w.happens(world.acknowledge("disk full"))
    before = w.incident()
    w.happens(world.acknowledge("disk full"))
    assert w.incident() == before
    assert before.assignees == ("alice", "bob")


def test_nothing_can_be_done_to_what_is_resolved_but_reopening(w: World) -> None:
    w.resolve("alice")
    tries = [w.resolve("bob"), w.acknowledge("bob"), w.snooze("bob", 5), w.escalate_to(2), w.reassign("bob", ["bob"])]
    assert [code(refused) for refused in tries] == [1001] * 5


def test_a_reopened_incident_starts_over_with_its_own_auto_resolve(w: World) -> None:
    w.resolve("alice")
    w.advance(minutes=100)
    w.paged()
    w.reopen("bob")
    assert w.paged() == ["alice", "bob"]
    assert w.pending() == {"escalate": "105:00", "resolve": "340:00"}


def test_reopened_by_somebody_who_takes_it_pages_nobody_and_counts_as_acknowledged(w: World) -> None:
    w.advance(minutes=240)
    w.paged(), w.notices.clear()
    w.reopen("dan", "acknowledged")
    assert (w.incident().assignees, w.paged()) == (("dan",), [])
    w.set(acknowledgement_timeout=None)
    w.advance(minutes=241)
    assert w.notices == []


def test_an_open_incident_cannot_be_reopened(w: World) -> None:
    assert code(w.reopen("alice")) == 1003
    w.acknowledge("alice")
    assert code(w.reopen("alice")) == 1003


def test_who_opens_one_for_themselves_has_it_already() -> None:
    w = World()
    w.opens("look at this", by="dan", users=["dan"])
    assert (w.incident().status, w.paged()) == ("acknowledged", [])


def test_opened_for_somebody_else_pages_them_and_does_not_climb() -> None:
    w = World()
    w.opens("look at this", by="dan", users=["carol"])
    w.advance(minutes=31)
    assert w.paged() == ["carol", "carol", "eve"]
    assert w.incident().assignees == ("carol",)
