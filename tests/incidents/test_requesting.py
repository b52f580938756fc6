"""More people on an incident: who is paged, until when, and what answers come to (core:I100-I104, core:P50)."""

from datetime import timedelta

from tests.world import BEGAN, World, person, resolve, trigger
from tocsin.incidents.logic.requesting import result_of
from tocsin.incidents.model import Asks, HandedOver, Refused, TimerKind


def opened(**given: object) -> World:
    """Alice has an incident; nobody else is on the policy. Carol, then Dan help."""
    w = World(levels=[(600, ["alice"])], **given)  # type: ignore[arg-type]
    w.happens(trigger("disk full"))
    assert w.paged() == ["alice"]
    return w


def test_a_person_is_paged_by_the_rules_for_high_urgency_even_on_a_low_incident() -> None:
    w = World()
    w.pager.rules = {"bob": [("high", 0, "mail"), ("high", 3, "phone"), ("low", 0, "push")]}
    w.opens("slow", urgency="low")
    w.paged()
    w.ask("alice", "bob")
    w.advance(minutes=10)
    assert [(minute, m) for minute, who, m in w.pager.minutes(BEGAN) if who == "bob"] == [(0, "mail"), (3, "phone")]
    assert w.incident().assignees == ("alice",)


def test_a_policy_is_walked_level_by_level_until_somebody_joins() -> None:
    w = opened()
    w.ask("alice", "helpers")
    assert w.paged() == ["carol"]
    w.advance(minutes=6)
    assert w.paged() == ["dan"]
    w.joins("dan")
    w.advance(hours=5)
    assert w.paged() == []
    assert w.stand() == {"carol": "pending", "dan": "joined"}
    assert "request" not in w.pending()


def test_the_acknowledgement_of_another_stops_neither_the_walk_nor_later_steps() -> None:
    w = opened()
    w.pager.rules = {"bob": [("high", 0, "mail"), ("high", 7, "phone")]}
    w.ask("alice", "bob", "helpers")
    w.acknowledge("alice")
    w.advance(minutes=8)
    assert w.paged() == ["bob", "carol", "dan", "bob"]


def test_a_snooze_and_a_reassignment_stop_it_as_little() -> None:
    w = opened()
    w.ask("alice", "helpers")
    w.acknowledge("alice")
    w.snooze("alice", 60)
    w.reassign("alice", ["eve"])
    w.paged()
    w.advance(minutes=6)
    assert w.paged() == ["dan"]


def test_a_refusal_moves_on_at_once_and_whoever_refused_is_not_asked_again() -> None:
    w = opened(helpers=((5, ("carol",)), (5, ("carol", "dan"))))
    w.ask("alice", "helpers")
    w.paged()
    w.declines("carol")
    assert w.paged() == ["dan"]
    assert w.stand() == {"carol": "declined", "dan": "pending"}


def test_a_refusal_begins_no_new_round_while_another_of_the_level_may_answer() -> None:
    w = opened(helpers=((5, ("carol", "dan")),), helper_loops=1)
    w.ask("alice", "helpers")
    assert w.paged() == ["carol", "dan"]
    w.declines("carol")
    assert w.paged() == []
    w.advance(minutes=6)
    assert w.paged() == ["dan"]


def test_when_everybody_refuses_the_requester_hears_of_it_and_the_walk_is_over() -> None:
    w = opened()
    w.ask("alice", "helpers", "bob")
    for who in ("carol", "dan", "bob"):
        w.declines(who)
    assert w.notices == [("alice", "Not coming: helpers (#1)"), ("alice", "Not coming: bob (#1)")]
    assert "request" not in w.pending()
    w.paged()
    w.advance(hours=3)
    assert w.paged() == []


def test_when_nobody_answers_the_requester_hears_of_it_and_it_begins_anew() -> None:
    w = opened()
    w.ask("alice", "helpers")
    w.advance(minutes=11)
    assert (w.paged(), w.notices[0]) == (["carol", "dan"], ("alice", "Nobody of helpers has answered (#1)"))
    w.advance(minutes=30)
    assert w.paged() == ["carol"]


def test_without_re_paging_the_walk_rests_when_it_is_over() -> None:
    w = opened(repage=None)
    w.ask("alice", "helpers")
    w.advance(hours=9)
    assert w.paged() == ["carol", "dan"]
    assert w.joins("carol") is None
    assert w.stand()["carol"] == "joined"


def test_who_acknowledges_joins_and_nobody_is_assigned_by_joining() -> None:
    w = opened()
    w.ask("alice", "helpers", "bob")
    w.joins("carol")
    assert w.incident().assignees == ("alice",)
    w.acknowledge("bob")
    assert w.stand() == {"carol": "joined", "bob": "joined"}
    assert [line.split(" ")[1] for line in w.story()][-2:] == ["acknowledge", "responder_reply"]


