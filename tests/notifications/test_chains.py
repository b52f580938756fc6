"""A person's rules, bundles and retries (core:N20-N26, core:N54, core:G-14, core:G-16, SPINE 3)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.world import BEGAN, World, resolve, trigger
from tocsin.notifications.logic import (
    WHILE_ASSIGNED,
    WHILE_TRIGGERED,
    Chain,
    Rule,
    Standing,
    condition_of,
    due_at,
    due_rules,
    retry_at,
    step,
    why_not,
)  # fmt: skip

NOW = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHAIN = Chain("C", "Q", "alice", "high", 1, "page", "why", NOW)
OPEN = Standing("triggered", "high", ("alice",))


def rule(delay: int, method: str = "mail", urgency: str = "high") -> Rule:
    return Rule("alice", urgency, delay, method, "email", "alice@example.com")


def test_each_rule_fires_at_its_delay() -> None:
    w = World(levels=[(30, ["alice"])])
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 2, "sms"), ("high", 5, "phone"), ("low", 0, "push")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=29)
    assert w.pager.minutes(BEGAN) == [(0, "alice", "mail"), (2, "alice", "sms"), (5, "alice", "phone")]


@pytest.mark.parametrize("end", ["acknowledge", "resolve"])
def test_an_answer_ends_the_chain(end: str) -> None:
    w = World(levels=[(30, ["alice"])])
    w.pager.rules = {"alice": [("high", 1, "mail"), ("high", 2, "phone")]}
    w.happens(trigger("disk full"))
    getattr(w, end)("alice")
    w.advance(minutes=29)
    assert w.paged() == []


def test_escalation_away_ends_what_has_not_fired() -> None:
    w = World(levels=[(5, ["alice"]), (60, ["bob"])])
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 10, "phone")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=50)
    assert w.paged() == ["alice", "bob"]


def test_a_rule_longer_than_the_level_still_fires_when_the_climb_comes_back() -> None:
    w = World(levels=[(5, ["alice"])], loops=1)
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 7, "phone")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=13)
    told = [(minute, method) for minute, _, method in w.pager.minutes(BEGAN)]
    assert told == [(0, "mail"), (5, "mail"), (7, "phone"), (12, "phone")]


def test_rules_longer_than_the_re_page_fire_too() -> None:
    w = World(levels=[(5, ["alice"])])
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 40, "phone")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=41)
    assert (40, "alice", "phone") in w.pager.minutes(BEGAN)


def test_a_new_assignment_takes_the_place_of_the_old_chain() -> None:
    w = World(levels=[(30, ["alice"])])
    w.pager.rules = {"alice": [("high", 0, "mail"), ("high", 5, "phone")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=3)
    w.reassign("dan", ["alice"])
    w.advance(minutes=20)
    assert [(minute, method) for minute, _, method in w.pager.minutes(BEGAN)] == [
        (0, "mail"),
        (3, "mail"),
        (8, "phone"),
    ]


def test_a_person_without_a_rule_of_this_urgency_is_noted_and_the_climb_goes_on() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])])
    w.pager.rules = {"alice": [("low", 0, "mail")]}
    w.happens(trigger("disk full"))
    w.advance(minutes=5)
    assert (w.pager.unreached, w.paged()) == (["alice"], ["bob"])


def test_the_first_page_goes_at_once_and_a_storm_waits_a_minute_for_one_message() -> None:
    w = World()
    w.happens(trigger("first"))
    w.happens(*(trigger(f"problem {n}") for n in range(40)))
    w.advance(minutes=2)
    assert [(m.at - BEGAN, len(m.incidents)) for m in w.pager.messages] == [(timedelta(), 1), (MINUTE, 40)]


def test_a_message_holds_what_still_means_something_when_it_goes() -> None:
    w = World()
    w.happens(trigger("first"), trigger("second"))
    w.happens(trigger("third"), trigger("fourth"))
    w.happens(resolve("third"))
    w.advance(minutes=1)
    assert w.pager.messages[-1].incidents == (w.incident(4).id,)


def test_a_message_of_which_nothing_is_left_is_not_sent() -> None:
    w = World()
    w.happens(trigger("first"))
    w.happens(trigger("second"), resolve("second"))
    w.advance(minutes=2)
    assert w.paged() == ["alice"]


def test_high_never_waits_for_low() -> None:
    w = World()
    w.opens("low", urgency="low")
    w.opens("high", urgency="high")
    assert w.paged() == ["alice", "alice"]


def test_two_rules_of_one_method_at_one_instant_are_one_send() -> None:
    assert due_rules(CHAIN, [rule(0), rule(0), rule(0, "phone")], NOW)[0] == [rule(0), rule(0, "phone")]


def test_of_late_rules_of_a_method_the_first_fires_whoever_has_it_by_then() -> None:
    stepped = step(CHAIN, [rule(0), rule(5), rule(60)], Standing("triggered", "high", ("bob",)), NOW + 10 * MINUTE)
    assert stepped.fire == (rule(0),)
    assert stepped.goes_on is not None
    assert stepped.goes_on.step == 10


def test_what_fired_once_does_not_fire_again() -> None:
    first = step(CHAIN, [rule(0), rule(5), rule(60)], OPEN, NOW + 10 * MINUTE)
    assert first.goes_on is not None
    assert step(first.goes_on, [rule(0), rule(5), rule(60)], OPEN, NOW + 60 * MINUTE).fire == (rule(60),)


def test_rules_changed_meanwhile_count_for_steps_not_fired_yet() -> None:
    first = step(CHAIN, [rule(0), rule(9)], OPEN, NOW)
    assert first.goes_on is not None
    assert step(first.goes_on, [rule(0), rule(5, "phone")], OPEN, NOW + 9 * MINUTE).fire == (rule(5, "phone"),)


def test_conditions_by_step_and_kind() -> None:
    again = Chain("C", "Q", "alice", "high", 1, "re-page", "why", NOW)
    found = [condition_of(CHAIN, rule(0)), condition_of(CHAIN, rule(1)), condition_of(again, rule(1))]
    assert found == [WHILE_TRIGGERED, WHILE_ASSIGNED, WHILE_TRIGGERED]


@pytest.mark.parametrize(
    ("condition", "standing", "why"),
    [
        (WHILE_TRIGGERED, OPEN, None),
        (WHILE_TRIGGERED, Standing("triggered", "high", ("bob",)), None),
        (WHILE_TRIGGERED, Standing("acknowledged", "high", ("alice",)), "the incident is acknowledged"),
        (WHILE_ASSIGNED, Standing("resolved", "high", ()), "the incident is resolved"),
        (WHILE_ASSIGNED, Standing("triggered", "high", ("bob",)), "the incident is no longer theirs"),
        (WHILE_ASSIGNED, Standing("triggered", "low", ("alice",)), "the urgency is low now"),
        (WHILE_ASSIGNED, OPEN, None),
        (WHILE_ASSIGNED, None, "the incident is gone"),
    ],
)
def test_why_a_page_is_not_sent(condition: str, standing: Standing | None, why: str | None) -> None:
    assert why_not(condition, "alice", "high", standing) == why


def test_a_bundle_opens_a_minute_after_the_last_message() -> None:
    assert due_at(None, NOW) == NOW
    assert due_at(NOW - 20 * timedelta(seconds=1), NOW) == NOW + timedelta(seconds=40)
    assert due_at(NOW - MINUTE, NOW) == NOW


def test_retries_come_slower_up_to_five_minutes_and_never_end() -> None:
    waits = [(retry_at(n, NOW, None) - NOW).total_seconds() for n in (1, 2, 3, 6, 7, 8, 5000)]
    assert waits == [5, 10, 20, 160, 300, 300, 300]


def test_the_channels_own_word_counts_up_to_five_minutes() -> None:
    assert retry_at(1, NOW, NOW + MINUTE) == NOW + MINUTE
    assert retry_at(1, NOW, NOW - MINUTE) == NOW + timedelta(seconds=5)
    assert retry_at(1, NOW, NOW + timedelta(days=9)) == NOW + 5 * MINUTE


def test_a_dead_channel_is_tried_until_it_lives_again() -> None:
    w = World(levels=[(600, ["alice"])])
    w.pager.works = False
    w.happens(trigger("disk full"))
    w.advance(hours=3)
    assert w.paged() == []
    w.pager.works = True
    w.advance(minutes=5)
    assert w.paged() == ["alice"]


def test_a_dead_channel_is_left_alone_once_somebody_answered() -> None:
    w = World(levels=[(600, ["alice"])])
    w.pager.works = False
    w.happens(trigger("disk full"))
    w.acknowledge("alice")
    w.advance(minutes=10)
    assert len(w.pager.tries) == 1


def test_a_new_page_never_waits_out_the_retries_of_another() -> None:
    w = World(levels=[(600, ["alice"])])
    w.pager.works = False
    w.happens(trigger("first"))
    w.advance(hours=1, seconds=1)
    tried = len(w.pager.tries)
    w.happens(trigger("second"))
    w.advance(minutes=1)
    assert len(w.pager.tries) > tried
