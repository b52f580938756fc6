"""From what happens to what a receiver gets: over real HTTP, in order, signed."""

import json

from tests.webhooks.house import House
from tests.webhooks.receiver import Receiver, signed
from tocsin.webhooks.model import Delivered


def test_everything_that_happens_to_an_incident_arrives_in_order_and_signed(house: House) -> None:
    with Receiver() as receiver:
        made = house.subscribes(receiver, headers=[{"name": "X-Team", "value": "blue"}])
        id = house.acme.triggers("disk", client="Sensu")
        house.acme.becomes(id, status="acknowledged")
        house.acme.client.post(f"/incidents/{id}/notes", {"note": {"content": "Looking"}})
        house.acme.becomes(id, priority={"id": "P1", "type": "priority_reference"})
        house.acme.becomes(id, status="resolved")
        outcomes = house.delivers()
    assert all(isinstance(one, Delivered) for one in outcomes)
    assert receiver.types == [f"incident.{name}" for name in (
        "triggered", "acknowledged", "annotated", "priority_updated", "resolved",
    )]  # fmt: skip
    assert all(signed(got, [made["delivery_method"]["secret"]]) for got in receiver.got)
    assert house.due() is None
    headers = receiver.got[0].headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "PagerDuty-Webhook/V3.0"
    assert (headers["x-webhook-subscription"], headers["x-team"]) == (made["id"], "blue")
    assert len({got.headers["x-webhook-id"] for got in receiver.got}) == 5