def test_once_somebody_joined_the_others_of_that_policy_are_left_alone() -> None:
    w = opened(helpers=((5, ("carol", "dan")),))
    w.pager.rules = {"dan": [("high", 0, "mail"), ("high", 4, "phone")]}
    w.ask("alice", "helpers")
    w.joins("carol")
    w.paged()
    w.advance(hours=2)
    assert w.paged() == []


def test_the_end_of_the_incident_ends_its_requests_and_reopening_does_not_begin_them_again() -> None:
    w = opened()
    w.ask("alice", "helpers", "bob")
    w.paged()
    w.happens(resolve("disk full"))
    assert isinstance(w.joins("bob"), Refused)
    w.reopen("alice")
    w.advance(minutes=20)
    assert w.paged() == ["alice"]


def test_taken_back_nobody_is_paged_for_it_any_more() -> None:
    w = opened()
    w.pager.rules = {"bob": [("high", 0, "mail"), ("high", 4, "phone")]}
    w.ask("alice", "helpers", "bob")
    w.cancels("alice", "helpers", "bob")
    w.paged()
    w.advance(hours=2)
    assert w.paged() == []
    assert w.stand() == {"carol": "user_cancelled", "bob": "user_cancelled"}


def test_what_taking_back_comes_to_for_each() -> None:
    w = opened()
    w.ask("alice", "helpers", "bob", "eve")
    w.joins("bob")
    w.declines("eve")
    asked = [(Asks.USER, "bob"), (Asks.USER, "eve"), (Asks.USER, "carol"), (Asks.POLICY, "helpers"), (Asks.USER, "x")]
    results = [result_of(w.incident(), kind, id) for kind, id in asked]
    assert results == ["joined", "declined", "cancelled", "cancelled", "not_found"]
    w.cancels("alice", "carol")
    assert (result_of(w.incident(), Asks.USER, "carol"), w.stand()["carol"]) == ("cancelled", "user_cancelled")


def test_asked_again_a_person_is_paged_again_and_may_think_better_of_it() -> None:
    w = opened()
    w.ask("alice", "bob")
    w.declines("bob")
    w.advance(minutes=5)
    w.ask("alice", "bob", message="We need you")
    assert w.paged() == ["bob", "bob"]
    w.joins("bob")
    assert w.stand() == {"bob": "joined"}
    assert isinstance(w.joins("eve"), Refused)


def test_an_assignment_does_not_end_a_call_for_help_nor_the_other_way_round() -> None:
    w = opened()
    w.pager.rules = {"bob": [("high", 0, "mail"), ("high", 4, "phone")]}
    w.ask("alice", "bob")
    w.reassign("alice", ["bob"])
    w.ask("alice", "bob")
    w.advance(minutes=3)
    w.acknowledge("alice")
    w.advance(minutes=3)
    assert [method for _, who, method in w.pager.minutes(BEGAN) if who == "bob"][-1] == "phone"


def test_nobody_on_call_is_said_at_once_and_nothing_half_done() -> None:
    w = opened(away={"carol", "dan"})
    assert w.ask("alice", "bob", "helpers") == Refused(1015, "Escalation Policy has no user on call: helpers")
    assert (w.paged(), w.incident().requests) == ([], ())


def test_a_ring_takes_turns_over_requests_too() -> None:
    w = opened(helpers=((5, ("carol", "dan")),), ring=[0])
    w.ask("alice", "helpers")
    w.advance(minutes=1)
    w.ask("alice", "helpers")
    assert w.paged() == ["carol", "dan"]


def test_levels_without_a_delay_have_a_minute_each() -> None:
    w = opened(helpers=((0, ("carol",)), (0, ("dan",))), helper_loops=2)
    w.ask("alice", "helpers")
    w.advance(minutes=3, seconds=30)
    assert w.paged() == ["carol", "dan", "carol", "dan"]


def test_a_walk_late_by_hours_goes_on_with_one_step() -> None:
    w = opened()
    w.ask("alice", "helpers")
    w.paged()
    w.sleep(hours=3)
    w.advance(seconds=1)
    assert w.paged() == ["dan"]


def test_a_stand_in_is_asked_in_the_place_of_whoever_leaves() -> None:
    w = opened(helpers=((5, ("carol",)), (5, ("dan",))))
    w.ask("alice", "carol", "helpers")
    w.paged()
    w.act(HandedOver(person("alice"), leaver="carol", stand_in="eve", leaver_name="Carol", stand_in_name="Eve"))
    w.advance(minutes=1)
    assert set(w.paged()) == {"eve"}
    assert w.stand() == {"eve": "pending"}


def test_each_request_has_its_own_time() -> None:
    w = opened()
    w.ask("alice", "helpers")
    w.advance(minutes=3)
    w.ask("alice", "helpers")
    assert w.timers[w.incident().id, TimerKind.REQUEST] == BEGAN + timedelta(minutes=5)
    w.advance(minutes=3)
    assert w.timers[w.incident().id, TimerKind.REQUEST] == BEGAN + timedelta(minutes=8)
    assert w.paged() == ["carol", "carol", "dan"]
