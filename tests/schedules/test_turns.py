"""Who has the turn in one layer: S9–S15, S24, G-61, G-71."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.schedules.cast import at, daily, layer, said, schedule, weekly
from tocsin.schedules.logic import layer_shifts, who
from tocsin.schedules.model import Layer


def shown(line: Layer, since: str, until: str, **more: bool) -> list[str]:
    return said(layer_shifts(line, "UTC", at(since), at(until), **more))


def test_turns_follow_one_another_in_the_order_of_the_list() -> None:
    assert shown(layer("alice bob eve"), "2026-01-05 09:00", "2026-01-09 09:00") == [
        "01-05 09:00 – 01-06 09:00 alice",
        "01-06 09:00 – 01-07 09:00 bob",
        "01-07 09:00 – 01-08 09:00 eve",
        "01-08 09:00 – 01-09 09:00 alice",
    ]


@pytest.mark.parametrize(
    ("day", "user"), [("01-05", "alice"), ("01-06", "bob"), ("01-07", "eve"), ("01-04", "eve"), ("01-03", "bob")]
)
def test_turns_are_numbered_backwards_before_the_virtual_start_too(day: str, user: str) -> None:
    line = layer("alice bob eve", start="2025-12-01 00:00", rvs="2026-01-05 09:00")
    assert who(schedule(line), at(f"2026-{day} 12:00")) == {user}


def test_nobody_is_on_call_before_the_start_even_when_the_virtual_start_is_earlier() -> None:
    line = layer("alice bob", start="2026-01-10 12:00", rvs="2026-01-05 09:00")
    assert shown(line, "2026-01-08 00:00", "2026-01-11 12:00") == [
        "01-10 12:00 – 01-11 09:00 bob",
        "01-11 09:00 – 01-11 12:00 alice",
    ]


def test_a_virtual_start_after_the_start_is_only_a_phase() -> None:
    line = layer("alice bob", start="2026-01-05 00:00", rvs="2026-02-01 06:00")
    assert shown(line, "2026-01-05 00:00", "2026-01-06 06:00") == [
        "01-05 00:00 – 01-05 06:00 alice",
        "01-05 06:00 – 01-06 06:00 bob",
    ]


def test_a_layer_ends_in_the_middle_of_a_turn() -> None:
    line = layer("alice bob", end="2026-01-06 15:00")
    assert shown(line, "2026-01-06 00:00", "2026-01-09 00:00")[-1] == "01-06 09:00 – 01-06 15:00 bob"


def test_a_user_may_stand_in_the_list_twice_and_his_turns_stay_apart() -> None:
    assert shown(layer("alice alice bob"), "2026-01-05 09:00", "2026-01-08 09:00") == [
        "01-05 09:00 – 01-06 09:00 alice",
        "01-06 09:00 – 01-07 09:00 alice",
        "01-07 09:00 – 01-08 09:00 bob",
    ]


def test_a_daily_restriction_silences_the_rest_of_the_day() -> None:
    assert shown(layer("alice bob", daily("12:00", 2)), "2026-01-05 00:00", "2026-01-07 00:00") == [
        "01-05 12:00 – 01-05 14:00 alice",
        "01-06 12:00 – 01-06 14:00 bob",
    ]


def test_a_window_wraps_over_midnight_and_the_turn_changes_within_it() -> None:
    line = layer("alice bob", daily("22:00", 4), rvs="2026-01-05 00:00")
    assert shown(line, "2026-01-05 12:00", "2026-01-06 12:00") == [
        "01-05 22:00 – 01-06 00:00 alice",
        "01-06 00:00 – 01-06 02:00 bob",
    ]


def test_a_weekly_window_wraps_over_the_end_of_the_week() -> None:
    line = layer("alice", weekly(7, "20:00", 10), hours=168)
    assert shown(line, "2026-01-10 00:00", "2026-01-14 00:00") == ["01-11 20:00 – 01-12 06:00 alice"]


def test_windows_join_over_the_end_of_the_week() -> None:
    line = layer("alice", weekly(7, "20:00", 10), weekly(1, "05:00", 5), hours=168, rvs="2026-01-05 12:00")
    assert shown(line, "2026-01-10 00:00", "2026-01-14 00:00") == ["01-11 20:00 – 01-12 10:00 alice"]


def test_several_restrictions_are_their_union() -> None:
    line = layer(
        "alice", daily("09:00", 4), daily("12:00", 3), weekly(1, "20:00", 1), hours=168, rvs="2026-01-05 00:00"
    )
    assert shown(line, "2026-01-12 00:00", "2026-01-14 00:00") == [
        "01-12 09:00 – 01-12 15:00 alice",
        "01-12 20:00 – 01-12 21:00 alice",
        "01-13 09:00 – 01-13 15:00 alice",
    ]


def test_restrictions_that_leave_nothing_out_are_none() -> None:
    halves = layer("alice bob", daily("02:30", 12), daily("14:30", 12))
    week = at("2026-03-23 00:00"), at("2026-04-06 00:00")
    assert layer_shifts(halves, "Europe/Berlin", *week) == layer_shifts(layer("alice bob"), "Europe/Berlin", *week)


def test_turns_pass_in_silent_hours() -> None:
    line = layer("alice bob eve", weekly(1, "10:00", 1))
    assert shown(line, "2026-01-05 00:00", "2026-01-20 00:00") == [
        "01-05 10:00 – 01-05 11:00 alice",
        "01-12 10:00 – 01-12 11:00 bob",
        "01-19 10:00 – 01-19 11:00 eve",
    ]


def test_the_turn_of_an_absent_user_is_a_gap() -> None:
    found = layer_shifts(layer("alice bob"), "UTC", at("2026-01-05 09:00"), at("2026-01-08"), absent=frozenset({"bob"}))
    assert said(found) == ["01-05 09:00 – 01-06 09:00 alice", "01-07 09:00 – 01-08 00:00 alice"]


def test_a_layer_of_absent_users_is_silent() -> None:
    found = layer_shifts(layer("bob"), "UTC", at("2026-01-05"), at("2026-02-05"), absent=frozenset({"bob"}))
    assert found == []


def test_entries_are_cut_to_the_window_unless_they_may_overflow() -> None:
    line = layer("alice bob", daily("08:00", 8))
    assert shown(line, "2026-01-06 10:00", "2026-01-06 12:00") == ["01-06 10:00 – 01-06 12:00 bob"]
    assert shown(line, "2026-01-06 10:00", "2026-01-06 12:00", overflow=True) == ["01-06 09:00 – 01-06 16:00 bob"]


def test_an_entry_that_only_meets_the_window_at_its_edge_is_not_in_it() -> None:
    line = layer("alice bob", daily("10:00", 2))
    assert shown(line, "2026-01-05 12:00", "2026-01-06 10:00", overflow=True) == []


@pytest.mark.parametrize("until", ["2026-01-06 00:00", "2026-01-05 00:00"])
def test_an_empty_window_holds_nothing(until: str) -> None:
    assert shown(layer(), "2026-01-06 00:00", until) == []


def test_a_hundred_years_later_the_turn_is_still_found_at_once() -> None:
    line = layer("alice bob eve", hours=1)
    later = datetime(2126, 1, 5, 9, 30, tzinfo=UTC)
    turn = (later - line.start) // timedelta(hours=1)
    assert who(schedule(line), later) == {("alice", "bob", "eve")[turn % 3]}
