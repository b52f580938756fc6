"""Services and integrations over the wire: bad input first, then what clients rely on (core:C1-C13, core:U1-U5)."""

from typing import Any

import pytest

from tests.escalation import policies
from tests.rest_client import RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import FACTS, TABLES, USES
from tocsin.rest.app import build

HOURS = {
    "type": "fixed_time_per_day", "time_zone": "Eastern Time (US & Canada)", "start_time": "09:00:00",
    "end_time": "17:00:00", "days_of_week": [5, 1, 2],
}  # fmt: skip
BY_HOURS = {
    "type": "use_support_hours",
    "during_support_hours": {"type": "constant", "urgency": "high"},
    "outside_support_hours": {"type": "constant", "urgency": "low"},
}
ACTION = {"type": "urgency_change", "at": {"type": "named_time", "name": "support_hours_start"}, "to_urgency": "high"}


@pytest.fixture
def policy(rest_client: RestClient, owner: Bootstrapped) -> str:
    return str(policies.add(rest_client, "Ops", policies.rule(owner.user_id))["id"])


def body(policy: str, name: str = "Web", **more: Any) -> dict[str, Any]:
    """A request body that makes a service."""
    target = {"id": policy, "type": "escalation_policy_reference"}
    return {"service": {"type": "service", "name": name, "escalation_policy": target, **more}}


def add(client: RestClient, policy: str, name: str = "Web", **more: Any) -> dict[str, Any]:
    """A service made over the API."""
    got = client.post("/services", body(policy, name, **more))
    assert got.status == 201, got.body
    return dict(got.body["service"])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "  "}, "name should have at least 1 character"),
        ({"escalation_policy": None}, "escalation_policy is required"),
        ({"escalation_policy": {"id": "NONE", "type": "escalation_policy_reference"}}, "Escalation Policy Not Found"),
        ({"auto_resolve_timeout": -1}, "auto_resolve_timeout should be greater than or equal to 0"),
        ({"acknowledgement_timeout": 2**31}, "acknowledgement_timeout should be less than or equal to 2147483647"),
        ({"incident_urgency_rule": {"type": "constant", "urgency": "medium"}},
         "incident_urgency_rule.urgency should be 'low', 'high' or 'severity_based'"),
        ({"incident_urgency_rule": BY_HOURS | {"urgency": "high"}, "support_hours": HOURS},
         "incident_urgency_rule urgency is not allowed with use_support_hours"),
        ({"incident_urgency_rule": {"type": "use_support_hours"}, "support_hours": HOURS},
         "incident_urgency_rule during_support_hours and outside_support_hours are required"),
        ({"incident_urgency_rule": BY_HOURS}, "support_hours is required with use_support_hours"),
        ({"support_hours": HOURS | {"days_of_week": []}},
         "support_hours.days_of_week should have at least 1 item after validation, not 0"),
        ({"support_hours": HOURS | {"days_of_week": [8]}},
         "support_hours.days_of_week.0 should be less than or equal to 7"),
        ({"support_hours": HOURS | {"start_time": "25:00:00"}}, "support_hours.start_time hour must be in 0..23"),
        ({"support_hours": HOURS | {"time_zone": "Mars"}}, "support_hours.time_zone 'Mars' is not a known time zone"),
        ({"scheduled_actions": [ACTION | {"to_urgency": "low"}]}, "scheduled_actions.0.to_urgency should be 'high'"),
        ({"status": "asleep"}, "status should be 'active', 'warning', 'critical', 'maintenance' or 'disabled'"),
    ],
)  # fmt: skip
def test_a_service_that_cannot_be_is_refused(
    rest_client: RestClient, policy: str, change: dict[str, Any], error: str
) -> None:
    got = rest_client.post("/services", {"service": body(policy)["service"] | change})
    assert (got.status, got.code) == (400, 2001)
    assert got.errors[0].startswith(error)
    assert rest_client.get("/services").body["services"] == []


def test_a_taken_name_is_refused_and_free_again_after_a_delete(rest_client: RestClient, policy: str) -> None:
    service = add(rest_client, policy)["id"]
    assert rest_client.post("/services", body(policy, "WEB")).errors == ["Name has already been taken"]
    assert rest_client.delete(f"/services/{service}").status == 204
    assert add(rest_client, policy, "web")["id"] != service


def test_a_new_service_has_the_wires_defaults(rest_client: RestClient, policy: str) -> None:
    made = add(rest_client, policy, status="disabled")
    assert (made["auto_resolve_timeout"], made["acknowledgement_timeout"], made["status"]) == (14400, 1800, "active")
    assert made["incident_urgency_rule"] == {"type": "constant", "urgency": "high"}
    assert (made["integrations"], made["scheduled_actions"], made["support_hours"]) == ([], [], None)


