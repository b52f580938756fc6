"""Schedules that make no sense are refused with the wire's errors, and nothing is half done."""

from typing import Any

import pytest

from tests.accounts import people
from tests.rest_client import RestClient
from tests.schedules import wired
from tests.schedules.wired import soon
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database

DAILY = {"type": "daily_restriction", "start_time_of_day": "08:00:00", "duration_seconds": 3600}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": " "}, "name should have at least 1 character"),
        ({"name": "x" * 256}, "name should have at most 255 characters"),
        ({"name": None}, "name is required"),
        ({"time_zone": None}, "time_zone is required"),
        ({"time_zone": "Europe/Berln"}, "time_zone 'Europe/Berln' is not a known time zone; perhaps Europe/Berlin"),
        ({"description": "x" * 1025}, "Description is too long (maximum is 1024 characters)"),
        ({"schedule_layers": []}, "A schedule needs 1 to 60 layers"),
        ({"schedule_layers": "none"}, "schedule_layers should be a valid list"),
        ({"teams": [{"id": "PNOTEAM", "type": "team_reference"}]}, "Team PNOTEAM Not Found"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    rest_client: RestClient, owner: Bootstrapped, change: dict[str, Any], error: str
) -> None:
    got = rest_client.post("/schedules", wired.body(**{"schedule_layers": [wired.layer([owner.user_id])], **change}))
    assert (got.status, got.code) == (400, 2001)
    assert got.errors[0].startswith(error)
    assert rest_client.get("/schedules?total=true").body["total"] == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"users": []}, "Layer 'Layer': Users can't be empty"),
        ({"rotation_turn_length_seconds": 60}, "Layer 'Layer': Rotation turn length must be from 3600 to 31536000"),
        ({"end": soon(days=-2)}, "Layer 'Layer': Layer must end after its start"),
        ({"name": "x" * 101}, f"Layer '{'x' * 101}': Name is too long"),
        ({"restrictions": [DAILY | {"duration_seconds": 86_400}]}, "Layer 'Layer': A daily restriction must last"),
        ({"restrictions": [DAILY | {"start_day_of_week": 1}]}, "Layer 'Layer': A daily restriction takes no start_day"),
        ({"restrictions": [DAILY | {"type": "weekly_restriction"}]}, "Layer 'Layer': A weekly restriction needs a"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(
    rest_client: RestClient, owner: Bootstrapped, change: dict[str, Any], error: str
) -> None:
    got = rest_client.post("/schedules", wired.body(wired.layer([owner.user_id]) | change))
    assert (got.status, got.code) == (400, 3001)
    assert got.errors[0].startswith(error)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"start": "yesterday"}, "start is not a valid ISO 8601 time"),
        ({"end": "9999-12-31T23:59:59Z"}, "end must lie between the years 1900 and 9000"),
        ({"start": None}, "schedule_layers.0.start is required"),
        ({"users": [{"user": {"id": "PNOBODY"}}]}, "User PNOBODY Not Found"),
        ({"users": [{}]}, "schedule_layers.0.users.0.user is required"),
        ({"id": "PLAYER"}, "Layer PLAYER does not belong to this schedule"),
        ({"restrictions": [DAILY | {"start_time_of_day": "25:00"}]}, "schedule_layers.0.restrictions.0.start_time"),
        ({"restrictions": [DAILY | {"type": "monthly"}]}, "schedule_layers.0.restrictions.0.type"),
    ],
)
def test_a_layer_that_cannot_be_read_is_refused(
    rest_client: RestClient, owner: Bootstrapped, change: dict[str, Any], error: str
) -> None:
    got = rest_client.post("/schedules", wired.body(wired.layer([owner.user_id]) | change))
    assert got.status == 400
    assert got.errors[0].startswith(error)


def test_two_schedules_cannot_have_one_name_in_any_case(rest_client: RestClient, owner: Bootstrapped) -> None:
    wired.add(rest_client, wired.layer([owner.user_id]))
    got = rest_client.post("/schedules", wired.body(wired.layer([owner.user_id]), name="PRIMARY"))
    assert (got.status, got.errors) == (400, ["Name has already been taken"])


