"""Incidents over the wire: what clients rely on (core:2.3-2.8, core:10 items 10-15, 18, 30)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.incidents.acme import Acme, add_service
from tocsin.rest import times

REF = {"type": "incident_reference"}


def types(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["type"].removesuffix("_log_entry") for entry in entries]


def assignees(incident: dict[str, Any]) -> list[str]:
    return [one["assignee"]["summary"] for one in incident["assignments"]]


def pending(incident: dict[str, Any]) -> list[str]:
    return [action["type"] for action in incident["pending_actions"]]


def test_an_incident_opened_by_hand_has_everything_that_clients_read(acme: Acme) -> None:
    got = acme.opens("Web is slow", body={"type": "incident_body", "details": "since noon"}, urgency="high")
    assert got["summary"] == f"[#{got['incident_number']}] Web is slow"
    assert (got["status"], got["assigned_via"], assignees(got)) == ("triggered", "escalation_policy", ["Alice"])
    assert sorted(pending(got)) == ["escalate", "resolve"]
    assert got["alert_counts"] == {"all": 0, "triggered": 0, "resolved": 0}
    assert (got["priority"], got["resolve_reason"], got["alert_grouping"]) == (None, None, None)
    assert (got["incidents_responders"], got["acknowledgements"], got["is_mergeable"]) == ([], [], True)
    assert got["body"]["details"] == "since noon"
    assert got["first_trigger_log_entry"]["type"] == "trigger_log_entry_reference"
    assert got["self"] == f"http://testserver/incidents/{got['id']}"


def test_an_incident_is_found_by_id_and_by_number(acme: Acme) -> None:
    got = acme.opens()
    assert acme.incident(str(got["incident_number"]))["id"] == got["id"]
    assert acme.becomes(str(got["incident_number"]), title="New")["title"] == "New"


def test_priority_key_and_bridge_are_kept(acme: Acme) -> None:
    bridge = {"conference_number": "+1-415-555-1212,,,,1234#", "conference_url": "https://example.com/b"}
    ids = {row["name"]: row["id"] for row in acme.client.get("/priorities").body["priorities"]}
    priority = {"id": ids["P2"], "type": "priority_reference"}
    got = acme.opens(priority=priority, incident_key="k", conference_bridge=bridge)
    assert (got["priority"]["summary"], got["incident_key"], got["conference_bridge"]) == ("P2", "k", bridge)
    assert acme.incident(got["id"])["conference_bridge"] is None
    assert acme.incident(got["id"], "?include[]=conference_bridge")["conference_bridge"] == bridge


def test_opened_for_oneself_it_is_acknowledged_and_nobody_is_paged(acme: Acme) -> None:
    got = acme.opens(assignments=[{"assignee": acme.user("alice")}])
    assert (got["status"], got["assigned_via"], assignees(got)) == ("acknowledged", "direct_assignment", ["Alice"])
    assert got["acknowledgements"][0]["acknowledger"]["summary"] == "Alice"
    with acme.database.begin() as tx:
        assert tx.conn.exec_driver_sql("SELECT count(*) FROM effects WHERE kind = 'page'").scalar() == 0


def test_opened_for_somebody_else_it_is_theirs_alone(acme: Acme) -> None:
    got = acme.opens(assignments=[{"assignee": acme.user("carol")}])
    assert (got["status"], assignees(got)) == ("triggered", ["Carol"])
    assert "escalate" not in pending(got)


def test_a_clients_from_may_be_of_any_case_or_an_id(acme: Acme) -> None:
    for sender in ("ALICE@Example.com", acme.people["alice"]):
        client = acme.client.as_key(acme.client.key, **{"from": sender})
        assert client.post("/incidents", {"incident": acme.body()}).status == 201


def test_a_users_key_acts_as_that_user_without_from(acme: Acme) -> None:
    client = acme.client.as_key(people.key_of(acme.database, acme.people["bob"]))
    got = acme.puts(acme.opens()["id"], client, status="acknowledged").body["incident"]
    assert assignees(got) == ["Bob"]
    assert got["last_status_change_by"]["summary"] == "Bob"


def test_an_acknowledgement_stops_the_climb_and_claims(acme: Acme) -> None:
    id = acme.opens()["id"]
    got = acme.puts(id, acme.acting("bob"), status="acknowledged").body["incident"]
    assert (got["status"], assignees(got), pending(got)) == ("acknowledged", ["Bob"], ["unacknowledge", "resolve"])
    again = acme.puts(id, acme.acting("carol"), status="acknowledged").body["incident"]
    assert [one["acknowledger"]["summary"] for one in again["acknowledgements"]] == ["Bob", "Carol"]
    entry = acme.entries(id)[2]
    assert (entry["type"], entry["acknowledgement_timeout"]) == ("acknowledge_log_entry", 1800)


def test_given_back_it_is_triggered_and_climbs_again(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="acknowledged")
    got = acme.becomes(id, status="triggered")
    assert (got["status"], got["acknowledgements"], "escalate" in pending(got)) == ("triggered", [], True)
    assert acme.becomes(id, status="triggered")["status"] == "triggered"


def test_resolved_nothing_is_left_and_the_resolution_is_a_note(acme: Acme) -> None:
    id = acme.triggers("disk")
    got = acme.becomes(id, status="resolved", resolution="swapped the disk")
    assert (got["status"], got["assignments"], got["pending_actions"]) == ("resolved", [], [])
    assert got["alert_counts"] == {"all": 1, "triggered": 0, "resolved": 1}
    assert got["resolved_at"] == got["last_status_change_at"]
    assert acme.client.get(f"/incidents/{id}/alerts").body["alerts"][0]["status"] == "resolved"
    assert acme.entries(id)[-1]["note"] == "swapped the disk"


def test_title_priority_and_type_can_change_after_the_end(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    got = acme.becomes(id, title="Disk", priority="p1", incident_type={"name": "incident_default"})
    assert (got["title"], got["priority"]["summary"], got["status"]) == ("Disk", "P1", "resolved")
    assert acme.becomes(id, priority=None)["priority"] is None
    assert acme.entries(id)[-2]["changeset"][0] == "Updated title to Disk"


def test_what_is_not_given_stays(acme: Acme) -> None:
    first = acme.client.get("/priorities").body["priorities"][0]
    id = acme.opens(priority={"id": first["id"], "type": "priority_reference"})["id"]
    before = acme.incident(id)
    assert acme.becomes(id)["priority"] == before["priority"]
    assert acme.incident(id)["updated_at"] == before["updated_at"]


def test_a_level_is_chosen_by_hand(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="acknowledged")
    got = acme.becomes(id, escalation_level=2)
    assert (got["status"], assignees(got), got["acknowledgements"]) == ("triggered", ["Bob"], [])
    assert types(acme.entries(id))[-1] == "escalate"


def test_reassigned_it_is_directly_theirs_and_no_longer_climbs(acme: Acme) -> None:
    id = acme.opens()["id"]
    both = [{"assignee": acme.user("bob")}, {"assignee": acme.user("carol")}]
    got = acme.becomes(id, assignments=both)
    assert (got["assigned_via"], sorted(assignees(got))) == ("direct_assignment", ["Bob", "Carol"])
    assert "escalate" not in pending(got)
    entry = acme.entries(id)[-1]
    assert (entry["type"], len(entry["assignees"])) == ("assign_log_entry", 2)


def test_assignment_and_status_in_one_go_are_taken_in_this_order(acme: Acme) -> None:
    got = acme.becomes(acme.opens()["id"], assignments=[{"assignee": acme.user("alice")}], status="acknowledged")
    assert (got["status"], assignees(got), got["assigned_via"]) == ("acknowledged", ["Alice"], "direct_assignment")


def test_another_policy_starts_over(acme: Acme) -> None:
    other = policies.add(acme.client, "Other", policies.rule(acme.people["carol"]))["id"]
    id = acme.opens()["id"]
    got = acme.becomes(id, escalation_policy={"id": other, "type": "escalation_policy_reference"})
    assert (got["escalation_policy"]["summary"], assignees(got)) == ("Other", ["Carol"])
    assert types(acme.entries(id))[-1] == "delegate"


def test_raised_to_high_it_pages_again_and_lowered_it_no_longer_climbs(acme: Acme) -> None:
    id = acme.opens(urgency="low")["id"]
    acme.becomes(id, status="acknowledged")
    got = acme.becomes(id, urgency="high")
    assert (got["status"], got["urgency"], "escalate" in pending(got)) == ("triggered", "high", True)
    assert pending(acme.becomes(id, urgency="low")) == ["resolve"]
    assert types(acme.entries(id))[-1] == "urgency_change"


def test_moved_to_another_service_it_says_so(acme: Acme) -> None:
    other = add_service(acme.client, acme.policy, "Mail")
    got = acme.becomes(acme.opens()["id"], service={"id": other, "type": "service_reference"})
    assert got["service"]["summary"] == "Mail"


def test_reopened_it_goes_to_the_policys_people(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    got = acme.becomes(id, status="triggered")
    assert (got["status"], assignees(got), got["resolved_at"]) == ("triggered", ["Alice"], None)
    assert types(acme.entries(id))[-2:] == ["trigger", "assign"]


def test_reopened_as_acknowledged_it_is_ones_own(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    got = acme.puts(id, acme.acting("carol"), status="acknowledged").body["incident"]
    assert (got["status"], assignees(got)) == ("acknowledged", ["Carol"])


def test_reopened_for_somebody_only_they_are_paged(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    with acme.database.begin() as tx:
        tx.conn.exec_driver_sql("DELETE FROM effects")
    got = acme.becomes(id, status="triggered", assignments=[{"assignee": acme.user("carol")}])
    assert (got["status"], assignees(got), got["acknowledgements"]) == ("triggered", ["Carol"], [])
    with acme.database.begin() as tx:
        paged = tx.conn.exec_driver_sql("SELECT body->'page'->>'user_id' FROM effects").scalars().all()
    assert paged == [acme.people["carol"]]


def test_many_are_changed_at_once_in_the_order_given(acme: Acme) -> None:
    ids = [acme.opens(f"n{n}")["id"] for n in range(3)]
    items = [{"id": id, **REF, "status": "acknowledged"} for id in ids]
    items.append({"id": ids[0], **REF, "status": "resolved"})
    got = acme.client.put("/incidents", {"incidents": items})
    assert [(one["id"], one["status"]) for one in got.body["incidents"]] == [
        (ids[0], "resolved"), (ids[1], "acknowledged"), (ids[2], "acknowledged"),
    ]  # fmt: skip


def test_250_changes_are_one_call(acme: Acme) -> None:
    id = acme.opens()["id"]
    items = [{"id": id, **REF, "title": f"t{n}"} for n in range(250)]
    got = acme.client.put("/incidents", {"incidents": items})
    assert (got.status, got.body["incidents"][0]["title"]) == (200, "t249")


def test_a_snooze_ends_when_asked_and_a_new_one_replaces_it(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="acknowledged")
    for duration in (604_800, 3600):
        got = acme.client.post(f"/incidents/{id}/snooze", {"duration": duration})
        assert (got.status, got.body["incident"]["status"]) == (201, "acknowledged")
    until = next(a["at"] for a in got.body["incident"]["pending_actions"] if a["type"] == "unacknowledge")
    entry = acme.entries(id)[-1]
    assert times.parse(until) - times.parse(entry["created_at"]) == timedelta(hours=1)
    assert (entry["channel"]["duration"], entry["changed_actions"][0]["at"]) == (3600, until)


def test_a_merge_moves_alerts_and_resolves_the_source(acme: Acme) -> None:
    target, source = acme.triggers("a"), acme.triggers("b")
    priority = acme.becomes(source, priority="P3")["priority"]
    got = acme.client.put(f"/incidents/{target}/merge", {"source_incidents": [{"id": source, **REF}] * 2})
    assert got.body["incident"]["alert_counts"] == {"all": 2, "triggered": 2, "resolved": 0}
    assert got.body["incident"]["priority"] == priority
    over = acme.incident(source)
    assert (over["status"], over["alert_counts"]["all"], over["is_mergeable"]) == ("resolved", 0, False)
    reason = over["resolve_reason"]
    assert (reason["type"], reason["incident"]["id"]) == ("merge_resolve_reason", target)
    keys = [alert["alert_key"] for alert in acme.client.get(f"/incidents/{target}/alerts").body["alerts"]]
    assert sorted(keys) == ["a", "b"]


def test_a_resolved_incident_merges_too_and_then_says_so(acme: Acme) -> None:
    target, source = acme.opens()["id"], acme.opens()["id"]
    acme.becomes(source, status="resolved")
    assert acme.client.put(f"/incidents/{target}/merge", {"source_incidents": [{"id": source}]}, True).status == 200
    assert acme.incident(source)["resolve_reason"]["incident"]["id"] == target


def test_the_service_shows_the_worst_of_its_open_incidents(acme: Acme) -> None:
    def service() -> dict[str, Any]:
        return dict(acme.client.get(f"/services/{acme.service}").body["service"])

    assert (service()["status"], service()["last_incident_timestamp"]) == ("active", None)
    one, other = acme.opens(), acme.opens()
    assert service()["status"] == "critical"
    for id in (one["id"], other["id"]):
        acme.becomes(id, status="acknowledged")
    assert service()["status"] == "warning"
    assert service()["last_incident_timestamp"] == other["created_at"]
    for id in (one["id"], other["id"]):
        acme.becomes(id, status="resolved")
    assert service()["status"] == "active"


@pytest.mark.parametrize("count", [1, 12])
def test_includes_expand_and_cost_the_same_however_many_rows(acme: Acme, count: int) -> None:
    for n in range(count):
        acme.becomes(acme.triggers(f"k{n}"), priority="P1", status="acknowledged")
    names = ("acknowledgers", "agents", "assignees", "conference_bridge", "escalation_policies",
             "first_trigger_log_entries", "priorities", "services", "teams", "users")  # fmt: skip
    with acme.counting() as statements:
        got = acme.client.get("/incidents?" + "&".join(f"include[]={name}" for name in names))
    one = got.body["incidents"][0]
    assert one["assignments"][0]["assignee"]["email"] == "alice@example.com"
    assert one["acknowledgements"][0]["acknowledger"]["name"] == "Alice"
    assert (one["service"]["name"], one["escalation_policy"]["name"], one["priority"]["name"]) == ("Web", "Ops", "P1")
    assert one["last_status_change_by"]["type"] == "user"
    assert one["first_trigger_log_entry"]["channel"]["type"] == "api"
    assert len(got.body["incidents"]) == count
    assert len(statements) < 60


def test_an_unknown_include_is_ignored(acme: Acme) -> None:
    assert acme.incident(acme.opens()["id"], "?include[]=moon")["status"] == "triggered"
