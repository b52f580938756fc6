"""Alerts, notes and log entries over the wire (core:I1, core:I20-I25, core:I35, core:I73, core:I90, core:L1-L7)."""

import json
from typing import Any

import pytest

from tests.incidents.acme import Acme
from tests.rest_client import Reply


def merged(acme: Acme, *keys: str) -> str:
    """One incident with an alert for each key."""
    target, *sources = [acme.triggers(key) for key in keys]
    body = {"source_incidents": [{"id": id, "type": "incident_reference"} for id in sources]}
    assert acme.client.put(f"/incidents/{target}/merge", body).status == 200
    return target


def alerts(acme: Acme, id: str, query: str = "") -> list[dict[str, Any]]:
    return list(acme.client.get(f"/incidents/{id}/alerts{query}").body["alerts"])


def change(acme: Acme, id: str, *items: dict[str, Any]) -> Reply:
    return acme.client.put(f"/incidents/{id}/alerts", {"alerts": list(items)})


def test_an_alert_shows_what_the_event_said(acme: Acme) -> None:
    id = acme.triggers("disk", severity="warning", custom_details={"free": "2%"}, component="db")
    (alert,) = alerts(acme, id)
    assert (alert["alert_key"], alert["severity"], alert["status"]) == ("disk", "warning", "triggered")
    assert (alert["body"]["type"], alert["body"]["details"]) == ("alert_body", {"free": "2%"})
    assert (alert["incident"]["id"], alert["service"]["summary"]) == (id, "Web")
    assert alert["integration"]["type"] == "events_api_v2_inbound_integration_reference"
    assert alert["first_trigger_log_entry"]["id"] == acme.incident(id)["first_trigger_log_entry"]["id"]
    assert acme.client.get(f"/incidents/{id}/alerts/{alert['id']}").body["alert"] == alert


def test_alerts_are_narrowed_sorted_and_expanded(acme: Acme) -> None:
    id = merged(acme, "a", "b", "c")
    acme.sends("b", action="resolve")
    assert [alert["alert_key"] for alert in alerts(acme, id, "?sort_by=created_at:desc")] == ["c", "b", "a"]
    assert [alert["alert_key"] for alert in alerts(acme, id, "?statuses[]=resolved")] == ["b"]
    assert [alert["alert_key"] for alert in alerts(acme, id, "?alert_key=c")] == ["c"]
    got = alerts(acme, id, "?include[]=services&include[]=incidents&include[]=first_trigger_log_entries")[0]
    assert (got["service"]["name"], got["incident"]["incident_number"]) == ("Web", 1)
    assert got["first_trigger_log_entry"]["event_details"]["description"] == "disk full"


@pytest.mark.parametrize("query", ["statuses[]=acknowledged", "sort_by=severity", "sort_by=created_at,resolved_at"])
def test_a_list_of_alerts_that_cannot_be_is_refused(acme: Acme, query: str) -> None:
    got = acme.client.get(f"/incidents/{acme.triggers('a')}/alerts?{query}")
    assert (got.status, got.code) == (400, 2001)


def test_the_last_alert_takes_its_incident_along(acme: Acme) -> None:
    id = merged(acme, "a", "b")
    first, last = (alert["id"] for alert in alerts(acme, id))
    got = change(acme, id, {"id": first, "status": "resolved"})
    assert (got.status, got.body["alerts"][0]["status"]) == (200, "resolved")
    assert acme.incident(id)["alert_counts"] == {"all": 2, "triggered": 1, "resolved": 1}
    assert acme.incident(id)["status"] == "triggered"
    got = acme.client.put(f"/incidents/{id}/alerts/{last}", {"alert": {"status": "resolved"}})
    assert (got.body["alert"]["status"], acme.incident(id)["status"]) == ("resolved", "resolved")


def test_a_moved_alert_leaves_an_empty_incident_resolved(acme: Acme) -> None:
    source, target = acme.triggers("a"), acme.opens(urgency="low")["id"]
    (alert,) = alerts(acme, source)
    to = {"id": target, "type": "incident_reference"}
    got = acme.client.put(f"/incidents/{source}/alerts/{alert['id']}", {"alert": {"incident": to}})
    assert got.body["alert"]["incident"]["id"] == target
    assert acme.incident(source)["status"] == "resolved"
    after = acme.incident(target)
    assert (after["alert_counts"]["triggered"], after["urgency"]) == (1, "high")
    acme.sends("a", action="resolve")
    assert acme.incident(target)["status"] == "resolved"


def test_one_bad_alert_and_nothing_changes(acme: Acme) -> None:
    id, other = merged(acme, "a", "b"), acme.triggers("c")
    one, two = (alert["id"] for alert in alerts(acme, id))
    foreign = alerts(acme, other)[0]["id"]
    elsewhere = {"id": "QNONE", "type": "incident_reference"}
    for bad in ({"id": foreign, "status": "resolved"}, {"id": two, "incident": elsewhere}, {"id": two, "status": "x"},
                {"status": "resolved"}, {"id": one, "status": "resolved"}):  # fmt: skip
        assert change(acme, id, {"id": one, "status": "resolved"}, bad).status == 400
    assert acme.incident(id)["alert_counts"]["triggered"] == 2


