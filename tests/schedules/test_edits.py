"""What requests make of layers and overrides: S6, S7, S42, S44, G-61, G-63."""

from dataclasses import replace

import pytest

from tests.schedules.cast import at, daily, layer, override, said, schedule
from tocsin.schedules.logic import edited, final_shifts, layer_shifts, override_cut, override_start, who
from tocsin.schedules.model import Cut, Layer

NOW = at("2026-01-20 13:00")  # a Tuesday, on which LOW gives the turn to alice
LOW = layer("alice bob eve", id="LOW")
TOP = layer("carol", daily("10:00", 4), id="TOP")
PAST = at("2026-01-01"), NOW


def put(*asked: Layer, before: tuple[Layer, ...] = (LOW, TOP)) -> tuple[Layer, ...]:
    return edited(before, asked, NOW, "UTC")


def ids(layers: tuple[Layer, ...]) -> list[str]:
    return [line.id for line in layers]


def test_the_first_layer_of_a_new_schedule_has_the_lowest_precedence() -> None:
    made = put(LOW, TOP, before=())
    assert ids(made) == ["LOW", "TOP"]
    assert who(schedule(*made), at("2026-01-21 11:00")) == {"carol"}


def test_known_layers_keep_their_place_whatever_the_order_and_new_ones_go_on_top() -> None:
    first, second = replace(LOW, id="NEW1"), replace(LOW, id="NEW2")
    assert ids(put(first, TOP, second, LOW)) == ["LOW", "TOP", "NEW1", "NEW2"]


def test_a_layer_that_is_left_out_stays() -> None:
    assert put(TOP) == (LOW, TOP)
    assert put() == (LOW, TOP)


def test_the_start_of_a_new_layer_is_never_in_the_past() -> None:
    (made,) = put(LOW, before=())
    assert (made.start, made.rotation_virtual_start) == (NOW, LOW.rotation_virtual_start)
    assert who(schedule(made), NOW) == {"alice"}
    assert final_shifts(schedule(made), *PAST) == []


def test_a_new_layer_of_the_past_never_speaks() -> None:
    (made,) = put(replace(LOW, end=at("2026-01-10")), before=())
    assert (made.start, made.end) == (NOW, NOW)
    assert layer_shifts(made, "UTC", at("2026-01-01"), at("2026-12-01")) == []


def test_a_layer_sent_back_unchanged_is_not_cut() -> None:
    assert put(replace(LOW, start=at("2025-01-01")), TOP) == (LOW, TOP)


def test_a_new_name_needs_no_cut() -> None:
    assert put(replace(LOW, name="days")) == (replace(LOW, name="days"), TOP)


def test_a_new_end_needs_no_cut() -> None:
    assert put(replace(LOW, end=at("2026-02-01")))[0] == replace(LOW, end=at("2026-02-01"))


@pytest.mark.parametrize("end", ["2026-01-20 13:00", "2026-01-19 00:00", "2026-01-06 00:00"])
def test_an_end_in_the_past_ends_the_layer_now(end: str) -> None:
    ended = put(replace(LOW, end=at(end), users=("zoe",)))[0]
    assert ended.end == NOW
    assert final_shifts(schedule(ended), *PAST) == final_shifts(schedule(LOW), *PAST)
    assert who(schedule(ended), NOW) == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"users": ("zoe", "yan")},
        {"rotation_turn_length_seconds": 3600},
        {"rotation_virtual_start": at("2026-01-01 03:00")},
        {"restrictions": (daily("00:00", 1),)},
        {"start": at("2026-03-01")},
    ],
)
def test_no_edit_rewrites_history(change: dict[str, object]) -> None:
    changed = put(replace(LOW, **change))[0]
    assert final_shifts(schedule(changed), *PAST) == final_shifts(schedule(LOW), *PAST)
    assert changed.id == "LOW"
    assert changed.start >= NOW


def test_a_second_edit_keeps_the_first_ones_history_too() -> None:
    once = put(replace(LOW, users=("zoe",)))
    twice = edited(once, [replace(once[0], users=("yan",))], at("2026-01-22 13:00"), "UTC")
    assert [term.users for term in twice[0].terms] == [LOW.users, ("zoe",), ("yan",)]
    assert who(schedule(*twice), at("2026-01-21 03:00")) == {"zoe"}


def test_two_edits_in_one_instant_leave_no_empty_term() -> None:
    once = put(replace(LOW, users=("zoe",)))
    assert len(edited(once, [replace(once[0], users=("yan",))], NOW, "UTC")[0].terms) == 2


