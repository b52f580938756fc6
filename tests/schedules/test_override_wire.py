"""Overrides over the API."""

from datetime import datetime
from typing import Any

from tests.accounts import people
from tests.rest_client import Reply, RestClient
from tests.schedules import wired
from tests.schedules.wired import override, soon


def _schedule(client: RestClient) -> tuple[str, str, str]:
    """(the schedule's path, its one user, somebody else)"""
    alice, bob = (str(people.add(client, f"{name} A")["id"]) for name in ("Alice", "Bob"))
    return f"/schedules/{wired.add(client, wired.layer([alice]))['id']}", alice, bob


def _make(client: RestClient, at: str, *overrides: dict[str, object]) -> Reply:
    return client.post(f"{at}/overrides", {"overrides": list(overrides)})


def _listed(client: RestClient, at: str, more: str = "") -> list[dict[str, Any]]:
    query = f"since={soon(days=-3)}&until={soon(days=9)}{more}".replace("+", "%2B")
    return list(client.get(f"{at}/overrides?{query}").body["overrides"])


def test_one_bad_item_of_a_list_does_not_undo_the_others(rest_client: RestClient) -> None:
    at, _, bob = _schedule(rest_client)
    bad = override(bob, soon(days=2), soon(days=1))
    got = _make(rest_client, at, bad, override(bob, soon(days=1), soon(days=2)), override("PNO", soon(), soon(days=1)))
    assert got.status == 201
    assert [item["status"] for item in got.body] == [400, 201, 400]
    assert got.body[0] == {"status": 400, "errors": ["Override must end after its start"], "override": bad}
    assert got.body[2]["errors"] == ["User PNO Not Found"]
    assert [item["id"] for item in _listed(rest_client, at)] == [got.body[1]["override"]["id"]]


def test_a_single_override_is_wrapped_and_a_bad_one_is_400(rest_client: RestClient) -> None:
    at, _, bob = _schedule(rest_client)
    got = rest_client.send("POST", f"{at}/overrides", {"override": override(bob, soon(days=2), soon(days=1))})
    assert (got.status, got.errors) == (400, ["Override must end after its start"])


def test_a_start_in_the_past_means_now_and_one_that_is_over_is_refused(rest_client: RestClient) -> None:
    at, _, bob = _schedule(rest_client)
    past, running = override(bob, soon(days=-2), soon(days=-1)), override(bob, soon(days=-2), soon(days=1))
    got = _make(rest_client, at, past, running).body
    assert [item["status"] for item in got] == [400, 201]
    began = datetime.fromisoformat(got[1]["override"]["start"])
    assert abs(began.timestamp() - datetime.fromisoformat(soon()).timestamp()) < 30


def test_the_override_created_last_wins_and_both_are_kept(rest_client: RestClient) -> None:
    at, alice, bob = _schedule(rest_client)
    for user in (alice, bob):
        _make(rest_client, at, override(user, soon(hours=1), soon(hours=2)))
    query = f"since={soon(hours=1, minutes=1)}&until={soon(hours=1, minutes=2)}".replace("+", "%2B")
    shown = rest_client.get(f"{at}?{query}").body["schedule"]
    assert [e["user"]["id"] for e in shown["final_schedule"]["rendered_schedule_entries"]] == [bob]
    assert len(shown["overrides_subschedule"]["rendered_schedule_entries"]) == 2


def test_deleting_removes_what_is_to_come_ends_what_runs_and_keeps_what_is_over(rest_client: RestClient) -> None:
    at, _, bob = _schedule(rest_client)
    to_come, running = override(bob, soon(hours=1), soon(hours=2)), override(bob, soon(), soon(hours=9))
    made = _make(rest_client, at, to_come, running).body
    first, second = (f"{at}/overrides/{item['override']['id']}" for item in made)
    assert [rest_client.delete(path).status for path in (first, first, second)] == [204, 404, 200]
    got = rest_client.delete(second)
    assert (got.status, got.errors) == (400, ["Override is over and cannot be removed"])


def test_editable_lists_only_the_ids_of_those_to_come(rest_client: RestClient) -> None:
    at, _, bob = _schedule(rest_client)
    to_come, running = override(bob, soon(hours=1), soon(hours=2)), override(bob, soon(), soon(hours=9))
    made = _make(rest_client, at, to_come, running).body
    query = f"since={soon()}&until={soon(days=9)}&editable=true".replace("+", "%2B")
    got = rest_client.send("GET", f"{at}/overrides?{query}", None, lenient=True)
    assert got.body["overrides"] == [{"id": made[0]["override"]["id"]}]


def test_taking_someone_off_the_layers_keeps_his_override(rest_client: RestClient) -> None:
    at, alice, bob = _schedule(rest_client)
    _make(rest_client, at, override(alice, soon(hours=1), soon(hours=2)))
    layer = rest_client.get(at).body["schedule"]["schedule_layers"][0]["id"]
    assert rest_client.put(at, wired.body(wired.layer([bob], id=layer))).status == 200
    [kept] = _listed(rest_client, at)
    assert kept["user"]["id"] == alice
    assert rest_client.delete(f"/users/{alice}").errors == ["The user is on the schedule Primary"]


def test_an_override_of_another_schedule_is_not_found(rest_client: RestClient) -> None:
    at, alice, bob = _schedule(rest_client)
    other = wired.add(rest_client, wired.layer([alice]), name="Other")["id"]
    made = _make(rest_client, at, override(bob, soon(hours=1), soon(hours=2))).body[0]["override"]["id"]
    assert rest_client.delete(f"/schedules/{other}/overrides/{made}").status == 404