@pytest.mark.parametrize("off", [None, 0])
def test_time_outs_can_be_off(rest_client: RestClient, policy: str, off: int | None) -> None:
    made = add(rest_client, policy, auto_resolve_timeout=off, acknowledgement_timeout=off)
    assert (made["auto_resolve_timeout"], made["acknowledgement_timeout"]) == (None, None)


def test_support_hours_come_back_as_they_went_in(rest_client: RestClient, policy: str) -> None:
    made = add(rest_client, policy, incident_urgency_rule=BY_HOURS, support_hours=HOURS, scheduled_actions=[ACTION])
    assert made["incident_urgency_rule"] == BY_HOURS
    assert made["support_hours"] == HOURS | {"days_of_week": [1, 2, 5]}
    assert made["scheduled_actions"] == [ACTION]
    constant = {"service": {"incident_urgency_rule": {"type": "constant", "urgency": "low"}, "support_hours": None}}
    changed = rest_client.put(f"/services/{made['id']}", constant, lenient=True).body["service"]
    assert (changed["incident_urgency_rule"]["urgency"], changed["support_hours"]) == ("low", None)


def test_a_service_is_disabled_and_a_computed_status_means_active(rest_client: RestClient, policy: str) -> None:
    url = f"/services/{add(rest_client, policy)['id']}"
    for sent, shown in (("disabled", "disabled"), ("critical", "active")):
        changed = rest_client.put(url, {"service": {"status": sent}}, lenient=True)
        assert changed.body["service"]["status"] == shown


def test_status_is_what_later_packages_say(
    rest_client: RestClient, database: Database, policy: str, owner: Bootstrapped
) -> None:
    facts = FACTS | {"service": lambda conn, ids: {id: {"status": "critical"} for id in ids}}
    settings, authenticate = Settings(api_rate_limit=0), rest_client.app.dispatcher.authenticate
    client = RestClient(build(TABLES, database, settings, authenticate, facts, USES), owner.api_key)
    assert add(client, policy)["status"] == "critical"


def test_a_policy_in_use_is_kept_and_shows_its_services(rest_client: RestClient, policy: str) -> None:
    service = add(rest_client, policy)
    got = rest_client.delete(f"/escalation_policies/{policy}")
    assert (got.status, got.errors) == (400, ["Escalation policy can't be deleted if it's being used by services: Web"])
    shown = rest_client.get(f"/escalation_policies/{policy}?include[]=services").body["escalation_policy"]["services"]
    assert (shown[0]["id"], shown[0]["type"], shown[0]["status"]) == (service["id"], "service", "active")


def test_a_service_is_of_the_team_of_its_policy(rest_client: RestClient, policy: str) -> None:
    service = add(rest_client, policy)["id"]
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Ops"}}).body["team"]["id"]
    rest_client.put(f"/teams/{team}/escalation_policies/{policy}")
    found = rest_client.get(f"/services?team_ids[]={team}&include[]=teams&include[]=escalation_policies").body[
        "services"
    ]
    assert [(one["id"], one["teams"][0]["name"], one["escalation_policy"]["name"]) for one in found] == [
        (service, "Ops", "Ops")
    ]


@pytest.mark.parametrize(
    ("sent", "type", "name"),
    [
        ({"type": "events_api_v2_inbound_integration", "name": "API"}, "events_api_v2", "API"),
        ({"type": "generic_events_api_inbound_integration"}, "generic_events_api", "Generic events api"),
        ({"type": "events_api_v2_inbound_integration_reference"}, "events_api_v2", "Events api v2"),
        ({"vendor": {"id": "PRO19CT", "type": "vendor_reference"}}, "events_api_v2", "Backstage"),
        ({"vendor": {"id": "PZQ6AUS", "type": "vendor"}, "name": "CW"}, "aws_cloudwatch", "CW"),
    ],
)
def test_an_integration_needs_a_type_or_a_vendor(
    rest_client: RestClient, policy: str, sent: dict[str, Any], type: str, name: str
) -> None:
    url = f"/services/{add(rest_client, policy)['id']}/integrations"
    made = rest_client.post(url, {"integration": sent}, lenient=True).body["integration"]
    assert (made["type"], made["name"]) == (f"{type}_inbound_integration", name)
    assert len(made["integration_key"]) == 32
    assert made["integration_key"].isalnum()


def test_filters_and_groupings_may_be_given_with_nulls(rest_client: RestClient, policy: str) -> None:
    """Both once ended in a 500: found by tests/proof/fuzzing.py."""
    service = add(rest_client, policy)
    for config in ({"fields": None}, None):
        given = {"alert_grouping_parameters": {"type": "time", "config": config}}
        assert rest_client.put(f"/services/{service['id']}", {"service": given}, lenient=True).status == 200
    way_in = {"type": "generic_email_inbound_integration", "email_filters": [{"id": None, "body_mode": None}]}
    url = f"/services/{service['id']}/integrations"
    made = rest_client.post(url, {"integration": way_in}, lenient=True).body["integration"]
    assert made["email_filters"][0]["body_mode"] == "always"


