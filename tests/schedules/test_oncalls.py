"""GET /oncalls."""

from datetime import datetime
from typing import Any

import pytest

from tests.accounts import people
from tests.rest_client import RestClient
from tests.schedules import wired
from tests.schedules.wired import soon
from tocsin.core.db import Database


@pytest.fixture
def cast(rest_client: RestClient, database: Database) -> dict[str, str]:
    """Policy A: level 1 the schedule, level 2 Carol; policy B: the schedule. Alice and Bob take daily turns."""
    ids = {name: str(people.add(rest_client, f"{name.title()} C")["id"]) for name in ("alice", "bob", "carol")}
    ids["schedule"] = wired.add(rest_client, wired.layer([ids["alice"], ids["bob"]]))["id"]
    wired.policy(database, [("schedule", ids["schedule"])], [("user", ids["carol"])], name="A", id="PA")
    wired.policy(database, [("schedule", ids["schedule"])], name="B", id="PB")
    return ids


def _asked(client: RestClient, query: str = "") -> list[dict[str, Any]]:
    got = client.get(f"/oncalls?{query}".replace("+", "%2B"))
    assert got.status == 200, got.body
    return list(got.body["oncalls"])


def _dated(query: str) -> str:
    days = {"one": soon(days=1), "two": soon(days=2), "far": soon(days=91)}
    return query.format(**days).replace("+", "%2B")


def _said(found: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(e["escalation_policy"]["id"], e["escalation_level"], e["user"]["summary"]) for e in found]


@pytest.mark.parametrize(
    "query",
    [
        "since={two}&until={one}",
        "until={far}",
        "since=tomorrow",
        "limit=0",
        "offset=9999",
    ],
)
def test_a_window_or_page_that_cannot_be_is_refused(rest_client: RestClient, query: str) -> None:
    assert rest_client.get(f"/oncalls?{_dated(query)}").status == 400


def test_every_level_of_every_policy_has_its_entry(rest_client: RestClient, cast: dict[str, str]) -> None:
    found = _asked(rest_client)
    assert _said(found) in (
        [("PA", 1, "Bob C"), ("PA", 2, "Carol C"), ("PB", 1, "Bob C")],
        [("PA", 1, "Alice C"), ("PA", 2, "Carol C"), ("PB", 1, "Alice C")],
    )
    assert (found[1]["schedule"], found[1]["start"], found[1]["end"]) == (None, None, None)
    assert found[0]["schedule"]["id"] == cast["schedule"]


def test_a_schedule_on_no_policy_never_appears(rest_client: RestClient, cast: dict[str, str]) -> None:
    wired.add(rest_client, wired.layer([cast["carol"]]), name="Spare")
    assert len(_asked(rest_client)) == 3


def test_a_window_tells_whole_shifts_and_earliest_only_the_first_of_each(
    rest_client: RestClient, cast: dict[str, str]
) -> None:
    week = f"escalation_policy_ids[]=PB&since={soon(hours=1)}&until={soon(days=5, hours=1)}"
    found = _asked(rest_client, week)
    assert len(found) == 6
    assert datetime.fromisoformat(found[-1]["end"]) > datetime.fromisoformat(soon(days=5, hours=2))
    assert len(_asked(rest_client, f"{week}&earliest=true")) == 2


def test_filters_choose_users_policies_schedules_and_direct_targets(
    rest_client: RestClient, cast: dict[str, str]
) -> None:
    named = ("escalation_policy_ids[]=PB", f"user_ids[]={cast['carol']}", f"schedule_ids[]={cast['schedule']}")
    found = [_asked(rest_client, query) for query in (*named, "schedule_ids[]=")]
    assert [len(entries) for entries in found] == [1, 1, 2, 1]
    assert found[3][0]["user"]["id"] == cast["carol"]


def test_pages_have_limit_offset_more_and_total(rest_client: RestClient, cast: dict[str, str]) -> None:
    first = rest_client.get("/oncalls?limit=2&total=true").body
    assert (len(first["oncalls"]), first["more"], first["total"]) == (2, True, 3)
    last = rest_client.get("/oncalls?limit=2&offset=2").body
    assert (len(last["oncalls"]), last["more"], last["total"]) == (1, False, None)


def test_include_expands_users_and_schedules(rest_client: RestClient, cast: dict[str, str]) -> None:
    [entry, *_] = _asked(rest_client, "include[]=users&include[]=schedules")
    assert entry["user"]["email"].endswith("@example.com")
    assert entry["schedule"]["schedule_layers"][0]["users"]


def test_an_edit_shows_at_once(rest_client: RestClient, cast: dict[str, str]) -> None:
    _asked(rest_client)
    cover = {"overrides": [wired.override(cast["carol"], soon(), soon(hours=1))]}
    assert rest_client.post(f"/schedules/{cast['schedule']}/overrides", cover).body[0]["status"] == 201
    assert _said(_asked(rest_client, "escalation_policy_ids[]=PB")) == [("PB", 1, "Carol C")]
