"""Services and integrations under Terraform."""

from typing import Any

import pytest

from tests.clients.terraform import services
from tests.clients.terraform.api import Api
from tests.clients.terraform.made import policy, service, unique
from tests.clients.terraform.plan import applied, round_trip
from tocsin.services.vendors import VENDORS

HOURS = {
    "type": "fixed_time_per_day", "time_zone": "America/Lima", "start_time": "09:00:00", "end_time": "17:00:00",
    "days_of_week": [1, 2, 3, 4, 5],
}  # fmt: skip
ACTION = {
    "type": "urgency_change", "to_urgency": "high", "at": [{"type": "named_time", "name": "support_hours_start"}],
}  # fmt: skip


def by_hours(during: str, outside: str) -> list[dict[str, Any]]:
    """An urgency for support hours and one for the rest."""
    parts = [[{"type": "constant", "urgency": urgency}] for urgency in (during, outside)]
    return [{"type": "use_support_hours", "during_support_hours": parts[0], "outside_support_hours": parts[1]}]


@pytest.fixture(scope="module")
def config(api: Api) -> dict[str, Any]:
    """The least that a service can be."""
    return {"name": "", "escalation_policy": policy(api)}


@pytest.mark.parametrize("urgency", ["high", "low", "severity_based"])
def test_constant_urgencies_come_to_rest(api: Api, config: dict[str, Any], urgency: str) -> None:
    named = config | {"name": unique("service")}
    rule = [{"type": "constant", "urgency": urgency}]
    round_trip(api, services.SERVICES, named | {"incident_urgency_rule": rule}, named | {"description": "Changed"})


@pytest.mark.parametrize(("during", "outside"), [("high", "low"), ("severity_based", "low"), ("low", "severity_based")])
def test_urgencies_by_support_hours_come_to_rest(api: Api, config: dict[str, Any], during: str, outside: str) -> None:
    """Without an action the provider sends `[null]`."""
    named = config | {"name": unique("service"), "support_hours": [HOURS]}
    by = named | {"incident_urgency_rule": by_hours(during, outside)}
    other = HOURS | {"days_of_week": [6, 7], "time_zone": "Europe/Berlin"}
    round_trip(api, services.SERVICES, by | {"scheduled_actions": [ACTION]}, by | {"support_hours": [other]})


@pytest.mark.parametrize(
    ("resolve", "acknowledge"), [("null", "null"), ("3600", "null"), ("null", "600"), ("60", "60")]
)
def test_time_outs_come_to_rest_set_and_off(api: Api, config: dict[str, Any], resolve: str, acknowledge: str) -> None:
    named = config | {"name": unique("service")}
    set = {"auto_resolve_timeout": resolve, "acknowledgement_timeout": acknowledge}
    round_trip(api, services.SERVICES, named, named | set, named | {"alert_creation": "create_incidents"})


@pytest.mark.parametrize(
    "grouping",
    [
        {"type": "time", "config": [{"timeout": 5}]},
        {"type": "time", "config": [{"timeout": 0}]},
        {"type": "intelligent"},
        {"type": "content_based", "config": [{"aggregate": "all", "fields": ["summary", "custom_details.host"]}]},
        {"type": "content_based", "config": [{"aggregate": "any", "fields": ["class"]}]},
    ],
    ids=lambda grouping: grouping["type"],
)
def test_grouping_of_alerts_comes_to_rest(api: Api, config: dict[str, Any], grouping: dict[str, Any]) -> None:
    named = config | {"name": unique("service"), "alert_grouping_parameters": [grouping]}
    other = {"type": "time", "config": [{"timeout": 90}]}
    round_trip(api, services.SERVICES, named, named | {"alert_grouping_parameters": [other]})


def test_the_older_way_to_group_alerts_comes_to_rest(api: Api, config: dict[str, Any]) -> None:
    round_trip(api, services.SERVICES, config | {"name": unique("service"), "alert_grouping": "intelligent"})


def test_pauses_come_to_rest(api: Api, config: dict[str, Any]) -> None:
    named = config | {"name": unique("service")}
    on = named | {"auto_pause_notifications_parameters": [{"enabled": True, "timeout": 300}]}
    off = named | {"auto_pause_notifications_parameters": [{"enabled": False}]}
    round_trip(api, services.SERVICES, on, off, named)


def test_a_service_without_an_incident_has_no_time_of_one(api: Api, config: dict[str, Any]) -> None:
    made = applied(api, services.SERVICES, config | {"name": unique("service")})
    assert (made.state["last_incident_timestamp"], made.state["status"]) == ("", "active")
    assert (made.state["type"], made.state["alert_grouping_timeout"]) == ("service", "null")


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_integrations_of_every_vendor_come_to_rest(api: Api, vendor: str) -> None:
    found = api.call("GET", f"/vendors?query={VENDORS[vendor].name.replace(' ', '+')}", into={"vendors": [{"id": str}]})
    assert vendor in [one["id"] for one in found["vendors"]]
    config = {"name": VENDORS[vendor].name, "service": service(api), "vendor": vendor}
    round_trip(api, services.INTEGRATIONS, config, config | {"name": "Changed"})


@pytest.mark.parametrize(
    "kind",
    [
        "aws_cloudwatch", "cloudkick", "event_transformer_api", "events_api_v2", "generic_events_api", "keynote",
        "nagios", "pingdom", "sql_monitor",
    ],
)  # fmt: skip
def test_integrations_of_every_type_come_to_rest(api: Api, kind: str) -> None:
    config = {"name": unique("in"), "service": service(api), "type": f"{kind}_inbound_integration"}
    round_trip(api, services.INTEGRATIONS, config, config | {"name": "Changed"})


def test_integrations_for_mail_come_to_rest_with_filters_and_parsers(api: Api) -> None:
    config = {
        "name": "Mail", "service": service(api), "type": "generic_email_inbound_integration",
        "integration_email": f"{unique('mail')}@example.com",
    }  # fmt: skip
    mail = {"email_incident_creation": "use_rules", "email_filter_mode": "and-rules-email",
            "email_parsing_fallback": "discard"}  # fmt: skip
    filters = [
        {"subject_mode": "match", "subject_regex": "(CRITICAL*)", "body_mode": "always", "from_email_mode": "no-match",
         "from_email_regex": "(@foo.test*)"},
        {"subject_mode": "always", "body_mode": "match", "body_regex": "down", "from_email_mode": "always"},
    ]  # fmt: skip
    resolve = {
        "action": "resolve",
        "match_predicate": [{"type": "any", "predicate": [
            {"type": "contains", "part": "subject", "matcher": "foo"},
            {"type": "not", "predicate": [{"type": "regex", "part": "body", "matcher": "(bar*)"}]},
        ]}],
        "value_extractor": [{"type": "between", "value_name": "incident_key", "part": "subject",
                             "starts_after": "start", "ends_before": "end"}],
    }  # fmt: skip
    trigger = resolve | {"action": "trigger", "value_extractor": [
        {"type": "regex", "value_name": "FieldName1", "part": "body", "regex": "(a|b)"}]}  # fmt: skip
    full = config | mail | {"email_filter": filters, "email_parser": [resolve, trigger]}
    fewer = {"email_parser": [trigger], "email_filter": filters[1:]}
    round_trip(api, services.INTEGRATIONS, full, full | fewer, full | {"email_filter_mode": "all-email"})
    round_trip(api, services.INTEGRATIONS, config, config | {"email_incident_creation": "on_new_email"})
