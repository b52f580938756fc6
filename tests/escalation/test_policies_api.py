"""Escalation policies over the wire: bad input first, then what clients rely on (core:P1-P8)."""

from typing import Any

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import FACTS, TABLES, USES
from tocsin.rest.app import build

BAD = [
    ({"name": ""}, "name should have at least 1 character"),
    ({"name": None}, "name is required"),
    ({"escalation_rules": []}, "escalation_rules should have at least 1 item after validation, not 0"),
    ({"escalation_rules": None}, "escalation_rules is required"),
    ({"num_loops": 10}, "num_loops should be less than or equal to 9"),
    ({"num_loops": "many"}, "num_loops should be a valid integer, unable to parse string as an integer"),
    ({"on_call_handoff_notifications": "never"},
     "on_call_handoff_notifications should be 'if_has_services' or 'always'"),
    ({"escalation_rules": [policies.rule("NOBODY")]}, "User NOBODY Not Found"),
    ({"escalation_rules": [policies.rule(delay=5)]},
     "escalation_rules.0.targets should have at least 1 item after validation, not 0"),
    ({"teams": [{"id": "NONE", "type": "team_reference"}]}, "Team NONE Not Found"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error"), BAD)
def test_a_policy_that_cannot_be_is_refused_on_create_and_change(
    rest_client: RestClient, owner: Bootstrapped, change: dict[str, Any], error: str
) -> None:
    good = policies.body("Ops", policies.rule(owner.user_id))
    got = rest_client.post("/escalation_policies", {"escalation_policy": good["escalation_policy"] | change})
    assert (got.status, got.code, got.errors) == (400, 2001, [error])
    assert rest_client.get("/escalation_policies").body["escalation_policies"] == []


def test_more_than_twenty_levels_or_a_taken_name_or_a_schedule_nobody_knows(
    rest_client: RestClient, owner: Bootstrapped
) -> None:
    policies.add(rest_client, "Ops", policies.rule(owner.user_id))
    taken = policies.body("OPS", policies.rule(owner.user_id))
    assert rest_client.post("/escalation_policies", taken).errors == ["Escalation Policy has already been taken"]
    many = policies.body("Many", *[policies.rule(owner.user_id)] * 21)
    assert rest_client.post("/escalation_policies", many).status == 400
    on_schedule = {"escalation_delay_in_minutes": 5, "targets": [{"id": "PS", "type": "schedule_reference"}]}
    assert rest_client.post("/escalation_policies", policies.body("S", on_schedule)).errors == ["Schedule PS Not Found"]


def test_a_policy_is_created_with_its_levels_in_order(rest_client: RestClient, owner: Bootstrapped) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    made = policies.add(
        rest_client, "Ops", policies.rule(owner.user_id, delay=0), policies.rule(alice, owner.user_id, delay=15),
        num_loops=2, description="first line",
    )  # fmt: skip
    assert [rule["escalation_delay_in_minutes"] for rule in made["escalation_rules"]] == [0, 15]
    assert [target["summary"] for target in made["escalation_rules"][1]["targets"]] == ["Alice", "Olga Owner"]
    assert (made["num_loops"], made["on_call_handoff_notifications"], made["services"]) == (2, "if_has_services", [])


def test_rules_with_a_known_id_keep_it_and_the_rest_is_replaced(rest_client: RestClient, owner: Bootstrapped) -> None:
    made = policies.add(rest_client, "Ops", policies.rule(owner.user_id), policies.rule(owner.user_id, delay=5))
    url, kept = f"/escalation_policies/{made['id']}", made["escalation_rules"][1]["id"]
    new = [policies.rule(owner.user_id, delay=7), policies.rule(owner.user_id, delay=9, id=kept)]
    body = rest_client.put(url, {"escalation_policy": {"escalation_rules": new}}, lenient=True).body[
        "escalation_policy"
    ]
    assert [rule["escalation_delay_in_minutes"] for rule in body["escalation_rules"]] == [7, 9]
    assert body["escalation_rules"][1]["id"] == kept
    assert body["escalation_rules"][0]["id"] != made["escalation_rules"][0]["id"]
    assert body["name"] == "Ops"


def test_the_only_rule_cannot_be_taken_away(rest_client: RestClient, owner: Bootstrapped) -> None:
    made = policies.add(rest_client, "Ops", policies.rule(owner.user_id))
    got = rest_client.put(f"/escalation_policies/{made['id']}", {"escalation_policy": {"escalation_rules": []}}, True)
    assert got.status == 400


@pytest.mark.parametrize("strategy", ["round_robin", {"type": "round_robin"}, [{"type": "round_robin"}]])
def test_the_strategy_is_shown_only_when_asked_for(rest_client: RestClient, owner: Bootstrapped, strategy: Any) -> None:
    rule = policies.rule(owner.user_id, escalation_rule_assignment_strategy=strategy)
    made = rest_client.post("/escalation_policies", policies.body("Ring", rule), lenient=True).body["escalation_policy"]
    assert "escalation_rule_assignment_strategy" not in made["escalation_rules"][0]
    url = f"/escalation_policies/{made['id']}?include[]=escalation_rule_assignment_strategies"
    (shown,) = rest_client.get(url).body["escalation_policy"]["escalation_rules"]
    assert shown["escalation_rule_assignment_strategy"] == {"type": "round_robin"}


def test_includes_and_filters(rest_client: RestClient, owner: Bootstrapped) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    policies.add(rest_client, "Zeta", policies.rule(alice))
    policies.add(rest_client, "Alpha", policies.rule(owner.user_id))
    listed = rest_client.get("/escalation_policies?include[]=targets&sort_by=name:desc").body["escalation_policies"]
    assert [policy["name"] for policy in listed] == ["Zeta", "Alpha"]
    assert listed[0]["escalation_rules"][0]["targets"][0]["email"] == "alice@example.com"
    mine = rest_client.get(f"/escalation_policies?user_ids[]={alice}").body["escalation_policies"]
    assert [policy["name"] for policy in mine] == ["Zeta"]
    assert len(rest_client.get("/escalation_policies?query=alp").body["escalation_policies"]) == 1


def test_who_is_on_a_policy_is_not_deleted(rest_client: RestClient) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    made = policies.add(rest_client, "Ops", policies.rule(alice))
    assert rest_client.delete(f"/users/{alice}").errors == ["The user is on an escalation policy: Ops"]
    assert rest_client.delete(f"/escalation_policies/{made['id']}").status == 204
    assert rest_client.delete(f"/users/{alice}").status == 204
    assert rest_client.get(f"/escalation_policies/{made['id']}").status == 404


def test_a_policy_given_to_a_team_brings_its_people(rest_client: RestClient) -> None:
    alice = people.add(rest_client, "Alice", role="limited_user")["id"]
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Ops"}}).body["team"]["id"]
    other = rest_client.post("/teams", {"team": {"type": "team", "name": "New"}}).body["team"]["id"]
    policy = policies.add(rest_client, "Ops", policies.rule(alice))["id"]
    assert rest_client.put(f"/teams/{team}/escalation_policies/{policy}").status == 204
    assert rest_client.get(f"/teams/{team}/members").body["members"][0]["user"]["id"] == alice
    got = rest_client.delete(f"/teams/{team}/users/{alice}")
    assert got.errors == ["User cannot be removed as they belong to an escalation policy on this team"]
    assert (rest_client.delete(f"/teams/{team}").status, rest_client.delete(f"/teams/{team}").code) == (400, 6006)
    assert rest_client.delete(f"/teams/{team}?reassignment_team={other}").status == 204
    shown = rest_client.get(f"/escalation_policies/{policy}?include[]=teams").body["escalation_policy"]
    assert [one["name"] for one in shown["teams"]] == ["New"]
    assert rest_client.delete(f"/teams/{other}/escalation_policies/{policy}").status == 204


def test_only_schedules_that_their_port_knows_can_be_targets(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    facts = FACTS | {"schedule": lambda conn, ids: {id: {"summary": "Primary"} for id in ids if id == "PS"}}
    settings, authenticate = Settings(api_rate_limit=0), rest_client.app.dispatcher.authenticate
    client = RestClient(build(TABLES, database, settings, authenticate, facts, USES), owner.api_key)
    rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": "PS", "type": "schedule"}]}
    (target,) = policies.add(client, "Ops", rule)["escalation_rules"][0]["targets"]
    assert (target["type"], target["id"]) == ("schedule_reference", "PS")


def test_a_change_of_rules_is_on_record(rest_client: RestClient, owner: Bootstrapped) -> None:
    made = policies.add(rest_client, "Ops", policies.rule(owner.user_id))
    url = f"/escalation_policies/{made['id']}"
    rest_client.put(url, {"escalation_policy": {"escalation_rules": made["escalation_rules"], "num_loops": 0}}, True)
    rest_client.put(url, {"escalation_policy": {"num_loops": 3}}, lenient=True)
    records = rest_client.get(f"{url}/audit/records").body["records"]
    assert [record["action"] for record in records] == ["update", "create"]
    assert records[0]["details"]["fields"] == [{"name": "num_loops", "value": "3", "before_value": "0"}]