@pytest.mark.parametrize(
    ("users", "now", "tomorrow"),
    [
        ("eve alice bob", "alice", "bob"),
        ("alice zoe", "alice", "zoe"),
        ("zoe yan", "zoe", "yan"),
        ("alice alice bob", "alice", "alice"),
        ("bob", "bob", "bob"),
    ],
)
def test_the_person_on_call_keeps_the_turn_if_still_listed_else_the_first_has_it(
    users: str, now: str, tomorrow: str
) -> None:
    changed = put(replace(LOW, users=tuple(users.split())))[0]
    assert who(schedule(LOW), NOW) == {"alice"}
    assert who(schedule(changed), NOW) == {now}
    assert who(schedule(changed), at("2026-01-21 13:00")) == {tomorrow}


def test_hand_offs_keep_their_hour_and_the_virtual_start_reads_back_as_sent() -> None:
    changed = put(replace(LOW, users=("zoe", "alice")))[0]
    assert changed.rotation_virtual_start == LOW.rotation_virtual_start
    assert said(layer_shifts(changed, "UTC", at("2026-01-20 00:00"), at("2026-01-21 12:00"))) == [
        "01-20 00:00 – 01-20 09:00 eve",
        "01-20 09:00 – 01-20 13:00 alice",
        "01-20 13:00 – 01-21 09:00 alice",
        "01-21 09:00 – 01-21 12:00 zoe",
    ]


def test_a_shift_that_goes_on_across_an_edit_is_one_shift() -> None:
    changed = put(replace(LOW, users=("zoe", "alice")))[0]
    found = final_shifts(schedule(changed), at("2026-01-20 14:00"), at("2026-01-20 15:00"), overflow=True)
    assert said(found) == ["01-20 09:00 – 01-21 09:00 alice"]


def test_a_new_virtual_start_asks_for_its_own_phase() -> None:
    changed = put(replace(LOW, rotation_virtual_start=at("2026-01-19 09:00")))[0]
    assert who(schedule(changed), NOW) == {"bob"}


def test_a_layer_that_has_not_begun_is_changed_in_place() -> None:
    later = replace(LOW, start=at("2026-02-01"))
    changed = put(replace(later, users=("zoe",)), before=(later,))[0]
    assert (changed.users, changed.past, changed.start) == (("zoe",), (), later.start)


def test_a_running_layer_may_begin_anew_later_and_is_silent_until_then() -> None:
    changed = put(replace(LOW, start=at("2026-02-01")))[0]
    assert who(schedule(changed), at("2026-01-25")) == frozenset()
    assert who(schedule(changed), at("2026-02-02")) != frozenset()


def test_an_ended_layer_may_run_again_from_now() -> None:
    ended = replace(LOW, end=at("2026-01-10"))
    again = put(replace(ended, end=None), before=(ended,))[0]
    assert who(schedule(again), at("2026-01-15")) == frozenset()
    assert who(schedule(again), NOW) == {"alice"}


def test_a_new_time_zone_leaves_the_past_as_it_was() -> None:
    changed = edited((LOW, TOP), (), NOW, "UTC", "America/New_York")
    after = replace(schedule(*changed), time_zone="America/New_York")
    assert final_shifts(after, *PAST) == final_shifts(schedule(LOW, TOP), *PAST)
    assert who(after, at("2026-01-21 15:30")) == {"carol"}


def test_an_ended_layer_keeps_the_zone_it_ran_in() -> None:
    ended = replace(LOW, end=at("2026-01-10"))
    changed = edited((ended,), (), NOW, "Europe/Berlin", "Asia/Tokyo")
    before = final_shifts(schedule(ended, zone="Europe/Berlin"), *PAST)
    assert final_shifts(schedule(*changed, zone="Asia/Tokyo"), *PAST) == before


def test_the_start_of_an_override_is_never_in_the_past() -> None:
    assert override_start(at("2026-01-01"), NOW) == NOW
    assert override_start(at("2026-02-01"), NOW) == at("2026-02-01")


def test_an_override_to_come_is_removed() -> None:
    assert override_cut(override("zoe", "2026-01-21", "2026-01-22"), NOW) == (Cut.REMOVED, None)


def test_a_running_override_ends_now() -> None:
    running = override("zoe", "2026-01-20", "2026-01-22")
    assert override_cut(running, NOW) == (Cut.TRUNCATED, replace(running, end=NOW))


def test_a_past_override_stays() -> None:
    past = override("zoe", "2026-01-19", "2026-01-20 13:00")
    assert override_cut(past, NOW) == (Cut.PAST, past)
