"""Extensions: kinds, the whole life, version 2 deliveries, actions on incidents."""

from typing import Any

import pytest

from tests.webhooks.house import House
from tests.webhooks.receiver import Receiver


def test_the_kinds_are_there_with_ids_that_stay(house: House) -> None:
    client = house.acme.client
    listed = client.get("/extension_schemas?total=true").body
    named = {one["label"]: one["id"] for one in listed["extension_schemas"]}
    assert named.keys() >= {"Generic V2 Webhook", "ServiceNow (v7)", "Slack to PagerDuty (Legacy)"}
    got = client.get(f"/extension_schemas/{named['Generic V2 Webhook']}").body["extension_schema"]
    assert "trigger" in got["send_types"]
    assert client.get("/extension_schemas/PNONE").status == 404


def test_an_extension_is_made_read_changed_and_removed_without_a_difference(house: House) -> None:
    client = house.acme.client
    config = {"headers": [{"name": "Authorization", "value": "hunter2"}], "restrict": "any", "n": [1, None]}
    with Receiver() as receiver:
        made = house.extends(receiver, config=config)
        path = f"/extensions/{made['id']}"
        read = client.get(f"{path}?include[]=extension_objects&include[]=extension_schemas").body["extension"]
        assert client.get(path).body["extension"] == made
        assert (made["endpoint_url"], made["config"], made["summary"]) == (receiver.url, config, "Hook")
        assert (read["extension_objects"][0]["name"], read["extension_schema"]["label"]) == (
            "Web",
            "Generic V2 Webhook",
        )
        changed = client.put(path, {"extension": {**made, "name": "Renamed"}}, lenient=True).body["extension"]
        assert changed == client.get(path).body["extension"] == {**made, "name": "Renamed", "summary": "Renamed"}
        assert house.acme.watcher().get(path).body["extension"]["config"]["headers"][0]["value"] == "-- redacted --"
        listed = client.get(f"/extensions?extension_object_id={house.acme.service}&query=renam").body["extensions"]
        assert [one["id"] for one in listed] == [made["id"]]
        assert client.get("/extensions?extension_schema_id=PSLACKL").body["extensions"] == []
        with house.acme.counting() as sent:
            client.get("/extensions")
        assert len([one for one in sent if "extensions" in one or "webhook_" in one or "services" in one]) == 3
    assert client.delete(path).status == 204
    assert {client.get(path).status, client.delete(path).status, client.post(f"{path}/enable", None).status} == {404}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "name"), ({"endpoint_url": ""}, "endpoint_url is required"),
        ({"extension_objects": []}, "extension_objects"),
        ({"extension_objects": [{"id": "PNONE", "type": "service_reference"}]}, "Service PNONE not found"),
        ({"extension_schema": {"id": "PNONE"}}, "Extension schema not found"), ({"config": [1]}, "config"),
        ({"config": {"headers": [{"name": "a b", "value": "c"}]}}, "HTTP header"),
        ({"endpoint_url": "http://192.168.1.1/"}, "not public"),
    ],
)  # fmt: skip
def test_bad_extensions_are_refused_with_what_is_wrong(house: House, wrong: dict[str, Any], said: str) -> None:
    body = {
        "name": "Hook", "endpoint_url": "https://hooks.example.com", "extension_schema": {"id": "PJFWPEP"},
        "extension_objects": [{"id": house.acme.service, "type": "service_reference"}], **wrong,
    }  # fmt: skip
    got = house.acme.client.post("/extensions", {"extension": body}, lenient=True)
    assert (got.status, got.code) == (400, 2001)
    assert said in " ".join(got.errors)


def test_version_2_is_sent_to_the_extensions_of_a_service(house: House) -> None:
    with Receiver() as receiver:
        made = house.extends(receiver, config={"headers": [{"name": "X-Key", "value": "k"}]})
        house.extends(receiver, "PSNOWV7")
        id = house.acme.triggers("disk", custom_details={"free": 0})
        house.acme.becomes(id, status="acknowledged")
        house.acme.becomes(id, assignments=[{"assignee": house.acme.user("bob")}])
        house.acme.becomes(id, status="resolved")
        house.delivers()
    messages = [got.json["messages"] for got in receiver.got]
    assert [one["event"] for (one,) in messages] == [
        f"incident.{name}" for name in ("trigger", "acknowledge", "assign", "resolve")
    ]
    first = messages[0][0]
    assert (first["incident"]["id"], first["incident"]["incident_number"]) == (id, 1)
    assert (first["incident"]["status"], first["incident"]["service"]["name"]) == ("triggered", "Web")
    assert first["log_entries"][0]["channel"]["details"] == {"free": 0}
    assert (first["webhook"]["id"], first["webhook"]["endpoint_url"]) == (made["id"], receiver.url)
    headers = receiver.got[0].headers
    assert (headers["user-agent"], headers["x-key"]) == ("PagerDuty-Webhook/V2.0", "k")
    assert "x-pagerduty-signature" not in headers


def test_details_that_are_too_big_are_left_out(house: House) -> None:
    with Receiver() as receiver:
        house.extends(receiver)
        house.acme.triggers("disk", custom_details={"dump": "x" * 80_000})
        house.delivers()
    (message,) = receiver.got[0].json["messages"]
    assert len(receiver.got[0].body) < 55 * 1024
    assert "details" not in message["log_entries"][0]["channel"]
    assert message["incident"]["title"] == "disk full"


def test_an_extension_that_fails_is_switched_off_and_on_again(house: House) -> None:
    client = house.acme.client
    with Receiver(answers=[404, 404, 404]) as receiver:
        made = house.extends(receiver)
        for n in range(4):
            house.acme.triggers(f"disk{n}")
            house.delivers()
        assert len(receiver.got) == 3
        assert client.get(f"/extensions/{made['id']}").body["extension"]["temporarily_disabled"] is True
        enabled = client.post(f"/extensions/{made['id']}/enable", None)
        assert (enabled.status, enabled.body["extension"]["temporarily_disabled"]) == (200, False)


def test_an_action_on_an_incident_is_sent_and_told(house: House) -> None:
    client = house.acme.client
    with Receiver() as runner, Receiver() as board:
        house.subscribes(board, "incident.action_invocation.created", "incident.action_invocation.terminated")
        action = house.extends(runner, "PCUSTOM", name="Restart")
        id = house.acme.triggers("disk")
        path = f"/tocsin/incidents/{id}/actions"
        assert [one["name"] for one in client.get(path).body["actions"]] == ["Restart"]
        ran = client.post(f"{path}/{action['id']}", {})
        assert ran.status == 202
        assert client.post(f"{path}/PNONE", {}).status == 404
        house.delivers()
    (message,) = runner.got[0].json["messages"]
    assert (message["event"], message["incident"]["id"]) == ("incident.custom", id)
    told = [(one.event["event_type"], one.event["data"]["state"]) for one in board.got]
    assert told == [
        ("incident.action_invocation.created", "created"), ("incident.action_invocation.terminated", "completed"),
    ]  # fmt: skip
    data = board.got[0].event["data"]
    assert (data["id"], data["action"]["summary"]) == (ran.body["action_invocation"]["id"], "Restart")
    assert any("Restart" in (one["channel"].get("summary") or "") for one in house.acme.entries(id))
