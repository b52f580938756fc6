"""One successful call of every operation that changes something configured, in an order that works."""

from dataclasses import dataclass
from typing import Any

from tests.rest_client import Reply, RestClient


@dataclass(frozen=True)
class Write:
    """An operation's key, the call (`{name}`: ids remembered before) and what to remember its thing as."""

    key: str
    url: str
    body: Any = None
    named: str = ""


def _ref(type: str, name: str | None = None) -> dict[str, str]:
    return {"id": f"{{{name or type}}}", "type": f"{type}_reference"}


_LAYER = {
    "name": "Days", "start": "2026-01-01T00:00:00Z", "rotation_virtual_start": "2026-01-01T00:00:00Z",
    "rotation_turn_length_seconds": 86400, "users": [{"user": _ref("user")}],
}  # fmt: skip
_SCHEDULE = {"type": "schedule", "name": "Primary", "time_zone": "UTC", "schedule_layers": [_LAYER]}
_RULE = {"escalation_delay_in_minutes": 30, "targets": [_ref("user")]}
_POLICY = {"type": "escalation_policy", "name": "Platform", "escalation_rules": [_RULE]}
_METHOD = {"type": "phone_contact_method", "label": "Home", "address": "5551234567", "country_code": 1}
_PLAN = {
    "type": "assignment_notification_rule", "urgency": "high", "start_delay_in_minutes": 5,
    "contact_method": _ref("phone_contact_method", "method"),
}  # fmt: skip
_HANDOFF = {"handoff_type": "both", "notify_advance_in_minutes": 5, "contact_method": _ref("x", "method")}
_HANDOFFS = "/users/{id}/oncall_handoff_notification_rules/{oncall_handoff_notification_rule_id}"
_APP = {"name": "Reviews", "scopes": ["users.read"], "redirect_urls": ["https://app.example.com/cb"]}
_SERVICE = {"type": "service", "name": "Checkout", "escalation_policy": _ref("escalation_policy", "policy")}
_OVERRIDE = {"start": "2090-01-01T00:00:00Z", "end": "2090-01-02T00:00:00Z", "user": _ref("user")}
_WINDOW = {
    "type": "maintenance_window", "start_time": "2090-01-01T00:00:00Z", "end_time": "2090-01-02T00:00:00Z",
    "services": [_ref("service")],
}  # fmt: skip
_LIMITS = {"absolute_session_ttl": 7200, "idle_session_ttl": 3600}
_FIELD = {"name": "tier", "display_name": "Tier", "data_type": "string", "field_type": "single_value_fixed"}
_OPTION = {"data": {"data_type": "string", "value": "gold"}}
_TYPE = {"name": "fraud", "display_name": "Fraud", "parent_type": "incident_default"}
_VALUES = {"custom_fields": [{"id": "{field}", "value": "silver"}]}
_HOOKS = "/webhook_subscriptions"
_HOOK = {
    "type": "webhook_subscription", "events": ["incident.triggered"], "filter": {"type": "account_reference"},
    "delivery_method": {
        "type": "http_delivery_method", "url": "https://hooks.example.com",
        "custom_headers": [{"name": "Authorization", "value": "hunter2 of the receiver"}],
    },
}  # fmt: skip
_EXTENSION = {
    "name": "Hook", "endpoint_url": "https://hooks.example.com", "extension_objects": [_ref("service")],
    "extension_schema": {"id": "PJFWPEP"}, "config": {"headers": [{"name": "X", "value": "hunter2 of the receiver"}]},
}  # fmt: skip
_USER, _TEAM, _SCHED = "/users/{user}", "/teams/{team}", "/schedules/{schedule}"
_SERV, _POL, _WIN = "/services/{service}", "/escalation_policies/{policy}", "/maintenance_windows/{window}"
_BUSINESS = "/business_services/{business}"
_EDGES = {"relationships": [
    {"supporting_service": _ref("service"), "dependent_service": _ref("business_service", "business")}
]}  # fmt: skip
_ADDON = {"type": "full_page_addon", "name": "Status", "src": "https://intranet.example.com"}
_UPDATES, _UPDATE_RULE = f"{_USER}/status_update_notification_rules", "status_update_notification_rule"
_WHO = {"subscriber_type": "user", "subscriber_id": "{user}"}
_WHAT = {"subscribables": [{"subscribable_type": "business_service", "subscribable_id": "{business}"}]}


