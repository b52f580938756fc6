"""Hand-offs and windows across changes of the clocks, both ways: S12–S14, G-17."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.schedules.cast import at, daily, layer, said, schedule
from tocsin.schedules.logic import final_shifts, layer_shifts, shift_at, who
from tocsin.schedules.model import Layer, Shift

# (zone, a day in spring and one in autumn on which its clocks change)
CHANGES = [
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05"),  # by half an hour
    ("America/Santiago", "2026-09-06", "2026-04-04"),  # at midnight
    ("Asia/Beirut", "2026-03-29", "2026-10-24"),  # at midnight
    ("Antarctica/Troll", "2026-03-29", "2026-10-25"),  # by two hours
]
DAYS = [(zone, day) for zone, spring, autumn in CHANGES for day in (spring, autumn)]
GAPS = {"Australia/Lord_Howe": 0.5, "Antarctica/Troll": 2.0}


def around(line: Layer, zone: str, day: str, days: int = 3) -> list[Shift]:
    middle = at(day, zone)
    return layer_shifts(line, zone, middle - timedelta(days=days), middle + timedelta(days=days + 1))


def clocks(shifts: list[Shift], zone: str) -> set[str]:
    return {f"{shift.start.astimezone(ZoneInfo(zone)):%H:%M}" for shift in shifts[1:]}


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_a_weekly_hand_off_at_nine_stays_at_nine(zone: str, day: str) -> None:
    line = layer("alice bob", start="2026-01-05 09:00", hours=168, zone=zone)
    assert clocks(around(line, zone, day, days=40), zone) == {"09:00"}


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_twelve_hour_turns_keep_eight_and_twenty(zone: str, day: str) -> None:
    line = layer("alice bob", start="2026-01-05 08:00", hours=12, zone=zone)
    assert clocks(around(line, zone, day), zone) == {"08:00", "20:00"}


@pytest.mark.parametrize(("zone", "spring", "autumn"), CHANGES)
def test_one_turn_is_shorter_in_spring_and_longer_in_autumn(zone: str, spring: str, autumn: str) -> None:
    line = layer("alice bob", start="2026-01-05 12:00", hours=24, zone=zone)
    hour = timedelta(hours=GAPS.get(zone, 1.0))
    assert min(_lengths(around(line, zone, spring)[1:-1])) == timedelta(days=1) - hour
    assert max(_lengths(around(line, zone, autumn)[1:-1])) == timedelta(days=1) + hour


def _lengths(shifts: list[Shift]) -> list[timedelta]:
    return [shift.end - shift.start for shift in shifts]


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_a_window_from_nine_to_five_ends_at_five_on_every_day(zone: str, day: str) -> None:
    shifts = around(layer("alice", daily("09:00", 8), hours=168, start="2025-01-06 00:00", zone=zone), zone, day)
    ends = {f"{shift.end.astimezone(ZoneInfo(zone)):%H:%M}" for shift in shifts}
    assert (clocks(shifts, zone), ends) == ({"09:00"}, {"17:00"})


@pytest.mark.parametrize(("zone", "day"), DAYS)
@pytest.mark.parametrize("hours", [1, 2, 5, 12, 24])
def test_turns_of_any_length_leave_no_gap_and_never_overlap(zone: str, day: str, hours: int) -> None:
    shifts = around(layer("alice bob eve", start="2026-01-05 00:30", hours=hours, zone=zone), zone, day)
    assert all(before.end == after.start for before, after in pairwise(shifts))
    assert shifts[-1].end - shifts[0].start == timedelta(days=7)


def test_a_hand_off_in_the_skipped_hour_moves_forward_by_the_gap() -> None:
    line = layer("alice bob", start="2026-03-27 02:30", zone="Europe/Berlin")
    assert said(around(line, "Europe/Berlin", "2026-03-29", days=1), "Europe/Berlin") == [
        "03-28 00:00 – 03-28 02:30 alice",
        "03-28 02:30 – 03-29 03:30 bob",
        "03-29 03:30 – 03-30 02:30 alice",
        "03-30 02:30 – 03-31 01:00 bob",
    ]


def test_a_hand_off_in_the_repeated_hour_is_at_its_first_occurrence() -> None:
    line = layer("alice bob", start="2026-10-23 02:30", zone="Europe/Berlin")
    starts = [shift.start for shift in around(line, "Europe/Berlin", "2026-10-25", days=1)]
    assert at("2026-10-25 00:30") in starts
    assert at("2026-10-25 01:30") not in starts


@pytest.mark.parametrize(("when", "user"), [("00:29", "alice"), ("00:30", "bob"), ("01:10", "bob"), ("01:40", "bob")])
def test_after_a_hand_off_in_the_first_pass_the_second_pass_changes_nothing(when: str, user: str) -> None:
    plan = schedule(layer("bob alice", start="2026-10-23 02:30", zone="Europe/Berlin"), zone="Europe/Berlin")
    now = at(f"2026-10-25 {when}")
    found = shift_at(plan, now)
    assert who(plan, now) == {user}
    assert found is not None
    assert (found.user, found.start <= now < found.end) == (user, True)


def test_a_turn_that_the_change_leaves_empty_yields_no_entry() -> None:
    line = layer("alice bob eve", start="2026-03-29 00:00", hours=1, zone="Europe/Berlin")
    found = layer_shifts(line, "Europe/Berlin", at("2026-03-28 23:00"), at("2026-03-29 03:00"))
    assert said(found, "Europe/Berlin") == [
        "03-29 00:00 – 03-29 01:00 alice",
        "03-29 01:00 – 03-29 03:00 bob",
        "03-29 03:00 – 03-29 04:00 alice",
        "03-29 04:00 – 03-29 05:00 bob",
    ]


@pytest.mark.parametrize("when", ["2026-03-29 00:30", "2026-03-29 01:30"])
def test_an_empty_turn_does_not_part_the_turns_around_it(when: str) -> None:
    line = layer("carol alice bob alice", start="2026-03-29 00:00", hours=1, zone="Europe/Berlin")
    found = shift_at(schedule(line, zone="Europe/Berlin"), at(when))
    assert found is not None
    assert said([found]) == ["03-29 00:00 – 03-29 02:00 alice"]


def test_a_window_within_the_skipped_hour_moves_forward_whole() -> None:
    line = layer("alice", daily("02:15", 0.5), hours=168, start="2026-03-01 00:00")
    assert said(around(line, "Europe/Berlin", "2026-03-29", days=0), "Europe/Berlin") == [
        "03-29 03:15 – 03-29 03:45 alice"
    ]


def test_a_window_that_ends_before_its_moved_start_is_none() -> None:
    line = layer("alice", daily("02:30", 0.75), hours=168, start="2026-03-01 00:00")
    assert around(line, "Europe/Berlin", "2026-03-29", days=0) == []


def test_a_window_in_the_repeated_hour_opens_once() -> None:
    line = layer("alice", daily("02:15", 0.5), hours=168, start="2026-03-01 00:00")
    found = around(line, "Europe/Berlin", "2026-10-25", days=0)
    assert said(found) == ["10-25 00:15 – 10-25 00:45 alice"]


def test_a_window_over_the_repeated_hour_does_not_flap() -> None:
    line = layer("alice", daily("02:30", 3), hours=168, start="2026-03-01 00:00")
    found = around(line, "Europe/Berlin", "2026-10-25", days=0)
    assert said(found) == ["10-25 00:30 – 10-25 04:30 alice"]


def test_a_rails_name_has_the_same_wall_clock() -> None:
    line, window = layer("alice bob", hours=12), (at("2026-03-01"), at("2026-04-01"))
    rails = final_shifts(schedule(line, zone="Eastern Time (US & Canada)"), *window)
    assert rails == final_shifts(schedule(line, zone="America/New_York"), *window)