def test_the_envelope_is_that_of_version_3(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
        house.acme.sends("disk", client="Sensu")
        id = house.acme.client.get("/incidents").body["incidents"][0]["id"]
        house.acme.becomes(id, status="acknowledged")
        house.delivers()
    triggered, acknowledged = (got.event for got in receiver.got)
    assert triggered.keys() == {
        "id", "event_type", "resource_type", "occurred_at", "agent", "client", "data"
    }  # fmt: skip
    assert (triggered["resource_type"], triggered["agent"]["type"]) == ("incident", "service_reference")
    data = triggered["data"]
    assert (data["number"], data["status"], data["urgency"]) == (1, "triggered", "high")
    assert [one["id"] for one in data["assignees"]] == [house.acme.people["alice"]]
    assert data["self"] == f"https://tocsin.example.com/incidents/{id}"
    assert data["html_url"] == f"https://tocsin.example.com/app/incidents/{id}"
    assert data.keys() >= {"teams", "priority", "conference_bridge", "resolve_reason", "reopened_at", "incident_key"}
    assert not data.keys() & {"incident_number", "assignments", "alert_counts", "log_entries"}
    assert acknowledged["agent"]["id"] == house.acme.people["alice"]
    assert acknowledged["client"] is None


def test_what_was_late_is_told_as_it_stood_when_it_happened(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
        id = house.acme.triggers("disk")
        house.acme.becomes(id, status="acknowledged", title="Disk of db1")
        house.acme.becomes(id, assignments=[{"assignee": house.acme.user("carol")}])
        house.acme.becomes(id, status="resolved", urgency="high")
        house.acme.becomes(id, status="acknowledged")
        house.acme.becomes(id, title="Disk of db1, again")
        house.delivers()
    stood = [(got.event["event_type"].partition(".")[2], got.event["data"]) for got in receiver.got]
    people = {id: name for name, id in house.acme.people.items()}
    assert [(n, d["status"], d["title"], [people[a["id"]] for a in d["assignees"]]) for n, d in stood] == [
        ("triggered", "triggered", "disk full", ["alice"]), ("acknowledged", "acknowledged", "Disk of db1", ["alice"]),
        ("reassigned", "triggered", "Disk of db1", ["carol"]), ("resolved", "resolved", "Disk of db1", []),
        ("reopened", "acknowledged", "Disk of db1", ["alice"]),
    ]  # fmt: skip


def test_one_incidents_head_holds_up_its_own_queue_alone(house: House) -> None:
    with Receiver(answers=[503]) as receiver:
        made = house.subscribes(receiver)
        id = house.acme.triggers("disk")
        house.delivers()
        house.acme.becomes(id, status="acknowledged")
        house.acme.triggers("cpu")
        house.delivers()
        assert receiver.types == ["incident.triggered", "incident.triggered"]
        house.later(seconds=7)
        house.delivers()
    assert receiver.types[2:] == ["incident.triggered", "incident.acknowledged"]
    first, again = receiver.got[0], receiver.got[2]
    assert (first.headers["x-webhook-id"], first.body) == (again.headers["x-webhook-id"], again.body)
    assert [one["attempts"] for one in reversed(house.log(made["id"]))] == [2, 1, 1]


def test_a_service_filter_and_a_team_filter_bring_their_own_alone(house: House) -> None:
    client = house.acme.client
    team = client.post("/teams", {"team": {"type": "team", "name": "Blue"}}).body["team"]["id"]
    with Receiver() as ours, Receiver() as theirs, Receiver() as other:
        house.subscribes(ours, filter={"id": house.acme.service, "type": "service_reference"})
        house.subscribes(theirs, filter={"id": team, "type": "team_reference"})
        house.subscribes(other, "incident.resolved")
        house.acme.triggers("disk")
        house.delivers()
        assert (ours.types, theirs.types, other.types) == (["incident.triggered"], [], [])
        client.put(f"/teams/{team}/escalation_policies/{house.acme.policy}")
        house.acme.triggers("cpu")
        house.delivers()
        assert (len(ours.got), theirs.types) == (2, ["incident.triggered"])
        assert [one["summary"] for one in theirs.got[0].event["data"]["teams"]] == ["Blue"]
        assert ours.got[1].event["id"] == theirs.got[0].event["id"]
        assert ours.got[1].headers["x-webhook-id"] != theirs.got[0].headers["x-webhook-id"]


def test_changes_of_services_are_told(house: House) -> None:
    client = house.acme.client
    with Receiver() as receiver:
        house.subscribes(receiver)
        body = {"type": "service", "name": "Cart", "escalation_policy": {
            "id": house.acme.policy, "type": "escalation_policy_reference"}}  # fmt: skip
        id = client.post("/services", {"service": body}).body["service"]["id"]
        client.put(f"/services/{id}", {"service": {"type": "service", "name": "Basket"}}, lenient=True)
        client.delete(f"/services/{id}")
        house.delivers()
    assert receiver.types == ["service.created", "service.updated", "service.deleted"]
    event = receiver.got[1].event
    assert (event["resource_type"], event["data"]["id"], event["data"]["summary"]) == ("service", id, "Basket")
    assert event["data"].keys() >= {"alert_creation", "teams", "self", "html_url"}


def test_notes_and_bridges_have_data_of_their_own(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver, "incident.annotated", "incident.conference_bridge.updated")
        id = house.acme.triggers("disk")
        note = house.acme.client.post(f"/incidents/{id}/notes", {"note": {"content": "x" * 60_000}}).body["note"]
        bridge = {"conference_number": "+1 415 555 0100", "conference_url": "https://meet.example.com/1"}
        house.acme.becomes(id, conference_bridge=bridge)
        house.delivers()
    noted, bridged = (got.event["data"] for got in receiver.got)
    assert (noted["type"], noted["id"], noted["trimmed"]) == ("incident_note", note["id"], True)
    assert 5000 < len(noted["content"]) < 55 * 1024
    assert noted["incident"]["id"] == id
    assert (bridged["conference_url"], len(bridged["conference_numbers"])) == ("https://meet.example.com/1", 1)


def test_the_signature_has_every_secret_while_one_is_turned_over(house: House) -> None:
    client = house.acme.client
    with Receiver() as receiver:
        made = house.subscribes(receiver)
        own, old = f"/tocsin/webhook_subscriptions/{made['id']}/secrets", made["delivery_method"]["secret"]
        new = client.post(own, {}).body["secret"]["secret"]
        assert client.post(f"/webhook_subscriptions/{made['id']}/ping", None).status == 202
        house.delivers()
        listed = client.get(own).body["secrets"]
        assert [one["ends_in"] for one in listed] == [new[-4:], old[-4:]]
        assert client.delete(f"{own}/{listed[1]['id']}").status == 204
        assert client.delete(f"{own}/{listed[0]['id']}").status == 400
        client.post(f"/webhook_subscriptions/{made['id']}/ping", None)
        house.delivers()
    assert signed(receiver.got[0], [new, old])
    assert signed(receiver.got[1], [new])
    event = receiver.got[0].event
    assert (event["event_type"], event["resource_type"], event["data"]["type"]) == ("pagey.ping", "pagey", "ping")
    assert "message" in event["data"]


def test_the_log_says_why_and_sends_again_with_the_same_ids(house: House) -> None:
    with Receiver(answers=[404]) as receiver:
        made = house.subscribes(receiver)
        house.acme.triggers("disk")
        house.delivers()
        failed = house.log(made["id"])[0]
        assert (failed["state"], failed["status"], failed["why"]) == ("dropped", 404, "It answered 404")
        assert failed["answer"] == "no, sorry"
        path = f"/tocsin/webhook_subscriptions/{made['id']}/deliveries/{failed['id']}"
        assert json.loads(house.acme.client.get(path).body["delivery"]["payload"]) == receiver.got[0].json
        assert house.acme.client.post(f"{path}/redeliver", {}).status == 202
        house.delivers()
    first, again = receiver.got
    assert (first.body, first.headers["x-webhook-id"]) == (again.body, again.headers["x-webhook-id"])
    assert [one["state"] for one in house.log(made["id"])] == ["delivered", "dropped"]
