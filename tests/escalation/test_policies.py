"""Who is next: levels, loops, gaps, delays of 0, rings (core:P12-P13, core:P23-P26, core:P40-P45, SPINE 11)."""

from datetime import timedelta

from tests.world import BEGAN, World, trigger
from tocsin.escalation.logic import enter, onward, people_of, queue_of, start
from tocsin.escalation.model import Entered, Exhausted, Level, Position, Snapshot, Strategy, Target, TargetKind

MINUTE = timedelta(minutes=1)


def user(name: str) -> Target:
    return Target(TargetKind.USER, name)


def level(*names: str, strategy: Strategy = Strategy.EVERYONE) -> Level:
    return Level("R" + "".join(names), 5 * MINUTE, tuple(map(user, names)), strategy)


def policy(*levels: Level, loops: int = 0) -> Snapshot:
    return Snapshot("EP", "Policy", loops, levels)


def on_call(*names: str) -> dict[Target, tuple[str, ...]]:
    return {user(name): (name,) for name in names}


def test_who_is_reached_through_two_targets_is_named_once() -> None:
    schedule = Target(TargetKind.SCHEDULE, "primary")
    two = Level("R", MINUTE, (user("alice"), schedule))
    assert people_of(two, {user("alice"): ("alice",), schedule: ("alice", "bob")}) == ("alice", "bob")


def test_a_policy_without_levels_has_nobody() -> None:
    assert start(policy(loops=9), {}, {}) == Exhausted(nobody=True)


def test_a_whole_pass_without_anybody_ends_the_climb_however_many_loops_are_left() -> None:
    assert onward(policy(level("alice"), level("bob"), loops=9), Position(0, 3), {}, {}) == Exhausted(nobody=True)


def test_the_last_level_of_the_last_pass_is_the_end() -> None:
    two = policy(level("alice"), level("bob"), loops=1)
    assert onward(two, Position(1, 1), on_call("alice", "bob"), {}) == Exhausted(nobody=False)


def test_a_pass_begins_again_at_the_first_level_that_has_somebody() -> None:
    step = enter(policy(level("alice"), level("bob"), loops=1), Position(2, 0), on_call("bob"), {})
    assert step == Entered(Position(1, 1), ("bob",), skipped=(0,), repeated=True)


def test_round_robin_goes_alice_bob_carol_alice() -> None:
    w = World(levels=[(5, ["alice", "bob", "carol"])], ring=[0])
    for n in range(4):
        w.happens(trigger(f"problem {n}"))
    assert [w.incident(n).assignees for n in (1, 2, 3, 4)] == [("alice",), ("bob",), ("carol",), ("alice",)]


def test_one_batch_of_four_takes_turns_too() -> None:
    w = World(levels=[(5, ["alice", "bob", "carol"])], ring=[0])
    w.happens(*(trigger(f"problem {n}") for n in range(4)))
    assert [w.incident(n).assignees[0] for n in (1, 2, 3, 4)] == ["alice", "bob", "carol", "alice"]


def test_a_ring_member_in_a_gap_is_skipped_and_keeps_the_front() -> None:
    w = World(levels=[(5, ["alice", "bob", "carol"])], ring=[0], away={"alice"})
    w.happens(trigger("one"), trigger("two"))
    w.away.clear()
    w.happens(trigger("three"))
    assert [w.incident(n).assignees for n in (1, 2, 3)] == [("bob",), ("carol",), ("alice",)]


def test_a_timeout_goes_to_the_next_level_and_a_loop_to_the_next_of_the_ring() -> None:
    w = World(levels=[(5, ["alice", "bob"])], ring=[0], loops=2)
    w.happens(trigger("disk full"))
    w.advance(minutes=10)
    assert w.paged() == ["alice", "bob", "alice"]


def test_a_ring_of_nobody_is_an_empty_level() -> None:
    w = World(levels=[(5, ["alice", "bob"]), (5, ["carol"])], ring=[0], away={"alice", "bob"})
    w.happens(trigger("disk full"))
    assert w.incident().assignees == ("carol",)


def test_a_new_ring_member_joins_at_the_back_and_the_ring_begins_again() -> None:
    assert queue_of(level("alice", "bob", "carol"), ("bob", "alice")) == ("alice", "bob", "carol")


def test_a_member_that_left_is_passed_over() -> None:
    w = World(levels=[(5, ["alice", "bob", "carol"])], ring=[0])
    w.happens(trigger("one"))
    w.levels = [(5, ["alice", "carol"])]
    w.happens(trigger("two"), trigger("three"))
    assert [w.incident(n).assignees for n in (2, 3)] == [("carol",), ("alice",)]


def test_an_old_snapshot_moves_the_shared_ring_without_losing_new_members() -> None:
    w = World(levels=[(5, ["alice", "bob"])], ring=[0], loops=3)
    w.happens(trigger("one"))
    w.levels = [(5, ["alice", "bob", "carol"])]
    w.happens(trigger("two"))
    w.advance(minutes=5)
    assert set(w.rings["EP", "R0"]) == {"alice", "bob", "carol"}
    w.happens(trigger("three"))
    assert [w.incident(n).assignees for n in (1, 2, 3)] == [("bob",), ("carol",), ("alice",)]


def test_a_level_of_delay_0_pages_its_people_and_the_next_at_once() -> None:
    w = World(levels=[(0, ["alice"]), (0, ["bob"]), (5, ["carol"])])
    w.happens(trigger("disk full"))
    w.advance(seconds=1)
    assert w.paged() == ["alice", "bob", "carol"]
    assert w.incident().assignees == ("carol",)


def test_later_rules_of_a_passed_level_of_delay_0_do_not_fire() -> None:
    w = World(levels=[(0, ["alice"]), (30, ["bob"])])
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 5, "phone")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=20)
    assert w.pager.minutes(BEGAN) == [(0, "alice", "mail"), (0, "bob", "mail")]


def test_a_policy_of_delays_0_takes_a_minute_a_pass() -> None:
    w = World(levels=[(0, ["alice"]), (0, ["bob"])], loops=2)
    w.happens(trigger("disk full"))
    w.advance(minutes=10)
    assert [line for line in w.story() if "repeat" in line or "exhaust" in line] == [
        "1:00 repeat_escalation_path", "2:00 repeat_escalation_path", "3:00 exhaust_escalation_path bob",
    ]  # fmt: skip


def test_a_pass_takes_a_minute_when_only_levels_of_delay_0_have_anybody() -> None:
    w = World(levels=[(0, ["alice"]), (5, ["bob"])], loops=2, away={"bob"})
    w.happens(trigger("disk full"))
    w.advance(seconds=59)
    assert w.paged() == ["alice"]
    w.advance(minutes=10)
    assert [line.split()[0] for line in w.story() if "repeat" in line] == ["1:00", "2:00"]


def test_everybody_gone_mid_climb_leaves_it_with_its_people_and_is_paged_again() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])], loops=9)
    w.happens(trigger("disk full"))
    w.away |= {"alice", "bob"}
    w.advance(minutes=36)
    assert w.story()[2:] == ["5:00 exhaust_escalation_path alice", "35:00 repeat_escalation_path"]
    assert w.paged() == ["alice", "alice", "eve"]
