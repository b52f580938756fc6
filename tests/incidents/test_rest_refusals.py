"""What makes no sense about incidents is refused with the wire's errors, and nothing changes (core:I130-I142)."""

from typing import Any

import pytest

from tests.escalation import policies
from tests.incidents.acme import Acme, add_service

MISSING = 'You must specify a user\'s email address in the "From" header to perform this action'
REF = {"type": "incident_reference"}


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"title": None}, 2001, "title is required"),
        ({"title": ""}, 2001, "title should have at least 1 character"),
        ({"title": "   "}, 2001, "title cannot be blank"),
        ({"title": "x" * 1025}, 2001, "title should have at most 1024 characters"),
        ({"service": None}, 2001, "service is required"),
        ({"service": {"id": "NONE"}}, 2001, "Service not found"),
        ({"urgency": "medium"}, 2001, "urgency should be 'high' or 'low'"),
        ({"priority": {"id": "NONE", "type": "priority_reference"}}, 1020, "Priority NONE not found"),
        ({"priority": {"type": "priority_reference"}}, 1020, "Priority not found"),
        ({"assignments": [{"assignee": {"id": "NONE"}}]}, 1007, "Assignee NONE not found"),
        ({"escalation_policy": {"id": "NONE"}}, 1014, "Escalation Policy NONE not found"),
        ({"incident_key": "k" * 256}, 2001, "incident_key should have at most 255 characters"),
        ({"incident_type": {"name": "security"}}, 2001, "Incident type not found"),
        ({"body": {"details": "x" * 65_536}}, 2001, "body.details should have at most 65536 bytes"),
        ({"conference_bridge": {"conference_number": "call me"}}, 2001,
         "conference_bridge.conference_number may have only digits, spaces and ()+-,#* (255 at most)"),
        ({"conference_bridge": {"conference_url": "javascript:x"}}, 2001,
         "conference_bridge.conference_url must be an http or https address"),
    ],
)  # fmt: skip
def test_an_incident_that_cannot_be_is_not_opened(acme: Acme, change: dict[str, Any], code: int, error: str) -> None:
    got = acme.client.post("/incidents", {"incident": acme.body() | change})
    assert (got.status, got.code, got.errors) == (400, code, [error])
    assert acme.client.get("/incidents?total=true").body["total"] == 0


def test_a_body_without_its_wrapper_is_refused(acme: Acme) -> None:
    got = acme.client.post("/incidents", acme.body())
    assert (got.status, got.errors) == (400, ["incident is required"])


def test_from_is_needed_and_must_name_somebody(acme: Acme) -> None:
    nobody = acme.client.as_key(acme.client.key)
    got = nobody.post("/incidents", {"incident": acme.body()})
    assert (got.status, got.code, got.body["error"]["message"]) == (400, 2016, MISSING)
    got = acme.acting("mallory").post("/incidents", {"incident": acme.body()})
    assert (got.status, got.code, got.body["error"]["message"]) == (400, 1008, "Requester User Not Found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"incident": {"type": "incident", "title": "x"}}),
        ("PUT", "/alerts", {"alerts": []}),
        ("PUT", "/merge", {"source_incidents": [{"id": "Q"}]}),
        ("POST", "/snooze", {"duration": 60}),
        ("POST", "/notes", {"note": {"content": "x"}}),
        ("PUT", "/notes/N", {"note": {"content": "x"}}),
    ],
)
def test_every_change_of_an_incident_needs_from(acme: Acme, method: str, path: str, body: Any) -> None:
    id = acme.opens()["id"]
    got = acme.client.as_key(acme.client.key).send(method, f"/incidents/{id}{path}", body)
    assert (got.status, got.code) == (400, 2016)


def test_a_second_open_incident_with_the_same_key_is_refused(acme: Acme) -> None:
    first = acme.opens(incident_key="k")
    got = acme.client.post("/incidents", {"incident": acme.body(incident_key="k")})
    assert (got.status, got.code, got.body["error"]["message"]) == (400, 2002, "Arguments Caused Error")
    assert got.errors == ["Open incident with matching dedup key already exists on this service"]
    acme.becomes(first["id"], status="resolved")
    acme.opens(incident_key="k")


def test_nothing_opens_on_a_disabled_or_removed_service(acme: Acme) -> None:
    target = {"service": {"name": "Web", "status": "disabled"}}
    acme.client.put(f"/services/{acme.service}", target, lenient=True)
    got = acme.client.post("/incidents", {"incident": acme.body()})
    assert (got.status, got.code, got.errors) == (400, 2001, ["Web is disabled"])
    assert got.body["error"]["message"] == "Incident could not be created"
    acme.client.delete(f"/services/{acme.service}")
    assert acme.client.post("/incidents", {"incident": acme.body()}).errors == ["Service not found"]