def test_a_resolved_alert_is_not_triggered_by_hand(acme: Acme) -> None:
    id = merged(acme, "a", "b")
    one = alerts(acme, id)[0]["id"]
    assert change(acme, id, {"id": one, "status": "triggered"}).status == 200
    change(acme, id, {"id": one, "status": "resolved"})
    assert change(acme, id, {"id": one, "status": "triggered"}).status == 400


def test_notes_are_written_changed_and_taken_back(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    got = acme.client.post(f"/incidents/{id}/notes", {"note": {"content": "on it"}})
    note = got.body["note"]
    assert (got.status, note["content"], note["user"]["summary"]) == (200, "on it", "Alice")
    assert note["channel"]["summary"]
    path = f"/incidents/{id}/notes/{note['id']}"
    assert acme.client.put(path, {"note": {"content": "done"}}).body["note"]["content"] == "done"
    assert [one["content"] for one in acme.client.get(f"/incidents/{id}/notes").body["notes"]] == ["done"]
    assert acme.client.as_key(acme.client.key).delete(path).status == 204
    assert acme.client.get(f"/incidents/{id}/notes").body["notes"] == []
    assert acme.client.put(path, {"note": {"content": "x"}}).status == 404
    assert acme.entries(id)[-1]["channel"] == {"type": "note", "summary": "on it"}


def test_a_life_is_told_in_log_entries(acme: Acme) -> None:
    id = acme.triggers("disk", custom_details={"free": "3%"})
    acme.sends("disk", custom_details={"free": "2%"})
    acme.becomes(id, status="acknowledged")
    acme.becomes(id, status="resolved")
    told = acme.entries(id)
    assert [one["type"] for one in told] == [
        f"{type}_log_entry" for type in ("trigger", "assign", "trigger", "acknowledge", "resolve")
    ]
    first, assigned, _, acknowledged, _ = told
    assert (first["agent"]["type"], first["agent"]["summary"]) == ("integration_reference", "Probe")
    assert (first["channel"]["type"], first["channel"]["details"]) == ("api", {"free": "2%"})
    assert (first["summary"], first["event_details"]["description"]) == ("Triggered through the API", "disk full")
    assert [one["summary"] for one in assigned["assignees"]] == ["Alice"]
    assert (acknowledged["agent"]["summary"], acknowledged["summary"]) == ("Alice", "Acknowledged by Alice")
    assert first["self"] == f"http://testserver/log_entries/{first['id']}?incident_id={id}"
    assert (len(first["id"]), first["id"][0], first["incident"]["id"]) == (26, "R", id)


def test_the_accounts_log_is_newest_first_and_narrowed(acme: Acme) -> None:
    one, other = acme.opens()["id"], acme.triggers("a")
    acme.becomes(one, status="resolved")
    got = acme.client.get("/log_entries?total=true").body
    assert [entry["incident"]["id"] for entry in got["log_entries"]] == [one, other, other, one, one]
    assert got["total"] == 5
    overview = acme.client.get("/log_entries?is_overview=true").body["log_entries"]
    assert [entry["type"] for entry in overview] == ["resolve_log_entry", "trigger_log_entry", "trigger_log_entry"]
    assert acme.client.get("/log_entries?until=2020-01-01").body["log_entries"] == []
    assert acme.client.get("/log_entries?since=2020-01-01&limit=2").body["more"]
    assert acme.client.get("/log_entries?team_ids[]=NONE").body["log_entries"] == []
    assert acme.client.get("/log_entries?since=x").code == 2004


def test_a_log_entry_is_found_and_expanded(acme: Acme) -> None:
    id = acme.triggers("a")
    first = acme.entries(id)[0]["id"]
    query = "?include[]=incidents&include[]=services&include[]=channels&include[]=teams"
    got = acme.client.get(f"/log_entries/{first}{query}").body["log_entry"]
    assert (got["id"], got["incident"]["status"], got["service"]["name"]) == (first, "triggered", "Web")
    assert acme.client.get(f"/incidents/{id}/log_entries{query}").status == 200


def test_a_page_is_told_with_its_person_and_address(acme: Acme) -> None:
    id = acme.triggers("a")
    details = {"type": "email", "address": "alice@example.com", "status": "success", "receipt": "250"}
    with acme.database.begin() as tx:
        acme.pages(tx, id, "alice", details)
    entry = acme.entries(id)[-1]
    assert (entry["type"], entry["user"]["summary"]) == ("notify_log_entry", "Alice")
    assert entry["channel"]["notification"]["address"] == "alice@example.com"
    assert json.dumps(entry).count("receipt") == 0


def test_priorities_are_listed_from_the_most_severe(acme: Acme) -> None:
    got = acme.client.get("/priorities").body["priorities"]
    assert [one["name"] for one in got] == ["P1", "P2", "P3", "P4", "P5"]
    assert [one["order"] for one in got] == [1, 2, 3, 4, 5]
    with acme.database.begin() as tx:
        acme.starts_again(tx)
    assert [one["id"] for one in acme.client.get("/priorities").body["priorities"]] == [one["id"] for one in got]
