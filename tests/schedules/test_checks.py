"""What is refused, and with which words: S2–S5, S20, S42, S61, G-18, G-62."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from tests.schedules.cast import at, daily, layer, weekly
from tocsin.schedules.logic import (
    layer_errors,
    oncall_errors,
    override_errors,
    render_errors,
    render_window,
    restriction_errors,
    schedule_errors,
    unknown_layer_errors,
)
from tocsin.schedules.model import Restriction

NOW = at("2026-01-20")
LINE = layer("alice")


def test_a_good_schedule_has_no_errors() -> None:
    assert schedule_errors("x" * 255, "Europe/Berlin", "y" * 1024, [replace(LINE, name="z" * 100)] * 60) == []


def test_everything_wrong_with_a_schedule_is_said_at_once() -> None:
    bad = replace(LINE, name="days", users=())
    assert schedule_errors("x" * 256, "Mars/Base", "y" * 1025, [bad]) == [
        "Name is too long (maximum is 255 characters)",
        "Description is too long (maximum is 1024 characters)",
        "Time zone 'Mars/Base' is not a known time zone",
        "Layer 'days': Users can't be empty",
    ]


@pytest.mark.parametrize("count", [0, 61])
def test_a_schedule_has_one_to_sixty_layers(count: int) -> None:
    assert schedule_errors("x", "UTC", None, [LINE] * count) == ["A schedule needs 1 to 60 layers"]


def test_a_blank_name_is_refused() -> None:
    assert schedule_errors(" ", "UTC", None, [LINE]) == ["Name can't be blank"]


@pytest.mark.parametrize(("seconds", "fine"), [(3599, False), (3600, True), (31_536_000, True), (31_536_001, False)])
def test_a_turn_lasts_from_an_hour_to_a_year(seconds: int, fine: bool) -> None:
    assert (layer_errors(replace(LINE, rotation_turn_length_seconds=seconds)) == []) == fine


@pytest.mark.parametrize("end", ["2026-01-05 09:00", "2026-01-01"])
def test_a_layer_ends_after_its_start(end: str) -> None:
    assert layer_errors(replace(LINE, end=at(end))) == ["Layer must end after its start"]


@pytest.mark.parametrize(
    "restriction",
    [daily("00:00", 24), daily("00:00", 0), weekly(1, "00:00", 168), weekly(0, "00:00", 1), weekly(8, "00:00", 1)],
)
def test_a_restriction_that_cannot_be_is_refused(restriction: Restriction) -> None:
    assert len(restriction_errors(restriction)) == 1
    assert layer_errors(replace(LINE, restrictions=(restriction,))) == restriction_errors(restriction)


def test_a_day_of_the_week_belongs_to_weekly_restrictions_alone() -> None:
    assert restriction_errors(Restriction("daily", 1, time(9), 60)) == [
        "A daily restriction takes no start_day_of_week"
    ]
    assert restriction_errors(Restriction("weekly", None, time(9), 60)) == [
        "A weekly restriction needs a start_day_of_week from 1 (Monday) to 7"
    ]


def test_the_longest_restrictions_are_accepted() -> None:
    assert restriction_errors(Restriction("daily", None, time(9), 86_399)) == []
    assert restriction_errors(Restriction("weekly", 7, time(9), 604_799)) == []


def test_layer_ids_of_a_request_belong_to_the_schedule_and_stand_there_once() -> None:
    assert unknown_layer_errors([LINE], ["L1"]) == []
    assert unknown_layer_errors([LINE], ["L1", "L1", "L9"]) == [
        "Layer L1 is listed twice",
        "Layer L9 does not belong to this schedule",
    ]


@pytest.mark.parametrize(
    ("start", "end", "fine"),
    [
        ("2026-01-21", "2026-01-22", True),
        ("2026-01-01", "2026-01-22", True),
        ("2026-01-22", "2026-01-22", False),
        ("2026-01-23", "2026-01-22", False),
        ("2026-01-01", "2026-01-20", False),
    ],
)
def test_an_override_ends_after_its_start_and_after_now(start: str, end: str, fine: bool) -> None:
    assert override_errors(at(start), at(end), NOW) == ([] if fine else ["Override must end after its start"])


@pytest.mark.parametrize(
    ("since", "until", "window"),
    [
        (None, None, None),
        (NOW, None, (NOW, NOW + timedelta(weeks=2))),
        (None, NOW, (NOW - timedelta(weeks=2), NOW)),
        (NOW, NOW + timedelta(days=1), (NOW, NOW + timedelta(days=1))),
    ],
)
def test_a_missing_side_of_the_window_is_two_weeks_away(
    since: datetime | None, until: datetime | None, window: tuple[datetime, datetime] | None
) -> None:
    assert render_window(since, until) == window


@pytest.mark.parametrize(("days", "fine"), [(-1, False), (0, False), (1, True), (366, True), (367, False)])
def test_at_most_a_year_is_rendered(days: int, fine: bool) -> None:
    assert (render_errors(NOW, NOW + timedelta(days=days)) == []) == fine


@pytest.mark.parametrize(("days", "fine"), [(-1, False), (0, True), (90, True), (91, False)])
def test_on_calls_reach_ninety_days_ahead(days: int, fine: bool) -> None:
    assert (oncall_errors(NOW, NOW + timedelta(days=days), NOW) == []) == fine
