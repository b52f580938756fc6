"""The reference's required sequences, to the second (core:P70-P74, and SPINE 11 after them)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.world import World, trigger
from tocsin.schedules.model import Override, Schedule

EMPTY = Schedule("primary", "Primary", "UTC")
START = datetime(2024, 1, 1, 9, tzinfo=UTC)


def cover(user: str, after: float, hours: float = 1000) -> Schedule:
    """A schedule with a gap until `user` comes on call."""
    start = START + timedelta(minutes=after)
    return Schedule("primary", "Primary", "UTC", (), (Override("O", start, start + timedelta(hours=hours), user, 1),))


def test_two_levels_and_one_loop_then_the_last_level_and_the_owner_every_half_hour() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])], loops=1)
    w.happens(trigger("disk full"))
    w.advance(minutes=85)
    assert w.story() == [
        "0:00 trigger", "0:00 assign alice", "5:00 escalate bob", "10:00 repeat_escalation_path",
        "10:00 escalate alice", "15:00 escalate bob", "20:00 exhaust_escalation_path bob",
        "50:00 repeat_escalation_path", "80:00 repeat_escalation_path",
    ]  # fmt: skip
    told = [(minute, user) for minute, user, _ in w.pager.minutes(START)]
    assert told == [
        (0, "alice"),
        (5, "bob"),
        (10, "alice"),
        (15, "bob"),
        (50, "bob"),
        (50, "eve"),
        (80, "bob"),
        (80, "eve"),
    ]
    assert w.incident().assignees == ("bob",)


def test_paging_again_never_ends_until_somebody_acknowledges() -> None:
    w = World(levels=[(5, ["alice"])])
    w.happens(trigger("disk full"))
    w.advance(hours=48)
    assert w.paged().count("alice") == 1 + 95
    w.acknowledge("alice")
    w.advance(hours=48)
    assert w.paged() == []


def test_paging_again_can_be_switched_off() -> None:
    w = World(levels=[(5, ["alice"])], repage=None)
    w.happens(trigger("disk full"))
    w.advance(hours=48)
    assert (w.paged(), w.pending()) == (["alice"], {})


def test_a_first_level_in_a_gap_is_skipped_at_once() -> None:
    w = World(levels=[(5, ["primary"]), (5, ["bob"])], schedules={"primary": EMPTY})
    w.happens(trigger("disk full"))
    assert w.story() == ["0:00 trigger", "0:00 assign bob"]
    assert w.paged() == ["bob"]


def test_everybody_of_a_level_is_paged_and_one_answer_ends_it() -> None:
    w = World(levels=[(5, ["alice", "bob"])])
    w.pager.rules = {"bob": [("high", 0, "mail"), ("high", 3, "phone")]}
    w.happens(trigger("disk full"))
    assert w.paged() == ["alice", "bob"]
    w.advance(minutes=1)
    w.acknowledge("alice")
    w.advance(minutes=60)
    assert w.paged() == []
    assert w.log() == ["trigger", "assign", "acknowledge"]
    assert w.incident().assignees == ("alice",)


def test_an_acknowledgement_that_runs_out_pages_again_and_climbs_from_its_level() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])])
    w.set(acknowledgement_timeout=1800)
    w.happens(trigger("disk full"))
    w.advance(minutes=1)
    w.acknowledge("alice")
    assert w.pending() == {"unacknowledge": "31:00"}
    w.advance(minutes=36)
    assert w.story()[2:] == ["1:00 acknowledge", "31:00 unacknowledge alice", "36:00 escalate bob"]
    assert w.paged() == ["alice", "alice", "bob"]


def test_low_urgency_stays_where_it_is() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])], loops=3)
    w.pager.rules = {"alice": [("low", 0, "mail"), ("high", 0, "phone")]}
    w.set(urgency_rule={"type": "constant", "urgency": "low"})
    w.happens(trigger("disk full"))
    assert w.pending() == {}
    w.advance(hours=24)
    assert w.incident().assignees == ("alice",)
    assert w.pager.minutes(START) == [(0, "alice", "mail")]


def test_two_empty_levels_then_a_person() -> None:
    w = World(levels=[(5, ["bob"]), (5, ["carol"]), (5, ["alice"])], away={"bob", "carol"})
    w.happens(trigger("disk full"))
    assert w.incident().assignees == ("alice",)
    assert w.incident().level == 2


@pytest.mark.parametrize(("managers", "told"), [((), ["eve"]), (("carol", "dan"), ["carol", "dan"])])
def test_nobody_on_call_goes_to_the_managers_or_the_owner(managers: tuple[str, ...], told: list[str]) -> None:
    w = World(levels=[(5, ["primary"])], schedules={"primary": EMPTY}, managers=managers)
    w.happens(trigger("disk full"))
    assert w.paged() == told
    assert w.incident().assigned_via == "direct_assignment"
    assert w.pending() == {"re-page": "30:00", "re-resolve": "5:00"}


def test_whoever_comes_on_call_later_gets_what_nobody_had() -> None:
    w = World(levels=[(5, ["primary"]), (5, ["bob"])], schedules={"primary": cover("alice", 12)}, away={"bob"})
    w.happens(trigger("disk full"))
    w.advance(minutes=15)
    assert w.paged() == ["eve", "alice"]
    assert w.story()[-1] == "15:00 escalate alice"
    assert w.pending() == {"escalate": "20:00"}


def test_who_comes_on_call_as_the_re_page_is_due_is_still_climbed_past() -> None:
    w = World(levels=[(5, ["primary"]), (5, ["bob"])], schedules={"primary": cover("alice", 28)}, away={"bob"})
    w.happens(trigger("disk full"))
    w.advance(minutes=29)
    w.away.clear()
    w.advance(minutes=7)
    assert w.story()[-2:] == ["30:00 escalate alice", "35:00 escalate bob"]


def test_looking_for_somebody_goes_on_when_an_acknowledgement_runs_out() -> None:
    w = World(levels=[(5, ["primary"])], schedules={"primary": cover("alice", 40)})
    w.set(acknowledgement_timeout=600)
    w.happens(trigger("disk full"))
    w.acknowledge("eve")
    w.advance(minutes=46)
    assert w.incident().assignees == ("alice",)


def test_low_urgency_with_nobody_on_call_is_looked_at_again_too() -> None:
    w = World(levels=[(5, ["primary"])], schedules={"primary": cover("alice", 7)})
    w.set(urgency_rule={"type": "constant", "urgency": "low"})
    w.happens(trigger("disk full"))
    w.advance(minutes=30)
    assert w.paged() == ["eve", "alice"]
    assert w.pending() == {}


def test_a_policy_edit_does_not_reach_an_open_incident() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"])])
    w.happens(trigger("disk full"))
    w.levels = [(1, ["carol"])]
    w.advance(minutes=5)
    assert w.incident().assignees == ("bob",)
    w.delegate("dan")
    assert w.incident().assignees == ("carol",)


def test_a_late_worker_acts_at_once_and_skips_no_level() -> None:
    w = World(levels=[(5, ["alice"]), (5, ["bob"]), (5, ["carol"])])
    w.happens(trigger("disk full"))
    w.sleep(minutes=42)
    w.advance(minutes=5)
    assert w.story()[2:] == ["42:00 escalate bob", "47:00 escalate carol"]


def test_a_late_worker_heeds_what_it_has_just_decided() -> None:
    w = World(levels=[(5, ["primary"]), (5, ["bob"])], schedules={"primary": cover("alice", 20)}, away={"bob"})
    w.happens(trigger("disk full"))
    w.away.clear()
    w.levels = [(5, ["carol"])]
    w.sleep(minutes=31)
    w.advance(minutes=6)
    assert w.story()[2:] == ["31:00 escalate alice", "36:00 escalate bob"]