def test_two_assignees_or_an_assignee_and_a_policy_are_refused(acme: Acme) -> None:
    one, other = {"assignee": acme.user("alice")}, {"assignee": acme.user("bob")}
    got = acme.client.post("/incidents", {"incident": acme.body(assignments=[one, other])})
    assert (got.status, got.errors) == (400, ["assignments may have one assignee at most"])
    policy = {"id": acme.policy, "type": "escalation_policy_reference"}
    got = acme.client.post("/incidents", {"incident": acme.body(assignments=[one], escalation_policy=policy)})
    assert (got.status, got.errors) == (400, ["assignments and escalation_policy cannot be given together"])


@pytest.mark.parametrize("path", ["", "/alerts", "/alerts/A", "/notes", "/log_entries"])
@pytest.mark.parametrize("id", ["QNONE", "999999", "9" * 30])
def test_an_unknown_incident_is_404(acme: Acme, id: str, path: str) -> None:
    got = acme.client.get(f"/incidents/{id}{path}")
    assert (got.status, got.code) == (404, 2100)


@pytest.mark.parametrize(
    ("query", "code", "error"),
    [
        ("statuses[]=open", 2001, "Status must be a list of triggered, acknowledged, or resolved."),
        ("urgencies[]=medium", 2001, "Urgency must be a list of high or low."),
        ("sort_by=title", 2001, None),
        ("sort_by=urgency,created_at,resolved_at", 2001, None),
        ("sort_by=urgency:up", 2001, None),
        ("date_range=week", 2005, "date_range must be all"),
        ("since=yesterday", 2004, "since is not a valid ISO 8601 time"),
        ("since=2024-01-02&until=2024-01-01", 2005, "since must be before until"),
        ("since=2024-01-01&until=2024-08-01", 2005, "The time between since and until may be six months at most"),
        ("limit=100&offset=9901", 2001, "offset + limit may not be more than 10000"),
    ],
)
def test_a_list_that_cannot_be_is_refused(acme: Acme, query: str, code: int, error: str | None) -> None:
    got = acme.client.get(f"/incidents?{query}")
    assert (got.status, got.code) == (400, code)
    assert error is None or got.errors == [error]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "open"}, 1003),
        ({"status": "resolved"}, None),
        ({"title": "  "}, 2001),
        ({"priority": "P9"}, 1020),
        ({"priority": 7}, 1020),
        ({"escalation_level": 9}, 1006),
        ({"escalation_level": 0}, 1006),
        ({"escalation_level": "high"}, 2001),
        ({"assignments": []}, 1011),
        ({"assignments": [{"assignee": {"id": "NONE", "type": "user_reference"}}]}, 1007),
        ({"escalation_policy": {"id": "NONE", "type": "escalation_policy_reference"}}, 1014),
        ({"service": {"id": "NONE", "type": "service_reference"}}, 2001),
        ({"urgency": "none"}, 2001),
    ],
)
def test_a_change_that_cannot_be_is_refused(acme: Acme, change: dict[str, Any], code: int | None) -> None:
    opened = acme.opens()
    got = acme.puts(opened["id"], **change)
    assert (got.status, got.code if code else None) == (400 if code else 200, code)
    assert code is None or acme.incident(opened["id"]) == acme.client.get(f"/incidents/{opened['id']}").body["incident"]
    assert (acme.incident(opened["id"])["status"] == "triggered") is (code is not None)


@pytest.mark.parametrize(
    "change",
    [{"status": "resolved"}, {"urgency": "low"}, {"escalation_level": 2}, {"escalation_policy": {}},
     {"assignments": [{}]}],
)  # fmt: skip
def test_what_is_resolved_takes_no_such_change(acme: Acme, change: dict[str, Any]) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    if "escalation_policy" in change:
        change = {"escalation_policy": {"id": acme.policy, "type": "escalation_policy_reference"}}
    if "assignments" in change:
        change = {"assignments": [{"assignee": acme.user("bob")}]}
    got = acme.puts(id, **change)
    assert (got.status, got.code, got.errors) == (400, 1001, ["Incident Already Resolved"])


def test_a_low_incident_is_not_escalated_and_shows_no_such_step(acme: Acme) -> None:
    opened = acme.opens(urgency="low")
    assert [action["type"] for action in opened["pending_actions"]] == ["resolve"]
    got = acme.puts(opened["id"], escalation_level=2)
    assert (got.status, got.code) == (400, 1006)


