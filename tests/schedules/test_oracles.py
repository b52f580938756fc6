"""Our sweep against two others: interval arithmetic by ``portion``, and a plain reading minute by minute."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import portion
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schedules.minutes import reading
from tests.schedules.plans import ABSENT, plans
from tocsin.schedules.logic import (
    coverage,
    edited,
    final_shifts,
    layer_shifts,
    next_change,
    next_on_call,
    override_shifts,
    shift_at,
    users_in,
    who,
)
from tocsin.schedules.model import Schedule, Shift

Plan = tuple[Schedule, datetime]
MINUTE = timedelta(minutes=1)
moderate = settings(max_examples=80, deadline=None)


def source_at(shifts: list[Shift], since: datetime, until: datetime) -> list[tuple[str, str] | None]:
    """(user, source) at each minute."""
    said: list[tuple[str, str] | None] = [None] * ((until - since) // MINUTE)
    for shift in shifts:
        for i in range((shift.start - since) // MINUTE, (shift.end - since) // MINUTE):
            assert said[i] is None, "two at once"
            said[i] = shift.user, shift.source
    return said


@settings(max_examples=100, deadline=None)
@given(plans(), ABSENT)
def test_the_final_schedule_is_what_a_reading_minute_by_minute_says(plan: Plan, absent: frozenset[str]) -> None:
    schedule, night = plan
    window = night - timedelta(hours=14), night + timedelta(hours=22)
    said = reading(schedule, absent, *window)
    assert source_at(final_shifts(schedule, *window, absent=absent), *window) == said
    for i in range(0, len(said), 15):
        expected = said[i]
        assert who(schedule, window[0] + i * MINUTE, absent=absent) == ({expected[0]} if expected else set())


def by_portion(schedule: Schedule, since: datetime, until: datetime) -> portion.IntervalDict:
    """The final schedule by interval arithmetic: later writes win."""
    line = portion.IntervalDict()
    for layer in schedule.layers:
        for shift in layer_shifts(layer, schedule.time_zone, since, until):
            line[portion.closedopen(shift.start, shift.end)] = (shift.user, shift.source)
    for override in sorted(schedule.overrides, key=lambda override: override.created):
        line[portion.closedopen(override.start, override.end)] = (override.user, override.id)
    return line[portion.closedopen(since, until)]


@moderate
@given(plans(layers=4, overrides=5), st.integers(1, 30))
def test_the_final_schedule_is_what_interval_arithmetic_says(plan: Plan, days: int) -> None:
    schedule, night = plan
    window = night - timedelta(days=1), night + timedelta(days=days)
    ours = portion.IntervalDict()
    for shift in final_shifts(schedule, *window):
        ours[portion.closedopen(shift.start, shift.end)] = (shift.user, shift.source)
    assert ours == by_portion(schedule, *window)


@moderate
@given(plans(), ABSENT)
def test_shifts_are_in_order_never_overlap_and_neighbours_differ(plan: Plan, absent: frozenset[str]) -> None:
    schedule, night = plan
    shifts = final_shifts(schedule, night - timedelta(days=3), night + timedelta(days=9), absent=absent)
    assert all(shift.start < shift.end for shift in shifts)
    for before, after in pairwise(shifts):
        assert before.end <= after.start
        assert (before.end, before.user, before.source) != (after.start, after.user, after.source)


@moderate
@given(plans(), ABSENT, st.integers(-200, 200))
def test_the_pager_and_the_rendering_agree_at_every_instant(plan: Plan, absent: frozenset[str], quarters: int) -> None:
    schedule, night = plan
    now = night + quarters * timedelta(minutes=15)
    shifts = final_shifts(schedule, now, now + MINUTE, overflow=True, absent=absent)
    running = [shift for shift in shifts if shift.start <= now < shift.end]
    assert who(schedule, now, absent=absent) == {shift.user for shift in running}
    found = shift_at(schedule, now, absent=absent)
    assert ([] if found is None else [found]) == running


def endless(schedule: Schedule) -> bool:
    """A layer of one person has shifts whose ends are a convention, so that no wide rendering can confirm them."""
    return any(len(set(layer.users)) == 1 for layer in schedule.layers)


@moderate
@given(plans().filter(lambda plan: not endless(plan[0])), ABSENT, st.integers(-200, 200))
def test_a_whole_shift_is_the_one_that_a_wide_rendering_shows(
    plan: Plan, absent: frozenset[str], quarters: int
) -> None:
    schedule, night = plan
    now = night + quarters * timedelta(minutes=15)
    wide = final_shifts(schedule, now - timedelta(days=70), now + timedelta(days=70), absent=absent)
    running = [shift for shift in wide if shift.start <= now < shift.end]
    found = shift_at(schedule, now, absent=absent)
    assert ([] if found is None else [found]) == running


@moderate
@given(plans(), st.integers(-100, 100), st.integers(1, 200))
def test_overflow_changes_only_the_outer_bounds(plan: Plan, since: int, length: int) -> None:
    schedule, night = plan
    low = night + since * timedelta(minutes=15)
    high = low + length * timedelta(minutes=15)
    cut = final_shifts(schedule, low, high)
    whole = final_shifts(schedule, low, high, overflow=True)
    assert [(max(s.start, low), min(s.end, high), s.user) for s in whole] == [(s.start, s.end, s.user) for s in cut]
    assert users_in(schedule, low, high) == {shift.user for shift in cut}
    assert coverage(whole, low, high) == coverage(cut, low, high)


@moderate
@given(plans(), ABSENT)
def test_nothing_changes_before_the_next_change(plan: Plan, absent: frozenset[str]) -> None:
    schedule, night = plan
    now, change = who(schedule, night, absent=absent), next_change(schedule, night, absent=absent)
    until = change or night + timedelta(days=20)
    shifts = final_shifts(schedule, night, until, absent=absent)
    assert {shift.user for shift in shifts} == now
    assert coverage(shifts, night, until) == (100.0 if now else 0.0)
    assert change is None or who(schedule, change, absent=absent) != now


@moderate
@given(plans())
def test_the_next_shift_of_a_user_is_the_first_that_starts(plan: Plan) -> None:
    schedule, night = plan
    horizon = timedelta(days=20)
    found = next_on_call(schedule, "alice", night, horizon)
    wide = final_shifts(schedule, night - timedelta(days=60), night + horizon)
    later = [shift.start for shift in wide if shift.user == "alice" and shift.start >= night]
    assert (found.start if found else None) == (later[0] if later else None)


@moderate
@given(plans(overrides=0), st.integers(1, 40))
def test_a_layer_without_restrictions_has_no_gaps(plan: Plan, days: int) -> None:
    schedule, night = plan
    since, until = night - timedelta(days=2), night + timedelta(days=days)
    for layer in schedule.layers:
        if not layer.restrictions:
            low = max(since, layer.start)
            high = max(low, min(until, layer.end or until))
            shifts = layer_shifts(layer, schedule.time_zone, since, until)
            assert sum((shift.end - shift.start for shift in shifts), timedelta()) == high - low


@moderate
@given(plans(), st.integers(1, 20))
def test_every_override_of_a_window_is_listed(plan: Plan, days: int) -> None:
    schedule, night = plan
    listed = override_shifts(schedule, night, night + timedelta(days=days), overflow=True)
    touching = [o for o in schedule.overrides if o.start < night + timedelta(days=days) and o.end > night]
    assert {shift.source for shift in listed} == {override.id for override in touching}


@moderate
@given(plans(overrides=0), plans(overrides=0), st.sampled_from([None, "Asia/Tokyo", "America/New_York"]))
def test_no_request_rewrites_history(plan: Plan, request: Plan, new_zone: str | None) -> None:
    schedule, now = plan
    zone = new_zone or schedule.time_zone
    layers = edited(schedule.layers, request[0].layers, now, schedule.time_zone, new_zone)
    changed = replace(schedule, time_zone=zone, layers=layers)
    past = now - timedelta(days=30), now
    assert final_shifts(changed, *past) == final_shifts(schedule, *past)
    again = edited(layers, request[0].layers, now, zone)
    ahead = now, now + timedelta(days=30)
    assert final_shifts(replace(changed, layers=again), *ahead) == final_shifts(changed, *ahead)
