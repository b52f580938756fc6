"""What makes no sense about people is refused with the wire's errors, and nothing changes."""

from typing import Any

import pytest

from tests.accounts import people
from tests.rest_client import RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "name should have at least 1 character"),
        ({"name": "   "}, "name should have at least 1 character"),
        ({"name": "x" * 101}, "name should have at most 100 characters"),
        ({"name": None}, "name is required"),
        ({"email": "nobody"}, "email must be an e-mail address of 6 to 100 characters"),
        ({"email": "a@b@c.de"}, "email must be an e-mail address of 6 to 100 characters"),
        ({"email": f"{'x' * 100}@example.com"}, "email must be an e-mail address of 6 to 100 characters"),
        ({"email": "OWNER@example.com"}, "Email has already been taken"),
        ({"role": "owner"}, "role owner cannot be given"),
        ({"time_zone": "Mars/Base"}, "time_zone 'Mars/Base' is not a known time zone"),
        ({"job_title": "x" * 101}, "job_title should have at most 100 characters"),
    ],
)
def test_a_user_that_cannot_be_is_refused(rest_client: RestClient, change: dict[str, Any], error: str) -> None:
    got = rest_client.post("/users", people.user_body("Alice", **change))
    assert (got.status, got.code, got.errors) == (400, 2001, [error])
    assert rest_client.get("/users?total=true").body["total"] == 1


def test_creating_a_user_needs_no_from_for_the_terraform_provider_sends_none(
    rest_client: RestClient, owner: Bootstrapped
) -> None:
    got = rest_client.as_key(owner.api_key).post("/users", people.user_body("Alice", role="admin"))
    assert (got.status, got.body["user"]["role"]) == (201, "admin")


def test_an_unknown_sender_is_refused(rest_client: RestClient) -> None:
    got = rest_client.post("/users", people.user_body("Alice"), **{"from": "nobody@example.com"})
    assert (got.status, got.code, got.body["error"]["message"]) == (400, 1008, "Requester User Not Found")


def test_me_with_an_account_key_is_400_and_says_why(rest_client: RestClient) -> None:
    got = rest_client.get("/users/me")
    assert got.status == 400
    assert "account-level access token" in got.errors[0]


@pytest.mark.parametrize(
    "path", ["/users/NOBODY", "/teams/NONE", "/users/NOBODY/contact_methods", "/users/N/notification_rules/X"]
)
def test_an_unknown_id_is_404(rest_client: RestClient, path: str) -> None:
    assert (rest_client.get(path).status, rest_client.get(path).code) == (404, 2100)


def test_neither_the_owner_nor_oneself_nor_somebody_needed_is_deleted(
    rest_client: RestClient, as_owner: RestClient, owner: Bootstrapped, database: Database
) -> None:
    assert rest_client.delete(f"/users/{owner.user_id}").errors == ["The owner of the account cannot be deleted"]
    admin = people.add(rest_client, "Ada", role="admin")
    as_ada = rest_client.as_key(people.key_of(database, admin["id"]))
    assert as_ada.delete(f"/users/{admin['id']}").errors == ["You cannot delete yourself"]


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ({"type": "fax_contact_method", "address": "1"},
         "type should be 'email', 'phone', 'sms', 'whatsapp' or 'push_notification'"),
        ({"type": "email_contact_method", "address": "nobody"}, "must be an e-mail address of 6 to 100 characters"),
        ({"type": "email_contact_method"}, "address is required"),
        ({"type": "phone_contact_method", "address": "call me"}, "address may have only digits and ,*# (40 at most)"),
        ({"type": "phone_contact_method", "address": "0170", "country_code": 49},
         "address must come without the national prefix 0"),
        ({"type": "sms_contact_method", "address": "5", "country_code": 2000},
         "country_code should be less than or equal to 1999"),
        ({"type": "push_notification_contact_method", "address": "t"}, "device_type is required"),
    ],
)  # fmt: skip
def test_a_contact_method_that_cannot_be_is_refused(
    rest_client: RestClient, owner: Bootstrapped, method: dict[str, Any], error: str
) -> None:
    got = rest_client.post(f"/users/{owner.user_id}/contact_methods", {"contact_method": {"label": "x", **method}})
    assert (got.status, got.errors) == (400, [error])


def test_the_same_contact_method_twice_is_refused(rest_client: RestClient, owner: Bootstrapped) -> None:
    body = {"contact_method": {"type": "email_contact_method", "label": "x", "address": "owner@example.com"}}
    got = rest_client.post(f"/users/{owner.user_id}/contact_methods", body)
    assert got.errors == ["User Contact method must be unique"]


