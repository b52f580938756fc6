"""Maintenance windows over the wire: bad input first, then what clients rely on (core:W1-W5, core:I133, core:G-73)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import RestClient
from tests.services.test_services_api import add
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.rest.times import text

URL = "/maintenance_windows"


@pytest.fixture
def shop(rest_client: RestClient, owner: Bootstrapped) -> str:
    policy = policies.add(rest_client, "Ops", policies.rule(owner.user_id))["id"]
    return str(add(rest_client, policy, "Shop")["id"])


def at(minutes: float) -> str:
    """Minutes from now, as clients write instants."""
    return text(real_now() + timedelta(minutes=minutes))


def body(services: list[str], start: float = 60, end: float = 120, **more: Any) -> dict[str, Any]:
    refs = [{"id": id, "type": "service_reference"} for id in services]
    window = {"type": "maintenance_window", "start_time": at(start), "end_time": at(end), "services": refs, **more}
    return {"maintenance_window": window}


def plan(client: RestClient, services: list[str], start: float = 60, end: float = 120, **more: Any) -> dict[str, Any]:
    got = client.post(URL, body(services, start, end, **more))
    assert got.status == 201, got.body
    return dict(got.body["maintenance_window"])


def test_a_window_that_cannot_be_is_refused(rest_client: RestClient, shop: str) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"start_time": None}, "start_time is required"),
        ({"end_time": "tomorrow"}, "end_time is not a valid ISO 8601 time"),
        ({"end_time": 7}, "end_time is not a valid ISO 8601 time"),
        ({"end_time": at(-1)}, "End time must be in the future"),
        ({"end_time": at(59)}, "End time must be after the start time"),
        ({"services": []}, "services should have at least 1 item"),
        ({"services": None}, "services is required"),
        ({"services": [{"id": "PNONE", "type": "service"}]}, "Service PNONE Not Found"),
        ({"description": "x" * 10_001}, "description should have at most 10000 characters"),
    ]
    for change, error in wrong:
        got = rest_client.post(URL, {"maintenance_window": body([shop])["maintenance_window"] | change}, lenient=True)
        assert (got.status, got.code, got.errors[0][: len(error)]) == (400, 2001, error)
    assert rest_client.get(URL).body["maintenance_windows"] == []


def test_an_account_key_need_not_say_who_plans_it(rest_client: RestClient, shop: str) -> None:
    got = rest_client.as_key(rest_client.key).post(URL, body([shop]))
    assert (got.status, got.body["maintenance_window"]["created_by"]) == (201, None)


def test_a_window_comes_back_as_it_was_planned(rest_client: RestClient, shop: str, owner: Bootstrapped) -> None:
    sent = body([shop, shop], 60, 120, description="Deploy")
    made = rest_client.post(URL, sent).body["maintenance_window"]
    assert {name: made[name] for name in ("start_time", "end_time")}.items() <= sent["maintenance_window"].items()
    assert (made["description"], made["summary"], made["teams"]) == ("Deploy", "Deploy", [])
    (service,) = made["services"]
    assert (service["id"], service["type"], service["summary"]) == (shop, "service_reference", "Shop")
    assert (made["created_by"]["id"], made["created_by"]["type"]) == (owner.user_id, "user_reference")
    assert rest_client.get(f"{URL}/{made['id']}").body["maintenance_window"] == made
    assert plan(rest_client, [shop])["sequence_number"] == made["sequence_number"] + 1
    assert rest_client.get(f"{URL}/PNONE").status == 404


def test_what_begins_in_the_past_begins_now(rest_client: RestClient, shop: str) -> None:
    made = plan(rest_client, [shop], -60, 60)
    assert abs(datetime.fromisoformat(made["start_time"]) - real_now()) < timedelta(seconds=30)
    assert made["description"] == ""


def test_before_it_begins_everything_can_be_changed(rest_client: RestClient, shop: str) -> None:
    url = f"{URL}/{plan(rest_client, [shop], description='Deploy')['id']}"
    sent = body([shop], 30, 45, description="Later", sequence_number=99, created_by=None)
    changed = rest_client.put(url, sent, lenient=True).body["maintenance_window"]
    assert (changed["start_time"], changed["description"]) == (sent["maintenance_window"]["start_time"], "Later")
    part = rest_client.put(url, {"maintenance_window": {"end_time": at(90)}}, lenient=True).body["maintenance_window"]
    assert (part["start_time"], part["description"]) == (changed["start_time"], "Later")
    got = rest_client.put(url, {"maintenance_window": {"end_time": at(10)}}, lenient=True)
    assert (got.status, got.errors) == (400, ["End time must be after the start time"])


def test_one_under_way_keeps_its_beginning_and_ends_with_delete(rest_client: RestClient, shop: str) -> None:
    made = plan(rest_client, [shop], -1, 60)
    url = f"{URL}/{made['id']}"
    changed = rest_client.put(url, body([shop], 10, 20, description="x")).body["maintenance_window"]
    assert (changed["start_time"], changed["end_time"]) == (made["start_time"], at(20))
    got = rest_client.put(url, body([shop], -10, -5))
    assert (got.status, got.errors[0]) == (400, "End time must be in the future")
    assert rest_client.get(f"/services/{shop}").body["service"]["status"] == "maintenance"
    assert rest_client.delete(url).status == 204
    assert rest_client.get(f"/services/{shop}").body["service"]["status"] == "active"
    assert rest_client.get(url).body["maintenance_window"]["end_time"] <= at(0)


def test_one_that_is_over_stays_as_it_was(rest_client: RestClient, shop: str) -> None:
    url = f"{URL}/{plan(rest_client, [shop], -1, 60)['id']}"
    rest_client.delete(url)
    gone = rest_client.delete(url)
    assert (gone.status, gone.code) == (405, 5003)
    again = rest_client.put(url, body([shop], 1, 2))
    assert (again.status, again.code) == (400, 5003)


def test_one_that_is_to_come_is_removed(rest_client: RestClient, shop: str) -> None:
    url = f"{URL}/{plan(rest_client, [shop])['id']}"
    assert rest_client.delete(url).status == 204
    assert [rest_client.get(url).status, rest_client.delete(url).status] == [404, 404]
    assert rest_client.put(url, body([shop])).status == 404


def test_filters_of_the_list(rest_client: RestClient, shop: str, owner: Bootstrapped) -> None:
    policy = policies.add(rest_client, "Team", policies.rule(owner.user_id))["id"]
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Web"}}).body["team"]["id"]
    rest_client.put(f"/teams/{team}/escalation_policies/{policy}")
    other = add(rest_client, policy, "Mail")["id"]
    over = plan(rest_client, [shop], -1, 60, description="over")["id"]
    rest_client.delete(f"{URL}/{over}")
    plan(rest_client, [shop, other], -1, 60, description="now 100%")
    plan(rest_client, [other], 60, 90, description="soon")
    expected = {
        "": ["over", "now 100%", "soon"], "filter=all": ["over", "now 100%", "soon"], "filter=past": ["over"],
        "filter=ongoing": ["now 100%"], "filter=future": ["soon"], "filter=open": ["now 100%", "soon"],
        "query=00%25": ["now 100%"], "query=SOON": ["soon"], "query=%25": ["now 100%"],
        f"service_ids[]={shop}": ["over", "now 100%"], f"service_ids[]={other}&filter=future": ["soon"],
        f"team_ids[]={team}": ["now 100%", "soon"], "team_ids[]=PNONE": [], "limit=1&offset=1": ["now 100%"],
    }  # fmt: skip
    for query, found in expected.items():
        assert [one["description"] for one in rest_client.get(f"{URL}?{query}").body["maintenance_windows"]] == found
    assert rest_client.get(f"{URL}?filter=never").status == 400


def test_what_a_window_names_can_be_included(rest_client: RestClient, shop: str) -> None:
    plan(rest_client, [shop])
    includes = "include[]=teams&include[]=services&include[]=users"
    (found,) = rest_client.get(f"{URL}?{includes}").body["maintenance_windows"]
    assert (found["services"][0]["type"], found["created_by"]["type"]) == ("service", "user")


def test_a_removed_service_stays_in_its_windows(rest_client: RestClient, shop: str) -> None:
    made = plan(rest_client, [shop])
    rest_client.delete(f"/services/{shop}")
    (kept,) = rest_client.get(f"{URL}/{made['id']}").body["maintenance_window"]["services"]
    assert (kept["id"], kept["self"]) == (shop, None)
    assert rest_client.put(f"{URL}/{made['id']}", body([shop], 10, 20)).status == 200


def test_nothing_opens_by_request_on_a_service_in_maintenance(rest_client: RestClient, shop: str) -> None:
    made = plan(rest_client, [shop], -1, 60)
    asked = {"incident": {"type": "incident", "title": "x", "service": {"id": shop, "type": "service_reference"}}}
    got = rest_client.post("/incidents", asked)
    assert (got.status, got.code) == (400, 2001)
    assert got.errors == [f"Shop is in maintenance until {made['end_time']}"]
    rest_client.delete(f"{URL}/{made['id']}")
    assert rest_client.post("/incidents", asked).status == 201


def test_services_that_one_may_not_see_are_left_out_and_guarded(
    rest_client: RestClient, database: Database, shop: str, owner: Bootstrapped
) -> None:
    policy = policies.add(rest_client, "Vault", policies.rule(owner.user_id))["id"]
    hidden = add(rest_client, policy, "Vault")["id"]
    team = rest_client.post("/teams", {"team": {"name": "Vault", "default_role": "none"}}, lenient=True).body["team"]
    rest_client.put(f"/teams/{team['id']}/escalation_policies/{policy}")
    both, alone = plan(rest_client, [shop, hidden])["id"], plan(rest_client, [hidden])["id"]
    user = rest_client.as_key(people.key_of(database, people.add(rest_client, "Ursula", role="user")["id"]))
    (listed,) = user.get(URL).body["maintenance_windows"]
    assert ([one["id"] for one in listed["services"]], listed["teams"]) == ([shop], [])
    assert [user.get(f"{URL}/{id}").status for id in (both, alone)] == [200, 404]
    assert [user.delete(f"{URL}/{both}").status, user.put(f"{URL}/{both}", body([shop])).status] == [404, 404]
    assert user.post(URL, body([hidden])).status == 404
    own = plan(user, [shop])["id"]
    assert user.put(f"{URL}/{own}", body([shop, hidden])).status == 404
    assert user.delete(f"{URL}/{own}").status == 204


def test_a_list_takes_three_statements_and_one_more_for_each_include(
    rest_client: RestClient, database: Database, shop: str
) -> None:
    for _ in range(4):
        plan(rest_client, [shop])
    app = rest_client.app.dispatcher.database
    counted: list[str] = []
    event.listen(app.readers, "before_cursor_execute", lambda *args: counted.append(args[2]))
    rest_client.get(URL)
    own = [sql for sql in counted if "maintenance_windows" in sql or " IN (" in sql or "ANY" in sql]
    assert len(own) <= 3, own
