"""Layers and overrides as one line: S8, S22–S24, S28, S29, S40–S43, G-64, G-69–G-71."""

from datetime import timedelta

import pytest

from tests.schedules.cast import at, daily, layer, override, said, schedule, weekly
from tocsin.schedules.logic import (
    coverage,
    final_shifts,
    layer_shifts,
    next_change,
    next_on_call,
    override_shifts,
    rendered,
    shift_at,
    users_in,
    who,
)
from tocsin.schedules.model import Schedule

ALWAYS = layer("alice", id="LOW", hours=168)
DAYS = layer("bob eve", daily("10:00", 4), id="TOP")
COVER = override("mallory", "2026-01-06 12:00", "2026-01-06 16:00")
FULL = schedule(ALWAYS, DAYS, overrides=[COVER])


def shown(plan: Schedule, since: str, until: str, **more: bool) -> list[str]:
    return said(final_shifts(plan, at(since), at(until), **more))


def test_a_later_layer_wins_and_a_lower_one_shows_through_its_gaps() -> None:
    assert shown(schedule(ALWAYS, DAYS), "2026-01-06 00:00", "2026-01-07 00:00") == [
        "01-06 00:00 – 01-06 10:00 alice",
        "01-06 10:00 – 01-06 14:00 eve",
        "01-06 14:00 – 01-07 00:00 alice",
    ]


def test_an_override_wins_over_every_layer() -> None:
    assert shown(FULL, "2026-01-06 00:00", "2026-01-07 00:00") == [
        "01-06 00:00 – 01-06 10:00 alice",
        "01-06 10:00 – 01-06 12:00 eve",
        "01-06 12:00 – 01-06 16:00 mallory",
        "01-06 16:00 – 01-07 00:00 alice",
    ]


def test_the_override_created_last_wins_and_needs_no_place_in_a_layer() -> None:
    early = override("carol", "2026-01-06 14:00", "2026-01-06 18:00", created=2)
    late = override("dave", "2026-01-06 12:00", "2026-01-06 15:00", created=3)
    plan = schedule(overrides=[late, COVER, early])
    assert shown(plan, "2026-01-06 00:00", "2026-01-07 00:00") == [
        "01-06 12:00 – 01-06 15:00 dave",
        "01-06 15:00 – 01-06 18:00 carol",
    ]


def test_of_two_overrides_of_one_window_both_are_kept_and_the_last_wins() -> None:
    twice = schedule(overrides=[COVER, override("carol", "2026-01-06 12:00", "2026-01-06 16:00", created=2)])
    assert said(override_shifts(twice, at("2026-01-06"), at("2026-01-07"))) == [
        "01-06 12:00 – 01-06 16:00 carol",
        "01-06 12:00 – 01-06 16:00 mallory",
    ]
    assert who(twice, at("2026-01-06 13:00")) == {"carol"}


def test_overrides_are_cut_to_the_window_unless_they_may_overflow() -> None:
    window = at("2026-01-06 13:00"), at("2026-01-06 14:00")
    assert said(override_shifts(FULL, *window)) == ["01-06 13:00 – 01-06 14:00 mallory"]
    assert said(override_shifts(FULL, *window, overflow=True)) == ["01-06 12:00 – 01-06 16:00 mallory"]


def test_neighbouring_turns_of_one_user_in_one_layer_are_one_shift() -> None:
    plan = schedule(layer("alice alice bob"))
    assert shown(plan, "2026-01-05 09:00", "2026-01-09 09:00") == [
        "01-05 09:00 – 01-07 09:00 alice",
        "01-07 09:00 – 01-08 09:00 bob",
        "01-08 09:00 – 01-09 09:00 alice",
    ]


def test_neighbouring_entries_of_one_user_from_two_layers_stay_apart() -> None:
    plan = schedule(ALWAYS, layer("alice", daily("10:00", 4), id="TOP", hours=168))
    assert len(final_shifts(plan, at("2026-01-06"), at("2026-01-07"))) == 3


def test_nobody_on_call_is_a_gap() -> None:
    assert shown(schedule(DAYS), "2026-01-05 00:00", "2026-01-07 00:00") == [
        "01-05 10:00 – 01-05 14:00 bob",
        "01-06 10:00 – 01-06 14:00 eve",
    ]
    assert who(schedule(DAYS), at("2026-01-06 14:00")) == frozenset()
    assert shift_at(schedule(DAYS), at("2026-01-06 14:00")) is None


def test_an_overflowing_shift_of_the_final_schedule_has_its_true_bounds() -> None:
    assert shown(FULL, "2026-01-06 11:00", "2026-01-06 20:00", overflow=True) == [
        "01-06 10:00 – 01-06 12:00 eve",
        "01-06 12:00 – 01-06 16:00 mallory",
        "01-06 16:00 – 01-07 10:00 alice",
    ]


@pytest.mark.parametrize(
    ("when", "shift"),
    [
        ("01-06 09:59", "01-05 14:00 – 01-06 10:00 alice"),
        ("01-06 10:00", "01-06 10:00 – 01-06 12:00 eve"),
        ("01-06 15:59", "01-06 12:00 – 01-06 16:00 mallory"),
        ("01-06 16:00", "01-06 16:00 – 01-07 10:00 alice"),
        ("01-08 12:00", "01-08 10:00 – 01-08 14:00 eve"),
    ],
)
def test_the_shift_at_an_instant_is_the_whole_one(when: str, shift: str) -> None:
    found = shift_at(FULL, at(f"2026-{when}"))
    assert found is not None
    assert said([found]) == [shift]