def test_a_policy_without_anybody_on_call_is_not_given_an_incident(acme: Acme) -> None:
    lonely = policies.add(acme.client, "Lonely", policies.rule(acme.people["carol"]))["id"]
    with acme.database.begin() as tx:
        tx.conn.exec_driver_sql("UPDATE escalation_rules SET targets = '[]' WHERE policy_id = %s", (lonely,))
        tx.conn.exec_driver_sql("DELETE FROM audit_watch")
    got = acme.puts(acme.opens()["id"], escalation_policy={"id": lonely, "type": "escalation_policy_reference"})
    assert (got.status, got.code, got.errors) == (400, 1015, ["Escalation Policy has no user on call"])
    service = add_service(acme.client, lonely, "Lonely")
    got = acme.client.post("/incidents", {"incident": acme.body() | {"service": {"id": service}}})
    assert (got.status, got.code, got.body["error"]["message"]) == (400, 2001, "Incident could not be created")


def test_251_changes_at_once_are_too_many(acme: Acme) -> None:
    items = [{"id": "Q", "type": "incident_reference"}] * 251
    assert acme.client.put("/incidents", {"incidents": items}).status == 413
    alerts = [{"id": "Q"}] * 251
    assert acme.client.put(f"/incidents/{acme.opens()['id']}/alerts", {"alerts": alerts}).status == 413


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"id": "QNONE", "status": "resolved"}, 1004),
        ({"status": "resolved"}, 2001),
        ({"id": 7}, 2001),
        ("QNONE", 2001),
        ({"id": "self", "status": "closed"}, 1003),
        ({"id": "self", "priority": "P0"}, 1020),
        ({"id": "resolved", "status": "resolved"}, 1001),
    ],
)
def test_one_bad_item_and_nothing_changes(acme: Acme, bad: Any, code: int) -> None:
    good, over = acme.opens()["id"], acme.opens()["id"]
    acme.becomes(over, status="resolved")
    if isinstance(bad, dict):
        bad |= {"id": {"self": good, "resolved": over}.get(bad.get("id"), bad.get("id"))}
    items = [{"id": good, "type": "incident_reference", "status": "acknowledged", "title": "Changed"}, bad]
    got = acme.client.put("/incidents", {"incidents": items})
    assert (got.status, got.code) == (400, code)
    assert (acme.incident(good)["status"], acme.incident(good)["title"]) == ("triggered", "It is slow")


def test_incidents_in_bulk_must_be_a_list(acme: Acme) -> None:
    got = acme.client.put("/incidents", {"incidents": {"id": "Q"}})
    assert (got.status, got.errors) == (400, ["incidents must be a list"])


@pytest.mark.parametrize("duration", [0, -1, 604_801, None, "soon", True, 1.5])
def test_a_snooze_of_no_sensible_length_is_refused(acme: Acme, duration: Any) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="acknowledged")
    got = acme.client.post(f"/incidents/{id}/snooze", {"duration": duration})
    assert (got.status, got.code) == (400, 1013)


def test_what_is_not_acknowledged_is_not_snoozed(acme: Acme) -> None:
    got = acme.client.post(f"/incidents/{acme.opens()['id']}/snooze", {"duration": 60})
    assert (got.status, got.code) == (400, 1012)


def test_merges_that_cannot_be_are_refused(acme: Acme) -> None:
    target, source, over = (acme.opens()["id"] for _ in range(3))
    acme.becomes(over, status="resolved")

    def merge(into: str, *ids: str) -> tuple[int, int]:
        got = acme.client.put(f"/incidents/{into}/merge", {"source_incidents": [{"id": id, **REF} for id in ids]})
        return got.status, got.code if got.status >= 400 else 0

    assert merge(target, "QNONE") == (400, 1004)
    assert merge(target, target) == (400, 2001)
    assert merge(target) == (400, 2001)
    assert merge(over, source) == (400, 1001)
    assert merge(target, source) == (200, 0)
    assert merge(target, source) == (400, 1019)


@pytest.mark.parametrize("content", ["", "  ", None, "x" * 65_536])
def test_a_note_must_say_something_and_end(acme: Acme, content: Any) -> None:
    id = acme.opens()["id"]
    assert acme.client.post(f"/incidents/{id}/notes", {"note": {"content": content}}).status == 400
    assert acme.client.get(f"/incidents/{id}/notes").body["notes"] == []


def test_unknown_notes_alerts_and_entries_are_404(acme: Acme) -> None:
    id = acme.opens()["id"]
    assert acme.client.put(f"/incidents/{id}/notes/N", {"note": {"content": "x"}}).status == 404
    assert acme.client.delete(f"/incidents/{id}/notes/N").status == 404
    assert acme.client.put(f"/incidents/{id}/alerts/A", {"alert": {"status": "resolved"}}).status == 404
    assert acme.client.get("/log_entries/R").status == 404


def test_an_observer_reads_and_changes_nothing(acme: Acme) -> None:
    id = acme.opens()["id"]
    key = acme.watcher()
    assert key.get(f"/incidents/{id}").status == 200
    assert acme.puts(id, key, status="resolved").status == 403
    assert key.post(f"/incidents/{id}/notes", {"note": {"content": "x"}}).status == 403
