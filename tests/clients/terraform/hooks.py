"""The provider's webhook subscriptions, extensions and hand-off notification rules."""

import json
from typing import Any

from tests.clients.terraform.api import NEW, Api
from tests.clients.terraform.go import REFERENCE, Pointer, omitempty
from tests.clients.terraform.people import COMPUTED, METHOD
from tests.clients.terraform.plan import Attribute, Resource, State, blocks, same_set

DELIVERY = {
    "temporarily_disabled": bool, "type": str, "url": str, "secret": str,
    "custom_headers": [{"name": str, "value": str}],
}  # fmt: skip
SUBSCRIPTION = {
    "id": str, "type": str, "active": bool, "description": str, "delivery_method": DELIVERY, "events": [str],
    "filter": {"id": str, "type": str},
}  # fmt: skip


def _subscription_body(planned: State) -> dict[str, Any]:
    """`active` is always there, and `custom_headers`, null without any."""
    method, (filter,) = planned["delivery_method"][0], planned["filter"]
    headers = method.get("custom_header") or None
    delivery = omitempty(type=method.get("type") or "http_delivery_method", url=method["url"])
    own = omitempty(type=planned["type"], description=planned["description"], events=planned["events"])
    return {"webhook_subscription": own | {
        "active": bool(planned["active"]), "delivery_method": delivery | {"custom_headers": headers},
        "filter": omitempty(id=filter.get("id"), type=filter["type"]),
    }}  # fmt: skip


def _create_subscription(api: Api, planned: State) -> str:
    got = api.call(
        "POST", "/webhook_subscriptions", _subscription_body(planned), {"webhook_subscription": SUBSCRIPTION}
    )
    return str(got["webhook_subscription"]["id"])


def _read_subscription(api: Api, id: str, planned: State) -> State | None:
    """The GET carries a body: `{}`. The values of headers are secrets, so the provider keeps its own."""
    try_with = {"webhook_subscription": SUBSCRIPTION}
    got = api.found(f"/webhook_subscriptions/{id}", try_with, body={})
    if got is None:
        return None
    one = got["webhook_subscription"]
    method = one["delivery_method"]
    told = {name: method[name] for name in ("temporarily_disabled", "type", "url")}
    known = ((planned["delivery_method"] or [{}])[0]).get("custom_header") or []
    values = {header["name"]: header["value"] for header in known}
    headers = [one | {"value": values.get(one["name"], one["value"])} for one in method["custom_headers"]]
    state = {name: one[name] for name in ("type", "active", "description", "events")}
    return state | {"delivery_method": [told | {"custom_header": headers}], "filter": [one["filter"]]}


def _update_subscription(api: Api, id: str, planned: State, present: State) -> None:
    body = _subscription_body(planned)
    api.call("PUT", f"/webhook_subscriptions/{id}", body, {"webhook_subscription": SUBSCRIPTION})


_METHOD = blocks({"custom_header": blocks()}, "temporarily_disabled", "type")
WEBHOOK_SUBSCRIPTIONS = Resource(
    "pagerduty_webhook_subscription",
    ("POST /webhook_subscriptions", *(f"{verb} /webhook_subscriptions/{{id}}" for verb in ("GET", "PUT", "DELETE"))),
    {
        "delivery_method": Attribute(same=_METHOD), "type": Attribute("webhook_subscription"), "active": COMPUTED,
        "description": Attribute(), "events": Attribute(), "filter": Attribute(same=blocks()),
    },
    _create_subscription, _read_subscription, _update_subscription,
    lambda api, id, _: api.call("DELETE", f"/webhook_subscriptions/{id}"),
    imported=("delivery_method",),  # the values of headers cannot be read back
)  # fmt: skip

EXTENSION = REFERENCE | {
    "name": str, "endpoint_url": str, "extension_objects": [REFERENCE], "extension_schema": REFERENCE, "config": object,
}  # fmt: skip


def _extension_body(planned: State, id: str = "") -> dict[str, Any]:
    """An extension goes without its wrapper; `config` is null where there is none."""
    objects = [{"id": one, "type": "service_reference"} for one in planned["extension_objects"]]
    schema = {"id": planned["extension_schema"], "type": "extension_schema_reference"}
    config = json.loads(planned["config"]) if planned["config"] else None
    return omitempty(id=id, endpoint_url=planned["endpoint_url"], type="extension") | {
        "name": planned["name"] or "", "extension_objects": objects, "extension_schema": schema, "config": config,
    }  # fmt: skip