def test_the_limits_of_contact_methods_hold(rest_client: RestClient, owner: Bootstrapped) -> None:
    url = f"/users/{owner.user_id}/contact_methods"
    body = {"contact_method": {"type": "sms_contact_method", "label": "x", "country_code": 49}}
    sent = [rest_client.post(url, {"contact_method": body["contact_method"] | {"address": f"17{n}"}}) for n in range(4)]
    assert [got.status for got in sent] == [201, 201, 201, 400]
    one = sent[0].body["contact_method"]["id"]
    edits = [
        rest_client.put(
            f"{url}/{one}", {"contact_method": {"type": "sms_contact_method", "label": str(n), "address": "170"}}, True
        )
        for n in range(11)
    ]
    assert ([got.status for got in edits], edits[-1].code) == ([200] * 10 + [400], 2017)


@pytest.mark.parametrize(
    "change",
    [
        {"start_delay_in_minutes": -1},
        {"urgency": "medium"},
        {"contact_method": {"id": "NONE", "type": "email_contact_method_reference"}},
        {"contact_method": None},
    ],
)
def test_a_notification_rule_that_cannot_be_is_refused(
    rest_client: RestClient, owner: Bootstrapped, change: dict[str, Any]
) -> None:
    url = f"/users/{owner.user_id}"
    method = rest_client.get(f"{url}/contact_methods").body["contact_methods"][0]
    rule = {
        "type": "assignment_notification_rule",
        "start_delay_in_minutes": 0,
        "urgency": "high",
        "contact_method": method,
    }
    assert rest_client.post(f"{url}/notification_rules", {"notification_rule": rule | change}).status == 400


def test_teams_refuse_doubles_cycles_and_stakeholders(rest_client: RestClient) -> None:
    above = rest_client.post("/teams", {"team": {"type": "team", "name": "Above"}}).body["team"]["id"]
    below = rest_client.post(
        "/teams", {"team": {"type": "team", "name": "Below", "parent": {"id": above, "type": "team"}}}, True
    ).body["team"]["id"]
    assert rest_client.post("/teams", {"team": {"type": "team", "name": "above"}}).code == 6001
    assert rest_client.put(f"/teams/{above}", {"team": {"parent": {"id": below}}}).errors == [
        "A team cannot stand below itself"
    ]
    reader = people.add(rest_client, "Rita", role="read_only_user")
    assert rest_client.put(f"/teams/{above}/users/{reader['id']}", {"role": "observer"}).status == 400
    assert rest_client.delete(f"/teams/{above}").code == 6006


def test_someone_below_the_admins_neither_raises_himself_nor_touches_them(
    rest_client: RestClient, owner: Bootstrapped, database: Database
) -> None:
    for role in ("user", "limited_user", "observer", "restricted_access"):
        one = people.add(rest_client, role, role=role)
        client = rest_client.as_key(people.key_of(database, one["id"]))
        assert client.put(f"/users/{one['id']}", {"user": {"role": "admin"}}, True).status == 403
        unseen = role == "restricted_access"  # what one may not see is not there
        refused = client.put(f"/users/{owner.user_id}", {"user": {"name": "x"}}, True).status
        assert refused == (404 if unseen else 403)
        refused = client.delete(f"/users/{owner.user_id}/contact_methods/x").status
        assert refused == (404 if unseen or role == "user" else 403)
        assert client.get("/audit/records").status == 403


def test_audit_records_refuse_senseless_spans(rest_client: RestClient) -> None:
    for query in ("since=2026-01-02&until=2026-01-01", "since=2026-01-01&until=2026-03-01", "actor_id=P1"):
        assert rest_client.get(f"/audit/records?{query}").status == 400


@pytest.mark.parametrize(
    "query",
    [
        "until=0001-01-01T00:00:00Z",
        "since=0001-01-01&until=0001-01-02",
        "cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiIl0",
    ],
)
def test_times_at_the_edge_of_the_calendar_are_no_accident(rest_client: RestClient, query: str) -> None:
    assert rest_client.get(f"/audit/records?{query}").status in (200, 400)


def test_an_unknown_ability_is_404(rest_client: RestClient) -> None:
    assert rest_client.get("/abilities/flying").status == 404
    assert rest_client.get("/abilities/urgencies").status == 204
