"""How urgent an incident is, and when that changes (core:U1-U9, core:E53-E54, core:G-30, core:G-53)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.world import World, trigger
from tocsin.services.logic import next_boundary, urgency_of, within
from tocsin.services.model import Service

BY_SEVERITY = {"type": "constant", "urgency": "severity_based"}
HIGH, LOW = {"type": "constant", "urgency": "high"}, {"type": "constant", "urgency": "low"}
OFFICE = {"type": "use_support_hours", "during_support_hours": HIGH, "outside_support_hours": LOW}
RAISE = {"type": "urgency_change", "at": {"type": "named_time", "name": "support_hours_start"}, "to_urgency": "high"}


def hours(start: str, end: str, days: Any = range(1, 8), zone: str = "UTC") -> dict[str, Any]:
    return {
        "type": "fixed_time_per_day", "time_zone": zone, "start_time": start, "end_time": end,
        "days_of_week": list(days),
    }  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def service(rule: dict[str, Any], support: dict[str, Any] | None = None) -> Service:
    return Service("S", "Shop", "active", "EP", urgency_rule=rule, support_hours=support)


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [("critical", "high"), ("error", "high"), ("warning", "low"), ("info", "low"), (None, "high"), ("unknown", "high")],
)
def test_severity_decides_where_the_service_says_so(severity: str | None, urgency: str) -> None:
    assert urgency_of(service(BY_SEVERITY), severity, at("2024-01-01"))[0] == urgency
    assert urgency_of(service(LOW), severity, at("2024-01-01"))[0] == "low"


def test_a_part_of_the_support_hours_may_go_by_severity() -> None:
    rule = OFFICE | {"during_support_hours": BY_SEVERITY}
    office = service(rule, hours("09:00:00", "17:00:00"))
    assert urgency_of(office, "info", at("2024-01-01 10:00")) == ("low", "during support hours")
    assert urgency_of(office, "error", at("2024-01-01 10:00"))[0] == "high"


@pytest.mark.parametrize(
    ("clock", "inside"),
    [("08:59:59", False), ("09:00:00", True), ("16:59:59", True), ("17:00:00", False)],
)
def test_the_start_is_inside_and_the_end_is_not(clock: str, inside: bool) -> None:
    assert within(hours("09:00:00", "17:00:00"), at(f"2024-01-01 {clock}")) is inside


@pytest.mark.parametrize(
    ("when", "inside"),
    [("2024-01-05 23:00", True), ("2024-01-06 05:59", True), ("2024-01-06 06:00", False), ("2024-01-06 23:00", False)],
)
def test_hours_over_midnight_belong_to_the_day_they_start_on(when: str, inside: bool) -> None:
    assert within(hours("22:00:00", "06:00:00", [5]), at(when)) is inside


def test_hours_that_end_as_they_start_last_a_day() -> None:
    friday = hours("09:00:00", "09:00:00", [5])
    assert within(friday, at("2024-01-06 08:59"))
    assert not within(friday, at("2024-01-06 09:00"))


def test_a_zone_may_have_the_name_that_rails_gives_it() -> None:
    office = hours("09:00:00", "17:00:00", zone="Eastern Time (US & Canada)")
    assert within(office, at("2024-01-02 14:00"))
    assert not within(office, at("2024-01-02 13:59"))


def test_a_boundary_that_the_clock_skips_is_where_it_jumps() -> None:
    early = hours("02:30:00", "05:00:00", zone="America/New_York")
    assert next_boundary(early, "support_hours_start", at("2024-03-10 00:00")) == at("2024-03-10 07:00")
    assert not within(early, at("2024-03-10 06:59"))
    assert within(early, at("2024-03-10 07:00"))


def test_in_a_repeated_hour_the_first_boundary_counts_once() -> None:
    early = hours("01:30:00", "05:00:00", zone="America/New_York")
    first = at("2024-11-03 05:30")
    assert next_boundary(early, "support_hours_start", at("2024-11-03 00:00")) == first
    assert next_boundary(early, "support_hours_start", first) == at("2024-11-04 06:30")
    assert within(early, first + timedelta(minutes=45))


def test_an_end_over_midnight_is_found_on_the_day_after() -> None:
    friday = hours("22:00:00", "06:00:00", [5])
    assert next_boundary(friday, "support_hours_end", at("2024-01-06 01:00")) == at("2024-01-06 06:00")
    assert next_boundary(friday, "support_hours_end", at("2024-01-06 06:00")) == at("2024-01-13 06:00")


def test_no_day_means_never() -> None:
    assert next_boundary(hours("09:00:00", "17:00:00", []), "support_hours_start", at("2024-01-01")) is None


@pytest.fixture
def night() -> World:
    """Monday 20:00, outside support hours, with the scheduled action."""
    w = World(levels=[(5, ["alice"]), (5, ["bob"])], now=at("2024-01-01 20:00"))
    w.set(urgency_rule=OFFICE, support_hours=hours("09:00:00", "17:00:00"), scheduled_actions=[RAISE])
    w.happens(trigger("disk full"))
    w.paged()
    return w


def test_what_is_open_and_low_is_raised_as_support_hours_begin(night: World) -> None:
    assert night.pending() == {"urgency": "780:00"}
    night.advance(hours=13, minutes=5)
    assert night.story()[2:] == ["780:00 urgency_change", "785:00 escalate bob"]
    assert night.paged() == ["alice", "bob"]


def test_what_is_acknowledged_is_left_alone_and_looked_at_the_next_day(night: World) -> None:
    night.acknowledge("alice")
    night.advance(hours=14)
    assert (night.incident().urgency, night.paged()) == ("low", [])
    night.unacknowledge("alice")
    night.advance(hours=24)
    assert night.incident().urgency == "high"


def test_a_person_who_raises_it_first_leaves_nothing_to_raise(night: World) -> None:
    night.set_urgency("dan", "high")
    assert "urgency" not in night.pending()


def test_what_a_person_lowers_or_reopens_is_raised_as_support_hours_begin(night: World) -> None:
    night.set_urgency("dan", "high")
    night.set_urgency("dan", "low")
    assert night.pending() == {"urgency": "780:00"}
    night.resolve("dan")
    night.reopen("dan")
    assert night.pending() == {"urgency": "780:00"}


def test_a_worse_severity_raises_the_urgency_and_ends_an_acknowledgement() -> None:
    w = World()
    w.set(urgency_rule=BY_SEVERITY)
    w.happens(trigger("disk full", severity="warning"))
    w.acknowledge("alice")
    w.advance(minutes=2)
    w.paged()
    w.happens(trigger("disk full", severity="critical"))
    assert (w.incident().urgency, w.incident().status, w.paged()) == ("high", "triggered", ["alice"])


def test_a_better_severity_lowers_nothing() -> None:
    w = World()
    w.set(urgency_rule=BY_SEVERITY)
    w.happens(trigger("disk full"), trigger("disk full", severity="info"))
    assert w.incident().urgency == "high"
    assert [alert.severity for alert in w.alerts.values()] == ["critical"]


def test_an_edit_of_the_service_leaves_what_is_open_as_it_is(night: World) -> None:
    night.set(urgency_rule=HIGH, scheduled_actions=[])
    night.happens(trigger("disk full"))
    assert night.incident().urgency == "low"