def test_a_shift_without_end_ends_with_the_running_turn() -> None:
    found = shift_at(schedule(ALWAYS), at("2026-03-05"))
    assert found is not None
    assert said([found]) == ["01-05 09:00 – 03-09 09:00 alice"]


def test_a_shift_begins_where_a_layer_above_fell_silent_long_ago_and_ends_where_one_speaks_again() -> None:
    gone = layer("bob", id="GONE", end="2026-01-10 15:00", hours=168)
    back = layer("eve", id="BACK", start="2026-06-01 03:00", hours=168)
    found = shift_at(schedule(layer("alice carol", hours=8760), gone, back), at("2026-03-05"))
    assert found is not None
    assert said([found]) == ["01-10 15:00 – 06-01 03:00 alice"]


def test_a_shift_reaches_from_one_weekly_window_of_a_layer_above_to_the_next() -> None:
    mondays = layer("bob", weekly(1, "10:00", 1), id="TOP")
    found = shift_at(schedule(layer("alice carol", hours=8760), mondays), at("2026-01-17"))
    assert found is not None
    assert said([found]) == ["01-12 11:00 – 01-19 10:00 alice"]


def test_an_absent_user_is_passed_over_in_layers_and_overrides() -> None:
    absent = frozenset({"mallory", "eve"})
    found = final_shifts(FULL, at("2026-01-06"), at("2026-01-07"), absent=absent)
    assert said(found) == ["01-06 00:00 – 01-07 00:00 alice"]
    assert who(FULL, at("2026-01-06 13:00"), absent=absent) == {"alice"}


def test_coverage_is_the_share_of_the_window_to_one_decimal() -> None:
    window = at("2026-01-05 00:00"), at("2026-01-08 00:00")
    assert coverage(final_shifts(schedule(DAYS), *window), *window) == 16.7
    assert coverage(final_shifts(schedule(ALWAYS), *window), *window) == 87.5
    assert coverage([], *window) == 0.0


def test_coverage_counts_overlaps_once_and_nothing_outside_the_window() -> None:
    twice = schedule(overrides=[COVER, override("carol", "2026-01-06 10:00", "2026-01-06 14:00", created=2)])
    window = at("2026-01-06 11:00"), at("2026-01-06 21:00")
    assert coverage(override_shifts(twice, *window, overflow=True), *window) == 50.0


def test_coverage_of_an_empty_window_is_none() -> None:
    assert coverage([], at("2026-01-05"), at("2026-01-05")) == 0.0


def test_everybody_on_call_in_a_window_is_listed() -> None:
    assert users_in(FULL, at("2026-01-06 11:00"), at("2026-01-06 13:00")) == {"eve", "mallory"}
    assert users_in(FULL, at("2026-01-06 13:00"), at("2026-01-06 13:00")) == frozenset()


@pytest.mark.parametrize(
    ("user", "shift"),
    [
        ("bob", "01-07 10:00 – 01-07 14:00 bob"),
        ("alice", "01-06 16:00 – 01-07 10:00 alice"),
        ("eve", "01-08 10:00 – 01-08 14:00 eve"),
    ],
)
def test_the_next_shift_of_a_user_is_the_one_that_starts_next(user: str, shift: str) -> None:
    found = next_on_call(FULL, user, at("2026-01-06 11:00"))
    assert found is not None
    assert said([found]) == [shift]


def test_a_shift_that_starts_at_the_instant_is_the_next_one() -> None:
    found = next_on_call(FULL, "mallory", at("2026-01-06 12:00"))
    assert found is not None
    assert found.start == at("2026-01-06 12:00")


def test_a_user_with_no_shift_within_the_horizon_has_no_next_one() -> None:
    assert next_on_call(FULL, "trent", at("2026-01-06 11:00")) is None
    assert next_on_call(FULL, "eve", at("2026-01-06 11:00"), timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("after", "change"),
    [("01-06 09:00", "01-06 10:00"), ("01-06 10:00", "01-06 12:00"), ("01-06 12:00", "01-06 16:00")],
)
def test_the_next_change_is_when_somebody_else_takes_over(after: str, change: str) -> None:
    assert next_change(FULL, at(f"2026-{after}")) == at(f"2026-{change}")


def test_the_next_change_from_nobody_is_the_first_start() -> None:
    assert next_change(schedule(DAYS), at("2025-10-01")) == at("2026-01-05 10:00")


def test_turns_of_the_same_user_are_no_change() -> None:
    assert next_change(schedule(ALWAYS), at("2026-01-06")) is None
    assert next_change(schedule(ALWAYS, layer("alice", daily("10:00", 4), id="TOP")), at("2026-01-06")) is None
    assert next_change(schedule(), at("2026-01-06")) is None


@pytest.mark.parametrize("overflow", [False, True])
def test_a_rendering_holds_layers_overrides_and_the_final_schedule(overflow: bool) -> None:
    window = at("2026-01-06 11:00"), at("2026-01-08 12:00")
    found = rendered(FULL, *window, overflow=overflow)
    assert found.layers == tuple(layer_shifts(line, "UTC", *window, overflow=overflow) for line in FULL.layers)
    assert found.overrides == override_shifts(FULL, *window, overflow=overflow)
    assert found.final == final_shifts(FULL, *window, overflow=overflow)


def test_an_empty_window_renders_as_nothing() -> None:
    found = rendered(FULL, at("2026-01-06"), at("2026-01-06"), overflow=True)
    assert (found.layers, found.overrides, found.final) == (([], []), [], [])