def _fields(key: str, at: str) -> tuple[Write, ...]:
    """All writes of a collection of fields but the removal of the field; an option `silver` stays."""
    one, options = f"{at}/{{field}}", f"{at}/{{field}}/field_options"
    two = {"data": {"data_type": "string", "value": "silver"}}
    given = _FIELD | {"field_options": [two]}
    return (
        Write(f"POST {key}", at, {"field": given}, "field"),
        Write(f"PUT {key}/{{field_id}}", one, {"field": {"display_name": "Rank"}}),
        Write(f"POST {key}/{{field_id}}/field_options", options, {"field_option": _OPTION}, "option"),
        Write(
            f"PUT {key}/{{field_id}}/field_options/{{field_option_id}}", f"{options}/{{option}}",
            {"field_option": {"data": {"data_type": "string", "value": "bronze"}}},
        ),
        Write(f"DELETE {key}/{{field_id}}/field_options/{{field_option_id}}", f"{options}/{{option}}"),
    )  # fmt: skip


#: What needs a sign-in provider is tried against one, and watched, in tests/sign_on.
#: OAuth clients of webhooks need a token endpoint: tests/webhooks, watched.
ELSEWHERE = ("/tocsin/sign_in_", "/webhook_subscriptions/oauth_clients")
WRITES = (
    Write("POST /users", "/users", {"user": {"type": "user", "name": "Ann", "email": "ann@example.com"}}, "user"),
    Write("PUT /users/{id}", _USER, {"user": {"name": "Anna"}}),
    Write("POST /users/{id}/contact_methods", f"{_USER}/contact_methods", {"contact_method": _METHOD}, "method"),
    Write(
        "PUT /users/{id}/contact_methods/{contact_method_id}", f"{_USER}/contact_methods/{{method}}",
        {"contact_method": _METHOD | {"label": "Work"}},
    ),
    Write("POST /users/{id}/notification_rules", f"{_USER}/notification_rules", {"notification_rule": _PLAN}, "rule"),
    Write(
        "PUT /users/{id}/notification_rules/{notification_rule_id}", f"{_USER}/notification_rules/{{rule}}",
        {"notification_rule": _PLAN | {"start_delay_in_minutes": 9}},
    ),
    Write(
        "POST /users/{id}/contact_methods", f"{_USER}/contact_methods",
        {"contact_method": _METHOD | {"address": "5557654321"}}, "second",
    ),
    Write(
        "POST /users/{id}/status_update_notification_rules", _UPDATES,
        {_UPDATE_RULE: {"contact_method": _ref("phone_contact_method", "method")}}, "update_rule",
    ),
    Write(
        f"PUT /users/{{id}}/status_update_notification_rules/{{{_UPDATE_RULE}_id}}", f"{_UPDATES}/{{update_rule}}",
        {_UPDATE_RULE: {"contact_method": _ref("phone_contact_method", "second")}},
    ),
    Write(
        f"DELETE /users/{{id}}/status_update_notification_rules/{{{_UPDATE_RULE}_id}}", f"{_UPDATES}/{{update_rule}}"
    ),
    Write("DELETE /users/{id}/notification_rules/{notification_rule_id}", f"{_USER}/notification_rules/{{rule}}"),
    Write(
        "POST /users/{id}/oncall_handoff_notification_rules", f"{_USER}/oncall_handoff_notification_rules",
        {"oncall_handoff_notification_rule": _HANDOFF}, "handoff",
    ),
    Write(
        f"PUT {_HANDOFFS}", f"{_USER}/oncall_handoff_notification_rules/{{handoff}}",
        {"oncall_handoff_notification_rule": _HANDOFF | {"handoff_type": "oncall"}},
    ),
    Write(f"DELETE {_HANDOFFS}", f"{_USER}/oncall_handoff_notification_rules/{{handoff}}"),
    Write("POST /users/{id}/regenerate_private_url_key", f"{_USER}/regenerate_private_url_key"),
    Write("DELETE /users/{id}/contact_methods/{contact_method_id}", f"{_USER}/contact_methods/{{method}}"),
    Write("POST /teams", "/teams", {"team": {"type": "team", "name": "Platform"}}, "team"),
    Write("PUT /teams/{id}", _TEAM, {"team": {"type": "team", "name": "Core", "description": "x"}}),
    Write("PUT /teams/{id}/users/{user_id}", f"{_TEAM}/users/{{user}}", {"role": "manager"}),
    Write("POST /schedules", "/schedules", {"schedule": _SCHEDULE}, "schedule"),
    Write("PUT /schedules/{id}", _SCHED, {"schedule": _SCHEDULE | {"name": "Second"}}),
    Write("POST /schedules/{id}/overrides", f"{_SCHED}/overrides", {"overrides": [_OVERRIDE]}, "override"),
    Write("DELETE /schedules/{id}/overrides/{override_id}", f"{_SCHED}/overrides/{{override}}"),
    Write("POST /escalation_policies", "/escalation_policies", {"escalation_policy": _POLICY}, "policy"),
    Write("PUT /escalation_policies/{id}", _POL, {"escalation_policy": _POLICY | {"name": "Other"}}),
    Write(
        "PUT /teams/{id}/escalation_policies/{escalation_policy_id}", f"{_TEAM}/escalation_policies/{{policy}}"
    ),
    Write(
        "DELETE /teams/{id}/escalation_policies/{escalation_policy_id}", f"{_TEAM}/escalation_policies/{{policy}}"
    ),
    Write("POST /services", "/services", {"service": _SERVICE}, "service"),
    Write("PUT /services/{id}", _SERV, {"service": _SERVICE | {"name": "Cart"}}),
    Write(
        "POST /services/{id}/integrations", f"{_SERV}/integrations",
        {"integration": {"type": "events_api_v2_inbound_integration", "name": "A"}}, "integration",
    ),
    Write(
        "PUT /services/{id}/integrations/{integration_id}", f"{_SERV}/integrations/{{integration}}",
        {"integration": {"type": "events_api_v2_inbound_integration", "name": "B"}},
    ),
    Write("DELETE /services/{id}/integrations/{integration_id}", f"{_SERV}/integrations/{{integration}}"),
    *_fields("/services/custom_fields", "/services/custom_fields"),
    Write("PUT /services/{id}/custom_fields/values", f"{_SERV}/custom_fields/values", _VALUES),
    Write("DELETE /services/custom_fields/{field_id}", "/services/custom_fields/{field}"),
    Write("POST /incidents/types", "/incidents/types", {"incident_type": _TYPE}, "type"),
    Write("PUT /incidents/types/{type_id_or_name}", "/incidents/types/{type}", {"incident_type": {"enabled": False}}),
    *_fields("/incidents/types/{type_id_or_name}/custom_fields", "/incidents/types/{type}/custom_fields"),
    Write(
        "DELETE /incidents/types/{type_id_or_name}/custom_fields/{field_id}",
        "/incidents/types/{type}/custom_fields/{field}",
    ),
    *_fields("/incidents/custom_fields", "/incidents/custom_fields"),
    Write("DELETE /incidents/custom_fields/{field_id}", "/incidents/custom_fields/{field}"),
    Write("POST /business_services", "/business_services", {"business_service": {"name": "Shop"}}, "business"),
    Write("PUT /business_services/{id}", _BUSINESS, {"business_service": {"name": "Till"}}),
    Write("PATCH /business_services/{id}", _BUSINESS, {"business_service": {"name": "Shop"}}),
    Write("POST /service_dependencies/associate", "/service_dependencies/associate", _EDGES),
    Write("POST /service_dependencies/disassociate", "/service_dependencies/disassociate", _EDGES),
    Write("POST /business_services/{id}/subscribers", f"{_BUSINESS}/subscribers", {"subscribers": [_WHO]}),
    Write("POST /business_services/{id}/unsubscribe", f"{_BUSINESS}/unsubscribe", {"subscribers": [_WHO]}),
    Write("POST /business_services/{id}/account_subscription", f"{_BUSINESS}/account_subscription"),
    Write("DELETE /business_services/{id}/account_subscription", f"{_BUSINESS}/account_subscription"),
    *(
        Write(f"POST /{kind}/{{id}}/notification_subscriptions{verb}", f"{at}/notification_subscriptions{verb}", _WHAT)
        for kind, at in (("users", _USER), ("teams", _TEAM))
        for verb in ("", "/unsubscribe")
    ),
    Write("DELETE /business_services/{id}", _BUSINESS),
    Write("POST /templates", "/templates", {"template": {"name": "First"}}, "template"),
    Write("PUT /templates/{id}", "/templates/{template}", {"template": {"name": "Second"}}),
    Write("DELETE /templates/{id}", "/templates/{template}"),
    Write(
        "PUT /business_services/priority_thresholds", "/business_services/priority_thresholds",
        {"global_threshold": {"id": "{priority}", "order": 1}},
    ),
    Write("DELETE /business_services/priority_thresholds", "/business_services/priority_thresholds"),
    Write("POST /addons", "/addons", {"addon": _ADDON}, "addon"),
    Write("PUT /addons/{id}", "/addons/{addon}", {"addon": _ADDON | {"name": "Board"}}),
    Write("DELETE /addons/{id}", "/addons/{addon}"),
    Write("POST /tags", "/tags", {"tag": {"type": "tag", "label": "night"}}, "tag"),
    *(Write(f"POST /{many}/{{id}}/change_tags", f"{path}/change_tags", {"add": [{"type": "tag", "label": "night"}]})
      for many, path in (("users", _USER), ("teams", _TEAM), ("escalation_policies", _POL))),
    Write("DELETE /tags/{id}", "/tags/{tag}"),
    Write(
        "PUT /services/{id}/enablements/{feature_name}", f"{_SERV}/enablements/aiops",
        {"enablement": {"enabled": False}},
    ),
    Write("POST /maintenance_windows", "/maintenance_windows", {"maintenance_window": _WINDOW}, "window"),
    Write("PUT /maintenance_windows/{id}", _WIN, {"maintenance_window": _WINDOW | {"description": "Deploy"}}),
    Write("DELETE /maintenance_windows/{id}", _WIN),
    Write("POST /webhook_subscriptions", _HOOKS, {"webhook_subscription": _HOOK}, "hook"),
    Write("PUT /webhook_subscriptions/{id}", f"{_HOOKS}/{{hook}}", {"webhook_subscription": {"description": "x"}}),
    Write("POST /webhook_subscriptions/{id}/enable", f"{_HOOKS}/{{hook}}/enable"),
    Write("POST /tocsin/webhook_subscriptions/{id}/secrets", f"/tocsin{_HOOKS}/{{hook}}/secrets", {}, "secret"),
    Write(
        "DELETE /tocsin/webhook_subscriptions/{id}/secrets/{secret_id}", f"/tocsin{_HOOKS}/{{hook}}/secrets/{{secret}}"
    ),
    Write("DELETE /webhook_subscriptions/{id}", f"{_HOOKS}/{{hook}}"),
    Write("POST /extensions", "/extensions", {"extension": _EXTENSION}, "extension"),
    Write("PUT /extensions/{id}", "/extensions/{extension}", {"extension": {"name": "Other"}}),
    Write("POST /extensions/{id}/enable", "/extensions/{extension}/enable"),
    Write("DELETE /extensions/{id}", "/extensions/{extension}"),
    Write("DELETE /services/{id}", _SERV),
    Write("DELETE /escalation_policies/{id}", _POL),
    Write("DELETE /schedules/{id}", _SCHED),
    Write("DELETE /teams/{id}/users/{user_id}", f"{_TEAM}/users/{{user}}"),
    Write("DELETE /teams/{id}", _TEAM),
    Write("DELETE /users/{id}/sessions/{type}/{session_id}", "/users/{owner}/sessions/browser/{session}"),
    Write("DELETE /users/{id}/sessions", "/users/{owner}/sessions"),
    Write("DELETE /oauth_delegations", "/oauth_delegations?user_id={owner}&type=web"),
    Write("PUT /session_configurations", "/session_configurations?type=web", {"session_configuration": _LIMITS}),
    Write("DELETE /session_configurations", "/session_configurations?type=web"),
    Write("DELETE /users/{id}", _USER),
    Write("PUT /tocsin/account", "/tocsin/account", {"account": {"name": "Acme"}}),
    Write("POST /tocsin/apps", "/tocsin/apps", {"app": _APP}, "app"),
    Write("PUT /tocsin/apps/{id}", "/tocsin/apps/{app}", {"app": {"name": "Looks"}}),
    Write("POST /tocsin/apps/{id}/rotate_secret", "/tocsin/apps/{app}/rotate_secret", {}),
    Write("DELETE /tocsin/apps/{id}", "/tocsin/apps/{app}"),
)  # fmt: skip


def filled(value: Any, ids: dict[str, str]) -> Any:
    """`value` with the remembered ids in place."""
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, ids) for part in value]
    return value.format(**ids) if isinstance(value, str) else value


def call(client: RestClient, write: Write, ids: dict[str, str]) -> Reply:
    """Make the call; it has to succeed."""
    reply = client.send(write.key.split(" ")[0], filled(write.url, ids), filled(write.body, ids), lenient=True)
    assert reply.status < 300, (write.key, reply.body)
    if write.named:
        ids[write.named] = _id(reply.body)
    return reply


def _id(body: Any) -> str:
    """The first id that an answer holds."""
    if isinstance(body, dict):
        return str(body["id"]) if "id" in body else next(filter(None, map(_id, body.values())), "")
    return next(filter(None, map(_id, body)), "") if isinstance(body, list) else ""


_OPENS = ("client_secret", "integration_key", "secret")


def secrets(body: Any) -> set[str]:
    """Everything in an answer that opens something."""
    if isinstance(body, dict):
        own = {value for name, value in body.items() if name in _OPENS and isinstance(value, str)}
        return own.union(*map(secrets, body.values()))
    return set().union(*map(secrets, body)) if isinstance(body, list) else set()
