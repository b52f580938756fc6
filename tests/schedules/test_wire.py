"""Schedules over the API, every exchange held against the published document."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.accounts import people
from tests.rest_client import RestClient
from tests.schedules import wired
from tests.schedules.wired import DAY, soon
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database


def _cast(client: RestClient, *names: str) -> list[str]:
    return [str(people.add(client, f"{name.title()} A")["id"]) for name in names]


def test_layers_are_sent_lowest_first_and_told_highest_first(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    low, high = wired.layer([alice], name="low"), wired.layer([bob], name="high")
    made = wired.add(rest_client, low, high)
    assert [layer["name"] for layer in made["schedule_layers"]] == ["high", "low"]
    assert [user["summary"] for user in made["users"]] == ["Bob A", "Alice A"]


def test_a_start_in_the_past_means_now_and_the_virtual_start_reads_back(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    [layer] = wired.add(rest_client, wired.layer([alice]), time_zone="Europe/Berlin")["schedule_layers"]
    assert abs(datetime.fromisoformat(layer["start"]).timestamp() - datetime.fromisoformat(soon()).timestamp()) < 30
    assert datetime.fromisoformat(layer["rotation_virtual_start"]) < datetime.fromisoformat(soon(hours=-23))
    assert layer["start"].endswith(("+01:00", "+02:00"))


def test_sending_back_what_was_told_changes_nothing(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    made = wired.add(rest_client, wired.layer([alice, bob], name="low"), wired.layer([bob], name="high"))
    asked = made | {"schedule_layers": made["schedule_layers"][::-1]}
    got = rest_client.put(f"/schedules/{made['id']}", {"schedule": asked}, lenient=True)
    assert (got.status, got.body["schedule"]) == (200, made)


def test_terraform_sends_its_old_starts_again_and_sees_no_change(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    config = [wired.layer([alice], name=name, start="2020-01-01T00:00:00Z") for name in ("low", "high")]
    made = wired.add(rest_client, *config)
    ids = [layer["id"] for layer in made["schedule_layers"][::-1]]
    again = wired.body(*({**layer, "id": id} for layer, id in zip(config, ids, strict=True)))
    assert rest_client.put(f"/schedules/{made['id']}", again).body["schedule"] == made


def test_an_edit_keeps_the_layer_and_new_layers_go_on_top(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    made = wired.add(rest_client, wired.layer([alice]))
    old = made["schedule_layers"][0]["id"]
    asked = wired.body(wired.layer([bob], name="new"), wired.layer([alice, bob], id=old))
    layers = rest_client.put(f"/schedules/{made['id']}", asked).body["schedule"]["schedule_layers"]
    assert [layer["name"] for layer in layers] == ["new", "Layer"]
    assert (layers[1]["id"], len(layers[1]["users"])) == (old, 2)


def test_layers_that_a_change_leaves_out_stay(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    made = wired.add(rest_client, wired.layer([alice]))
    got = rest_client.put(f"/schedules/{made['id']}", {"schedule": {"name": "Renamed"}}, lenient=True).body["schedule"]
    assert (got["name"], got["schedule_layers"]) == ("Renamed", made["schedule_layers"])


def test_without_a_window_nothing_is_rendered(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    got = rest_client.get(f"/schedules/{wired.add(rest_client, wired.layer([alice]))['id']}").body["schedule"]
    nothing = {"rendered_schedule_entries": [], "rendered_coverage_percentage": None}
    assert got["final_schedule"] == {"name": "Final Schedule", **nothing}
    assert got["overrides_subschedule"] == {"name": "Overrides", **nothing}


def test_a_window_renders_layers_overrides_and_the_final_schedule(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    start = soon(days=2)
    id = wired.add(rest_client, wired.layer([alice], start=start, rotation_virtual_start=start))["id"]
    cover = {"overrides": [wired.override(bob, soon(days=2, hours=6), soon(days=2, hours=12))]}
    assert rest_client.post(f"/schedules/{id}/overrides", cover).status == 201
    query = f"since={soon(days=2)}&until={soon(days=3)}".replace("+", "%2B")
    final = rest_client.get(f"/schedules/{id}?{query}").body["schedule"]["final_schedule"]
    assert [entry["user"]["summary"] for entry in final["rendered_schedule_entries"]] == ["Alice A", "Bob A", "Alice A"]
    assert final["rendered_coverage_percentage"] == 100.0


def test_overflow_shows_whole_entries(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    start = soon(days=2)
    id = wired.add(rest_client, wired.layer([alice], start=start, rotation_virtual_start=start))["id"]
    query = f"since={soon(days=2, hours=1)}&until={soon(days=2, hours=2)}&overflow=true".replace("+", "%2B")
    [layer] = rest_client.get(f"/schedules/{id}?{query}").body["schedule"]["schedule_layers"]
    [entry] = layer["rendered_schedule_entries"]
    assert datetime.fromisoformat(entry["start"]) == datetime.fromisoformat(start)


def test_times_are_told_in_the_schedules_zone_or_the_one_asked_for(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    id = wired.add(rest_client, wired.layer([alice]), time_zone="Asia/Tokyo")["id"]
    told = [rest_client.get(f"/schedules/{id}{q}").body["schedule"]["schedule_layers"][0]["start"][-6:]
            for q in ("", "?time_zone=Asia/Kolkata")]  # fmt: skip
    assert told == ["+09:00", "+05:30"]


def test_a_preview_shows_the_past_too_and_saves_nothing(rest_client: RestClient, owner: Bootstrapped) -> None:
    layer = wired.layer([owner.user_id], start="2026-03-28T08:00:00Z", rotation_virtual_start="2026-03-28T08:00:00Z")
    url = "/schedules/preview?since=2026-03-28T08:00:00Z&until=2026-03-31T00:00:00Z"
    got = rest_client.post(url, wired.body(layer, time_zone="Europe/Berlin")).body["schedule"]
    starts = [entry["start"] for entry in got["schedule_layers"][0]["rendered_schedule_entries"]]
    assert starts == ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"]
    assert rest_client.get("/schedules?total=true").body["total"] == 0


def test_the_list_is_found_by_name_and_team_and_shows_parts_on_demand(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Ops"}}).body["team"]["id"]
    wired.add(rest_client, wired.layer([alice]), name="One", teams=[{"id": team, "type": "team_reference"}])
    wired.add(rest_client, wired.layer([alice]), name="Two")
    names = [[s["name"] for s in rest_client.get(f"/schedules?{q}").body["schedules"]] for q in
             ("", "query=tw", f"team_ids[]={team}")]  # fmt: skip
    assert names == [["One", "Two"], ["Two"], ["One"]]
    assert "schedule_layers" not in rest_client.get("/schedules").body["schedules"][0]
    assert rest_client.get("/schedules?include[]=schedule_layers").body["schedules"][0]["schedule_layers"]


def test_the_next_shift_of_a_user_is_told_when_asked_for(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    made = wired.add(rest_client, wired.layer([alice, bob]))
    got = rest_client.get(f"/schedules/{made['id']}?include_next_oncall_for_user={alice}").body["schedule"]
    shift = got["next_oncall_for_user"]
    assert shift["user"]["id"] == alice
    assert shift["start"] > soon()[:19]


def test_the_users_of_a_window_come_in_full(rest_client: RestClient) -> None:
    alice, bob = _cast(rest_client, "alice", "bob")
    id = wired.add(rest_client, wired.layer([alice, bob]))["id"]
    week = f"since={soon()}&until={soon(days=7)}".replace("+", "%2B")
    assert [u["email"] for u in rest_client.get(f"/schedules/{id}/users?{week}").body["users"]] == [
        "alice@example.com", "bob@example.com",
    ]  # fmt: skip
    assert len(rest_client.get(f"/schedules/{id}/users").body["users"]) == 1


def test_policies_that_use_a_schedule_are_named(rest_client: RestClient, database: Database) -> None:
    [alice] = _cast(rest_client, "alice")
    id = wired.add(rest_client, wired.layer([alice]))["id"]
    wired.policy(database, [("user", alice), ("schedule", id)], name="Main")
    got = rest_client.get(f"/schedules/{id}").body["schedule"]["escalation_policies"]
    assert [(policy["summary"], policy["type"]) for policy in got] == [("Main", "escalation_policy_reference")]


def test_a_deleted_schedule_is_gone_and_its_name_free(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    id = wired.add(rest_client, wired.layer([alice]))["id"]
    assert rest_client.delete(f"/schedules/{id}").status == 204
    assert rest_client.get(f"/schedules/{id}").status == 404
    wired.add(rest_client, wired.layer([alice]))


def test_a_team_hands_its_schedules_over(rest_client: RestClient) -> None:
    [alice] = _cast(rest_client, "alice")
    old, new = (rest_client.post("/teams", {"team": {"type": "team", "name": n}}).body["team"]["id"] for n in "AB")
    id = wired.add(rest_client, wired.layer([alice]), teams=[{"id": old, "type": "team_reference"}])["id"]
    assert rest_client.delete(f"/teams/{old}").errors == ["The schedule Primary belongs to the team"]
    assert rest_client.delete(f"/teams/{old}?reassignment_team={new}").status == 204
    assert [team["id"] for team in rest_client.get(f"/schedules/{id}").body["schedule"]["teams"]] == [new]


def test_every_change_leaves_a_record(as_owner: RestClient) -> None:
    [alice] = _cast(as_owner, "alice")
    turns = wired.layer([alice])  # made once: it begins at a second of its own
    made = wired.add(as_owner, turns)
    renamed = wired.body({**turns, "id": made["schedule_layers"][0]["id"]}, name="Renamed")
    as_owner.put(f"/schedules/{made['id']}", renamed)
    records = as_owner.get(f"/schedules/{made['id']}/audit/records").body["records"]
    told = [(r["action"], r["details"]["resource"]["type"]) for r in records]
    assert sorted(told) == [
        ("create", "schedule_layer_reference"), ("create", "schedule_reference"), ("update", "schedule_reference"),
    ]  # fmt: skip


def test_the_schedule_of_the_brief_is_taken_as_printed(rest_client: RestClient) -> None:
    people_of_it = _cast(rest_client, "ann", "ben", "cid", "dee", "eli")
    printed = _printed()
    text = json.dumps(printed)
    for number, id in enumerate(people_of_it, 1):
        text = text.replace(f"PUSER{number}", id)
    got = rest_client.post("/schedules", json.loads(text), lenient=True)
    assert got.status == 201, got.body
    week = f"since={soon()}&until={soon(days=14)}&overflow=true".replace("+", "%2B")
    final = rest_client.get(f"/schedules/{got.body['schedule']['id']}?{week}").body["schedule"]["final_schedule"]
    assert {e["user"]["id"] for e in final["rendered_schedule_entries"]} <= set(people_of_it)
    assert 60 < final["rendered_coverage_percentage"] < 75
    assert got.body["schedule"]["schedule_layers"][0]["rotation_turn_length_seconds"] == 14 * DAY


def _printed() -> dict[str, object]:
    """The schedule that the user's document prints; it is not ours, so it is not always at hand."""
    found = next((Path(__file__).parents[3] / "shared" / "brief").glob("004*.txt"), None)
    if found is None:
        pytest.skip("the user's documents are not at hand")
    text = found.read_text().split("### On-Call Schedule")[1].split("```json")[1].split("```")[0]
    return dict(json.loads(text))
