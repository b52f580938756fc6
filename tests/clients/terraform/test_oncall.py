"""Schedules and escalation policies under Terraform."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clients.terraform import oncall, people
from tests.clients.terraform.api import Api, Refused
from tests.clients.terraform.made import team, unique, user
from tests.clients.terraform.plan import applied, round_trip

DAY, WEEK = 86_400, 604_800


def ahead(**time: float) -> str:
    """A moment to come, as somebody writes it down in summer in Berlin."""
    at = datetime.now(UTC) + timedelta(**time)
    return (at.replace(microsecond=0, tzinfo=None) + timedelta(hours=2)).isoformat() + "+02:00"


def layer(*users: str, **more: Any) -> dict[str, Any]:
    """A layer that began long ago."""
    began = "2015-11-06T20:00:00-05:00"
    return {
        "start": began, "rotation_virtual_start": began, "rotation_turn_length_seconds": WEEK, "users": list(users),
        **more,
    }  # fmt: skip


def three(api: Api) -> list[dict[str, Any]]:
    """Weekdays, weekends, and always; each with other people."""
    alice, bob, carol = user(api), user(api), user(api)
    daily = {"type": "daily_restriction", "start_time_of_day": "08:00:00", "duration_seconds": 32_101}
    weekly = {
        "type": "weekly_restriction", "start_day_of_week": 5, "start_time_of_day": "17:30:00",
        "duration_seconds": 3 * DAY,
    }  # fmt: skip
    return [
        layer(alice, bob, name="Weekdays", restriction=[daily], rotation_turn_length_seconds=DAY),
        layer(bob, carol, bob, name="Weekends", restriction=[weekly, {**weekly, "start_day_of_week": 1}]),
        layer(carol, start=ahead(days=2), end=ahead(days=30), rotation_virtual_start=ahead(days=2)),
    ]


def test_a_schedule_of_three_layers_with_restrictions_comes_to_rest(api: Api) -> None:
    layers = three(api)
    config = {"name": unique("schedule"), "time_zone": "Europe/Berlin", "layer": layers, "teams": [team(api)]}
    other = [{**layers[0], "users": layers[1]["users"]}, {**layers[1], "restriction": []}, layers[2]]
    changed = config | {"layer": other, "description": "Changed", "time_zone": "America/New_York", "overflow": True}
    round_trip(api, oncall.SCHEDULES, config, changed, config | {"teams": []})


def test_layers_are_added_on_top_and_end_when_they_leave_the_configuration(api: Api) -> None:
    first, second, third = three(api)
    config = {"name": unique("schedule"), "time_zone": "UTC", "layer": [first]}
    made = applied(api, oncall.SCHEDULES, config)
    made.apply(config | {"layer": [first, second, third]})
    ids = [one["id"] for one in made.state["layer"]]
    assert ids[0] == made.apply(config | {"layer": [second, third]}).state["layer"][0]["id"]
    assert [one["id"] for one in made.apply(config).state["layer"]] == ids[:1]
    made.destroy()


def test_a_layer_s_times_may_come_in_the_form_that_go_prints(api: Api) -> None:
    start = ahead(days=1)
    planned = {"name": unique("go"), "time_zone": "UTC", "layer": [layer(user(api), start=oncall.go_string(start))]}
    id = oncall.SCHEDULES.create(api, {**planned, "description": "", "teams": None, "overflow": False})
    (got,) = api.call("GET", f"/schedules/{id}", into={"schedule": oncall.SCHEDULE})["schedule"]["schedule_layers"]
    assert oncall.instant(got["start"]) == oncall.instant(start)
    assert oncall.instant(got["rotation_virtual_start"]) == oncall.instant("2015-11-06T20:00:00-05:00")


def test_a_schedule_in_use_is_refused_with_one_error_in_known_words(api: Api) -> None:
    made = applied(api, oncall.SCHEDULES, {"name": unique("used"), "time_zone": "UTC", "layer": [layer(user(api))]})
    target = {"id": made.id, "type": "schedule_reference"}
    rule = [{"escalation_delay_in_minutes": 5, "target": [target]}]
    policy = applied(api, oncall.POLICIES, {"name": unique("policy"), "rule": rule})
    with pytest.raises(Refused) as refused:
        made.destroy()
    said = "Schedule can't be deleted if it's being used by escalation policies"
    assert (refused.value.status, refused.value.error["errors"]) == (400, [said])
    policy.destroy()
    made.destroy()


def test_policies_come_to_rest_in_every_form(api: Api) -> None:
    alice, bob = user(api), user(api)
    schedule = applied(api, oncall.SCHEDULES, {"name": unique("s"), "time_zone": "UTC", "layer": [layer(alice)]})
    on_alice, on_bob = ({"id": id, "type": "user_reference"} for id in (alice, bob))
    on_schedule = {"id": schedule.id, "type": "schedule_reference"}
    plain = {"name": unique("policy"), "rule": [{"escalation_delay_in_minutes": 10, "target": [on_alice]}]}
    ring = {
        "escalation_delay_in_minutes": 3, "target": [on_bob, on_alice],
        "escalation_rule_assignment_strategy": "round_robin",
    }  # fmt: skip
    steps = [
        {"escalation_delay_in_minutes": 30, "target": [on_schedule, on_bob]},
        ring,
        {"escalation_delay_in_minutes": 1, "target": [on_alice]},
    ]
    full = plain | {"rule": steps, "num_loops": 9, "description": "Three steps", "teams": [team(api)]}
    all_at_once = [ring | {"escalation_rule_assignment_strategy": "assign_to_everyone"}]
    round_trip(
        api, oncall.POLICIES, plain, full, full | {"rule": steps[::-1], "num_loops": 0}, plain | {"rule": all_at_once}
    )


def test_a_schedule_or_policy_without_its_users_is_gone(api: Api) -> None:
    made = applied(api, people.USERS, {"name": unique("u"), "email": f"{unique('u')}@example.com"})
    schedule = applied(api, oncall.SCHEDULES, {"name": unique("s"), "time_zone": "UTC", "layer": [layer(made.id)]})
    with pytest.raises(Refused, match="400"):
        made.destroy()
    schedule.destroy()
    made.destroy()