def _read_extension(api: Api, id: str, planned: State) -> State | None:
    """Only objects of the type `service_reference` are read; a token in the settings is kept from the state."""
    got = api.found(f"/extensions/{id}", {"extension": EXTENSION}, agent=NEW)
    if got is None:
        return None
    one, config = got["extension"], got["extension"]["config"]
    if isinstance(config, dict):
        token = json.loads(planned["config"]).get("access_token") if planned["config"] else None
        config = {name: value for name, value in config.items() if name != "access_token"} | omitempty(
            access_token=token
        )
    return {
        "name": one["name"], "html_url": one["html_url"], "summary": one["summary"],
        "endpoint_url": one["endpoint_url"] or None, "config": json.dumps(config),
        "extension_schema": one["extension_schema"]["id"],
        "extension_objects": [one["id"] for one in one["extension_objects"] if one["type"] == "service_reference"],
    }  # fmt: skip


def _create_extension(api: Api, planned: State) -> str:
    got = api.call("POST", "/extensions", _extension_body(planned), {"extension": EXTENSION}, NEW)
    return str(got["extension"]["id"])


def _same_json(wanted: str, present: str) -> bool:
    return bool(json.loads(wanted) == json.loads(present))


EXTENSIONS = Resource(
    "pagerduty_extension",
    (
        "GET /extension_schemas", "POST /extensions",
        *(f"{verb} /extensions/{{id}}" for verb in ("GET", "PUT", "DELETE")),
    ),
    {
        "name": COMPUTED, "html_url": COMPUTED, "endpoint_url": Attribute(), "summary": COMPUTED,
        "extension_objects": Attribute(same=same_set), "extension_schema": Attribute(),
        "config": Attribute(computed=True, same=_same_json),
    },
    _create_extension, _read_extension,
    lambda api, id, planned, _: api.call(
        "PUT", f"/extensions/{id}", _extension_body(planned, id), {"extension": EXTENSION}, NEW
    ),
    lambda api, id, _: api.call("DELETE", f"/extensions/{id}", agent=NEW), framework=True,
)  # fmt: skip

HANDOFF = {
    "id": str, "notify_advance_in_minutes": int, "handoff_type": str, "contact_method": Pointer(METHOD),
}  # fmt: skip
_ONE = "oncall_handoff_notification_rule"


def _handoffs(planned: State) -> str:
    return f"/users/{planned['user_id']}/oncall_handoff_notification_rules"


def _handoff_body(planned: State) -> dict[str, Any]:
    empty = {"id": "", "type": "", "summary": "", "self": "", "label": "", "address": "", "html_url": ""}
    own = omitempty(handoff_type=planned["handoff_type"])
    minutes = planned["notify_advance_in_minutes"]
    return {_ONE: own | {"notify_advance_in_minutes": minutes, "contact_method": empty | planned["contact_method"][0]}}


def _create_handoff(api: Api, planned: State) -> str:
    return str(api.call("POST", _handoffs(planned), _handoff_body(planned), {_ONE: HANDOFF}, NEW)[_ONE]["id"])


def _read_handoff(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"{_handoffs(planned)}/{id}", {_ONE: HANDOFF}, agent=NEW)
    if got is None:
        return None
    one = got[_ONE]
    assert one["contact_method"] is not None
    target = {name: one["contact_method"][name] for name in ("id", "type", "summary", "self", "html_url")}
    told = {name: one[name] for name in ("handoff_type", "notify_advance_in_minutes")}
    return told | {"user_id": planned["user_id"], "contact_method": [target]}


USER_HANDOFF_RULES = Resource(
    "pagerduty_user_handoff_notification_rule",
    (
        "POST /users/{id}/oncall_handoff_notification_rules",
        *(
            f"{verb} /users/{{id}}/oncall_handoff_notification_rules/{{oncall_handoff_notification_rule_id}}"
            for verb in ("GET", "PUT", "DELETE")
        ),
    ),
    {
        "user_id": Attribute(), "handoff_type": COMPUTED, "notify_advance_in_minutes": Attribute(),
        "contact_method": Attribute(same=blocks({}, "summary", "self", "html_url")),
    },
    _create_handoff, _read_handoff,
    lambda api, id, planned, _: api.call(
        "PUT", f"{_handoffs(planned)}/{id}", _handoff_body(planned), {_ONE: HANDOFF}, NEW
    ),
    lambda api, id, present: api.call("DELETE", f"{_handoffs(present)}/{id}", agent=NEW),
    framework=True, imported=("user_id",),
)  # fmt: skip
