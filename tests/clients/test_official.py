"""PyPI's `pagerduty`, the official client, as it is, against a running server."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pagerduty
import pytest

from tests.clients.conftest import OWNER, Account, Way
from tests.clients.terraform.made import unique

Client = pagerduty.RestApiV2Client


@pytest.fixture(scope="module")
def client(account: Account) -> Client:
    """With the account's key, on behalf of the owner."""
    client = Client(account.owner.api_key, default_from=OWNER)
    client._url = account.base  # its `base_url` takes https alone
    return client


@pytest.fixture(scope="module")
def events(account: Account, way: Way) -> pagerduty.EventsApiV2Client:
    """With the service's key."""
    client = pagerduty.EventsApiV2Client(way.key)
    client._url = account.base
    return client


def eventually(look: Callable[[], object], seconds: float = 15) -> None:
    """`look` becomes true in real time: events are taken at once and decided a moment later."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def user(client: Client, **more: object) -> dict[str, object]:
    """A new user."""
    name = unique("user")
    return client.rpost("users", json={"type": "user", "name": name, "email": f"{name}@example.com", **more})


def test_it_walks_through_every_page_of_both_kinds(client: Client) -> None:
    made = {user(client)["id"] for _ in range(5)}
    listed = [one["id"] for one in client.iter_all("users", page_size=2)]
    assert made <= set(listed)
    assert len(listed) == len(set(listed)) == client.get_total("users")
    by_id = client.dict_all("users")
    assert {by_id[id]["id"] for id in made} == made
    records = list(client.iter_cursor("audit/records", params={"limit": 3}))
    assert len({one["id"] for one in records}) == len(records) > 5


def test_it_walks_through_the_history_of_log_entries(client: Client, way: Way) -> None:
    now = datetime.now(UTC)
    opened = client.rpost("incidents", json=_incident(way, unique("history")))
    entries = list(client.iter_history("log_entries", now - timedelta(minutes=5), now + timedelta(minutes=5)))
    assert opened["id"] in {entry["incident"]["id"] for entry in entries}


def _incident(way: Way, title: str) -> dict[str, object]:
    service = {"id": way.service, "type": "service_reference"}
    return {"type": "incident", "title": title, "service": service, "urgency": "low"}


def test_it_finds_persists_and_follows_self(client: Client) -> None:
    team = client.persist("teams", "name", {"type": "team", "name": unique("team"), "description": "One"})
    again = client.persist("teams", "name", {"name": team["name"], "description": "Two"}, update=True)
    assert (again["id"], again["description"]) == (team["id"], "Two")
    assert client.find("teams", team["name"], attribute="name")["id"] == team["id"]
    assert client.rget(team["self"])["description"] == "Two"
    assert client.rput(team, json={"name": team["name"], "description": None})["description"] is None
    client.rdelete(team)
    with pytest.raises(pagerduty.HttpError) as caught:
        client.rget(team["self"])
    assert caught.value.response.status_code == 404


def test_it_builds_a_team_on_call_from_nothing(client: Client) -> None:
    team = client.rpost("teams", json={"type": "team", "name": unique("team")})
    alice, bob = user(client), user(client, role="limited_user")
    client.put(f"{team['self']}/users/{bob['id']}", json={"role": "responder"}).raise_for_status()
    assert [one["role"] for one in client.list_all(f"{team['self']}/members")] == ["responder"]
    method = client.rpost(
        f"{alice['self']}/contact_methods",
        json={"type": "sms_contact_method_reference", "label": "Mobile", "address": "2025550143", "country_code": 1},
    )
    rule = {
        "type": "assignment_notification_rule",
        "start_delay_in_minutes": 2,
        "urgency": "high",
        "contact_method": method,
    }
    assert client.rpost(f"{alice['self']}/notification_rules", json=rule)["contact_method"]["type"] == method["type"]
    shown = client.rget(alice["self"], params={"include[]": ["contact_methods", "notification_rules", "teams"]})
    assert {one["type"] for one in shown["contact_methods"]} == {"email_contact_method", "sms_contact_method"}
    assert 2 in {one["start_delay_in_minutes"] for one in shown["notification_rules"]}


def test_it_overrides_a_schedule_and_reads_who_is_on_call(client: Client) -> None:
    alice, bob = user(client), user(client)
    began = "2026-01-05T09:00:00Z"
    layer = {"start": began, "rotation_virtual_start": began, "rotation_turn_length_seconds": 86400,
             "users": [{"user": alice}]}  # fmt: skip
    schedule = client.rpost("schedules", json={"name": unique("s"), "time_zone": "UTC", "schedule_layers": [layer]})
    now = datetime.now(UTC)
    override = {"start": now.isoformat(), "end": (now + timedelta(hours=2)).isoformat(), "user": bob}
    made = client.post(f"/schedules/{schedule['id']}/overrides", json={"overrides": [override]})
    assert [one["status"] for one in made.json()] == [201]
    rule = {"escalation_delay_in_minutes": 30, "targets": [schedule]}
    policy = client.rpost("escalation_policies", json={"name": unique("p"), "escalation_rules": [rule]})
    found = client.list_all("oncalls", params={"escalation_policy_ids[]": [policy["id"]], "include[]": ["users"]})
    assert [(one["user"]["id"], one["user"]["email"]) for one in found] == [(bob["id"], bob["email"])]


def test_it_opens_notes_snoozes_and_resolves_an_incident(client: Client, way: Way) -> None:
    incident = client.rpost("incidents", json=_incident(way, unique("disk full")))
    note = client.rpost(f"{incident['self']}/notes", json={"content": "Looking"})
    assert (note["content"], note["user"]["type"]) == ("Looking", "user_reference")
    acked = client.rput(incident["self"], json={"type": "incident_reference", "status": "acknowledged"})
    assert acked["status"] == "acknowledged"
    snoozed = client.post(f"{incident['self']}/snooze", json={"duration": 3600}).json()["incident"]
    assert snoozed["pending_actions"][0]["type"] == "unacknowledge"
    other = client.rpost("incidents", json=_incident(way, unique("other")))
    merged = client.put(
        f"{incident['self']}/merge", json={"source_incidents": [{"id": other["id"], "type": "incident_reference"}]}
    )
    assert merged.status_code == 200
    (done,) = client.rput("incidents", json=[{"id": incident["id"], "type": "incident", "status": "resolved"}])
    assert (done["status"], client.rget(other["self"])["status"]) == ("resolved", "resolved")


def test_its_events_open_and_close_an_alert(client: Client, events: pagerduty.EventsApiV2Client, way: Way) -> None:
    summary = unique("cpu")
    key = events.trigger(summary, "db-1", severity="error", custom_details={"load": 99})

    def state(status: str) -> bool:
        found = client.list_all("incidents", params={"service_ids[]": [way.service], "statuses[]": [status]})
        return summary in {one["title"] for one in found}

    eventually(lambda: state("triggered"))
    assert events.acknowledge(key) == key
    eventually(lambda: state("acknowledged"))
    assert events.resolve(key) == key
    eventually(lambda: state("resolved"))


def test_its_change_events_stand_with_the_service(
    client: Client, events: pagerduty.EventsApiV2Client, way: Way
) -> None:
    summary = unique("deployed")
    events.submit(
        summary,
        "ci",
        {"build": 17},
        [{"href": "https://ci.example.com/17", "text": "Build"}],
        timestamp="2026-11-21T03:12:00Z",
    )
    eventually(lambda: summary in {one["summary"] for one in client.iter_all(f"services/{way.service}/change_events")})


def test_it_knows_what_kind_of_key_it_has_and_whose(client: Client, account: Account) -> None:
    mine = Client(account.owner.user_api_key)
    mine._url = account.base
    assert (client.api_key_access, mine.api_key_access) == ("account", "user")
    assert (mine.subdomain, mine.rget("users/me")["email"]) == ("tocsin", OWNER)
    assert client.account_has_ability("teams")
    with pytest.raises(pagerduty.HttpError, match="Invalid or unknown ability"):
        client.account_has_ability("no_such_ability")


def test_it_is_told_what_is_wrong_in_its_own_error(client: Client, way: Way) -> None:
    with pytest.raises(pagerduty.HttpError, match="400") as caught:
        client.rpost("services", json={"name": unique("x")})
    assert caught.value.response.json()["error"]["errors"] == ["escalation_policy is required"]
    stranger = Client("x" * 20)
    stranger._url = client._url
    with pytest.raises(pagerduty.HttpError, match="401"):
        stranger.rget("users")