@pytest.mark.parametrize("sent", [{}, {"type": "smoke_signal"}, {"vendor": {"id": "NOVENDOR"}}, {"type": 7}])
def test_an_integration_of_no_known_kind_is_refused(rest_client: RestClient, policy: str, sent: Any) -> None:
    url = f"/services/{add(rest_client, policy)['id']}/integrations"
    assert rest_client.post(url, {"integration": sent}).status == 400


def test_a_key_never_changes_finds_its_service_and_goes_with_its_integration(
    rest_client: RestClient, policy: str
) -> None:
    service = add(rest_client, policy)["id"]
    url = f"/services/{service}/integrations"
    made = rest_client.post(url, {"integration": {"type": "events_api_v2_inbound_integration"}}).body["integration"]
    changed = rest_client.put(f"{url}/{made['id']}", {"integration": {"name": "New", "integration_key": "x" * 32}}).body
    assert (changed["integration"]["name"], changed["integration"]["integration_key"]) == (
        "New",
        made["integration_key"],
    )
    found = rest_client.get(f"/services?query={made['integration_key']}&include[]=integrations").body["services"]
    assert found[0]["integrations"][0]["integration_key"] == made["integration_key"]
    assert rest_client.delete(f"{url}/{made['id']}").status == 204
    assert rest_client.get(f"{url}/{made['id']}").status == 404
    assert rest_client.get(f"/services?query={made['integration_key']}").body["services"] == []


def test_a_single_integration_expands_its_service_and_vendor(rest_client: RestClient, policy: str) -> None:
    url = f"/services/{add(rest_client, policy)['id']}/integrations"
    sent = {"integration": {"vendor": {"id": "PAM4FGS", "type": "vendor_reference"}}}
    made = rest_client.post(url, sent).body["integration"]
    shown = rest_client.get(f"{url}/{made['id']}?include[]=services&include[]=vendors").body["integration"]
    assert (shown["service"]["name"], shown["vendor"]["name"]) == ("Web", "Datadog")


def test_filters_of_the_list(rest_client: RestClient, policy: str) -> None:
    ids = [add(rest_client, policy, name)["id"] for name in ("Web", "Web shop", "Mail")]
    names = {
        "query=web": ["Web", "Web shop"], "name=web": ["Web"], f"id[]={ids[2]}&id[]={ids[0]}": ["Mail", "Web"],
        "sort_by=name:desc": ["Web shop", "Web", "Mail"], "query=zzz": [],
    }  # fmt: skip
    for query, expected in names.items():
        assert [one["name"] for one in rest_client.get(f"/services?{query}").body["services"]] == expected


def test_vendors_have_stable_ids(rest_client: RestClient) -> None:
    (found,) = rest_client.get("/vendors?query=backstage").body["vendors"]
    assert found["id"] == "PRO19CT"
    assert rest_client.get("/vendors/PAM4FGS").body["vendor"]["name"] == "Datadog"
    assert rest_client.get("/vendors/NONE").status == 404


def test_deleting_a_service_is_on_record_with_its_integrations(rest_client: RestClient, policy: str) -> None:
    service = add(rest_client, policy)["id"]
    rest_client.post(
        f"/services/{service}/integrations", {"integration": {"type": "events_api_v2_inbound_integration"}}
    )
    assert rest_client.delete(f"/services/{service}").status == 204
    records = rest_client.get(f"/services/{service}/audit/records").body["records"]
    assert sorted(record["action"] for record in records) == ["create", "create", "delete", "delete"]


def test_features_are_on_until_somebody_switches_them_off(rest_client: RestClient, policy: str) -> None:
    at = f"/services/{add(rest_client, policy)['id']}/enablements"
    assert rest_client.get(at).body == {"enablements": [{"feature": "aiops", "enabled": True, "updated_at": None}]}
    off = rest_client.put(f"{at}/aiops", {"enablement": {"enabled": False}})
    assert (off.status, off.body["enablement"]["enabled"]) == (200, False)
    assert rest_client.get(at).body["enablements"] == [off.body["enablement"]]
    assert rest_client.put(f"{at}/aiops", {"enablement": {"enabled": "no"}}, lenient=True).status == 400
    assert rest_client.put(f"{at}/aiops", {"enablement": {}}, lenient=True).status == 400
    assert rest_client.put(f"{at}/teapot", {"enablement": {"enabled": True}}).status == 404
    assert rest_client.get("/services/PNONE/enablements").status == 404
