"""Webhook subscriptions, extensions and hand-off rules under Terraform."""

import json
from typing import Any

import pytest

from tests.clients.terraform import hooks, made, people
from tests.clients.terraform.api import Api
from tests.clients.terraform.not_built import needs
from tests.clients.terraform.plan import applied, round_trip

URL = "https://example.com/receive_a_pagerduty_webhook"


@needs(hooks.WEBHOOK_SUBSCRIPTIONS)
@pytest.mark.parametrize("kind", ["service", "team", "account"])
def test_webhook_subscriptions_come_to_rest_with_every_filter(api: Api, kind: str) -> None:
    makes = {"service": made.service, "team": made.team}
    filter = {"type": f"{kind}_reference"} | ({"id": makes[kind](api)} if kind in makes else {})
    headers = [{"name": "X-Foo", "value": "foo"}, {"name": "X-Bar", "value": "bar"}]
    config: dict[str, Any] = {
        "delivery_method": [{"url": URL, "custom_header": headers}], "filter": [filter], "active": True,
        "events": ["incident.triggered", "incident.acknowledged", "incident.resolved"], "description": "Tells us",
    }  # fmt: skip
    other = {"events": ["incident.resolved"], "active": False, "description": "Told"}  # the delivery method stays (H2)
    round_trip(api, hooks.WEBHOOK_SUBSCRIPTIONS, config, config | other)


@needs(hooks.WEBHOOK_SUBSCRIPTIONS)
def test_a_subscription_that_says_nothing_of_being_active_comes_to_rest(api: Api) -> None:
    config = {
        "delivery_method": [{"url": URL}],
        "filter": [{"type": "account_reference"}],
        "events": ["incident.triggered"],
    }
    round_trip(api, hooks.WEBHOOK_SUBSCRIPTIONS, config, config | {"events": ["incident.resolved"]})


def schema(api: Api, label: str) -> str:
    """An extension schema's id, as the provider's data source finds it."""
    listed = api.call("GET", "/extension_schemas?limit=100", None, {"extension_schemas": [{"id": str, "label": str}]})
    return next(one["id"] for one in listed["extension_schemas"] if one["label"].lower() == label.lower())


@needs(hooks.EXTENSIONS)
def test_extensions_come_to_rest_though_their_bodies_have_no_wrapper(api: Api) -> None:
    settings = {"notify_types": {"resolve": False, "acknowledge": False, "assignments": True}, "restrict": "any"}
    config = {
        "name": made.unique("extension"), "extension_schema": schema(api, "Generic V2 Webhook"),
        "extension_objects": [made.service(api)], "endpoint_url": URL,
    }  # fmt: skip
    round_trip(api, hooks.EXTENSIONS, config, config | {"name": made.unique("other"), "endpoint_url": f"{URL}/2"})
    round_trip(
        api, hooks.EXTENSIONS, config | {"config": json.dumps(settings)}, config | {"config": '{"restrict": "all"}'}
    )


@needs(hooks.USER_HANDOFF_RULES)
@pytest.mark.parametrize("kind", ["both", "oncall", "offcall"])
def test_hand_off_rules_come_to_rest_and_name_their_method_without_reference(api: Api, kind: str) -> None:
    user = made.user(api)
    method = {"user_id": user, "type": "phone_contact_method", "address": "2025550155", "label": "Home"}
    phone = applied(api, people.CONTACT_METHODS, method)
    target = [{"id": phone.id, "type": "phone_contact_method"}]
    config = {"user_id": user, "notify_advance_in_minutes": 180, "contact_method": target}
    round_trip(
        api, hooks.USER_HANDOFF_RULES, config | {"handoff_type": kind}, config | {"notify_advance_in_minutes": 0}
    )