@pytest.mark.parametrize("path", ["", "/users", "/overrides?since=2026-01-01&until=2026-01-02"])
def test_an_unknown_schedule_is_404(rest_client: RestClient, path: str) -> None:
    got = rest_client.get(f"/schedules/PNONE{path}")
    assert (got.status, got.code) == (404, 2100)


@pytest.mark.parametrize("query", ["until=0001-01-01", "since=9999-12-31"])
def test_a_year_that_no_calendar_reaches_is_refused(rest_client: RestClient, owner: Bootstrapped, query: str) -> None:
    id = wired.add(rest_client, wired.layer([owner.user_id]))["id"]
    got = rest_client.get(f"/schedules/{id}?{query}")
    assert (got.status, got.errors) == (400, [f"{query[:5]} must lie between the years 1900 and 9000"])


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("since=2026-02-01&until=2026-01-01", "Until must be after since"),
        ("since=2025-01-01&until=2026-03-01", "The time range may not be longer than one year"),
    ],
)
def test_a_window_that_cannot_be_rendered_is_2005(
    rest_client: RestClient, owner: Bootstrapped, query: str, error: str
) -> None:
    id = wired.add(rest_client, wired.layer([owner.user_id]))["id"]
    got = rest_client.get(f"/schedules/{id}?{query}")
    assert (got.status, got.code, got.errors) == (400, 2005, [error])


def test_an_edit_that_fails_changes_nothing(rest_client: RestClient, owner: Bootstrapped) -> None:
    made = wired.add(rest_client, wired.layer([owner.user_id]))
    bad = wired.body(wired.layer(["PNOBODY"], id=made["schedule_layers"][0]["id"]), name="Other")
    assert rest_client.put(f"/schedules/{made['id']}", bad).status == 400
    assert rest_client.get(f"/schedules/{made['id']}").body["schedule"] == made


def test_a_schedule_in_use_by_a_policy_stays(rest_client: RestClient, owner: Bootstrapped, database: Database) -> None:
    id = wired.add(rest_client, wired.layer([owner.user_id]))["id"]
    wired.policy(database, [("schedule", id)], name="Main")
    got = rest_client.delete(f"/schedules/{id}")
    assert (got.status, got.errors) == (
        400, ["Schedule can't be deleted if it's being used by escalation policies"],
    )  # fmt: skip


def test_a_user_on_a_schedule_stays_until_his_layer_ends(rest_client: RestClient) -> None:
    bob = people.add(rest_client, "Bob Bee")["id"]
    made = wired.add(rest_client, wired.layer([bob]))
    got = rest_client.delete(f"/users/{bob}")
    assert (got.status, got.errors) == (400, ["The user is on the schedule Primary"])
    over = wired.layer([bob], id=made["schedule_layers"][0]["id"], end=soon())
    assert rest_client.put(f"/schedules/{made['id']}", wired.body(over)).status == 200
    assert rest_client.delete(f"/users/{bob}").status == 204


def test_a_limited_user_changes_overrides_but_no_schedule(rest_client: RestClient, database: Database) -> None:
    lea = people.add(rest_client, "Lea Limited", role="limited_user")["id"]
    id = wired.add(rest_client, wired.layer([lea]))["id"]
    limited = rest_client.as_key(people.key_of(database, lea))
    assert limited.delete(f"/schedules/{id}").status == 403
    new = {"overrides": [wired.override(lea, soon(), soon(hours=1))]}
    assert limited.post(f"/schedules/{id}/overrides", new).status == 201


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "override or overrides is required"),
        ({"overrides": []}, "overrides must be a list of 1 to 500"),
        ({"override": {"start": soon()}}, "end is required"),
        ([], "overrides must be a list of 1 to 500"),
    ],
)
def test_overrides_that_cannot_be_read_are_refused(
    rest_client: RestClient, owner: Bootstrapped, given: Any, error: str
) -> None:
    id = wired.add(rest_client, wired.layer([owner.user_id]))["id"]
    got = rest_client.post(f"/schedules/{id}/overrides", given)
    assert (got.status, got.errors[0]) == (400, error)


def test_overrides_are_listed_for_a_window_only(rest_client: RestClient, owner: Bootstrapped) -> None:
    id = wired.add(rest_client, wired.layer([owner.user_id]))["id"]
    got = rest_client.get(f"/schedules/{id}/overrides?since=2026-01-01")
    assert (got.status, got.code, got.errors) == (400, 2003, ["since and until are required"])
