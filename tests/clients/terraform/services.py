"""The provider's services and their integrations."""

from typing import Any

from tests.clients.terraform.api import Api
from tests.clients.terraform.go import REFERENCE, Pointer, omitempty
from tests.clients.terraform.people import COMPUTED, MANAGED
from tests.clients.terraform.plan import Attribute, Resource, State, blocks

URGENCY = {"type": str, "urgency": str}
HOURS = {"days_of_week": [int], "end_time": str, "start_time": str, "time_zone": str, "type": str}
GROUPING = {
    "type": Pointer(str),
    "config": Pointer({
        "timeout": Pointer(int), "aggregate": Pointer(str), "fields": [str], "time_window": Pointer(int),
        "recommended_time_window": Pointer(int),
    }),
}  # fmt: skip
SERVICE = REFERENCE | {
    "name": str, "description": str, "status": str, "created_at": str, "last_incident_timestamp": str,
    "acknowledgement_timeout": Pointer(int), "auto_resolve_timeout": Pointer(int), "addons": [REFERENCE],
    "alert_creation": str, "alert_grouping": Pointer(str), "alert_grouping_timeout": Pointer(int),
    "alert_grouping_parameters": Pointer(GROUPING), "escalation_policy": Pointer(REFERENCE),
    "auto_pause_notifications_parameters": Pointer({"enabled": bool, "timeout": Pointer(int)}),
    "response_play": Pointer(REFERENCE), "integrations": [REFERENCE], "teams": [REFERENCE],
    "incident_urgency_rule": Pointer(URGENCY | {
        "during_support_hours": Pointer(URGENCY), "outside_support_hours": Pointer(URGENCY),
    }),
    "scheduled_actions": [Pointer({"at": Pointer({"name": str, "type": str}), "to_urgency": str, "type": str})],
    "support_hours": Pointer(HOURS),
}  # fmt: skip
PREDICATE: dict[str, Any] = {"matcher": str, "part": str, "type": str}
PREDICATE["children"] = [Pointer({**PREDICATE, "children": [Pointer(dict(PREDICATE))]})]
EXTRACTOR = {"value_name": str, "part": str, "starts_after": str, "ends_before": str, "type": str, "regex": str}
PARSER = {"action": str, "id": Pointer(int), "match_predicate": Pointer(PREDICATE), "value_extractors": [EXTRACTOR]}
FILTER = {
    "id": str, "body_mode": str, "body_regex": str, "from_email_mode": str, "from_email_regex": str,
    "subject_mode": str, "subject_regex": str,
}  # fmt: skip
INTEGRATION = REFERENCE | {
    "name": str, "created_at": str, "integration_email": str, "integration_key": str, "email_incident_creation": str,
    "email_filter_mode": str, "email_parsing_fallback": str, "email_parsers": [PARSER], "email_filters": [FILTER],
    "service": Pointer(REFERENCE), "vendor": Pointer(REFERENCE),
}  # fmt: skip


def _seconds(text: str) -> int | None:
    return None if text == "null" else int(text)


def _grouping(block: State | None) -> dict[str, Any] | None:
    """Only two kinds have settings; an empty `aggregate` is sent as it is."""
    if not block:
        return None
    config = (block.get("config") or [{}])[0]
    sent: dict[str, Any] = {}
    if block["type"] in ("time", "content_based"):
        sent = {"aggregate": config.get("aggregate") or ""} | omitempty(fields=config.get("fields"))
        sent |= {"timeout": config.get("timeout") or 0} if block["type"] == "time" else {}
    return omitempty(type=block["type"]) | ({"config": sent} if sent else {})


def _urgency(block: State | None) -> dict[str, Any] | None:
    if not block:
        return None
    hours = {name: (block.get(name) or [None])[0] for name in ("during_support_hours", "outside_support_hours")}
    return omitempty(type=block["type"], urgency=block.get("urgency"), **hours)


def _first(planned: State, name: str) -> Any:
    return (planned[name] or [None])[0]


def _service_body(planned: State) -> dict[str, Any]:
    rule, pause = (
        _urgency(_first(planned, "incident_urgency_rule")),
        _first(planned, "auto_pause_notifications_parameters"),
    )
    actions = [one | {"at": one["at"][0]} for one in planned["scheduled_actions"] or []]
    if not actions and rule and rule["type"] == "use_support_hours":
        actions = [None]
    always = {
        "acknowledgement_timeout": _seconds(planned["acknowledgement_timeout"]),
        "auto_resolve_timeout": _seconds(planned["auto_resolve_timeout"]), "alert_grouping": planned["alert_grouping"],
    }  # fmt: skip
    if pause:
        pause = {"enabled": pause["enabled"]} | ({"timeout": pause["timeout"]} if pause["enabled"] else {})
    return {"service": always | omitempty(
        name=planned["name"], description=planned["description"], alert_creation=planned["alert_creation"],
        alert_grouping_parameters=_grouping(_first(planned, "alert_grouping_parameters")),
        auto_pause_notifications_parameters=pause, incident_urgency_rule=rule, scheduled_actions=actions,
        escalation_policy={"id": planned["escalation_policy"], "type": "escalation_policy_reference"},
        support_hours=_first(planned, "support_hours"),
    )}  # fmt: skip


def _told(service: dict[str, Any]) -> State:
    """What the provider keeps of an answer; what is null leaves the state as it was."""
    names = ("name", "type", "html_url", "status", "created_at", "description", "alert_creation")
    state = {name: service[name] for name in (*names, "last_incident_timestamp")}
    for name in ("acknowledgement_timeout", "auto_resolve_timeout", "alert_grouping_timeout"):
        state[name] = "null" if service[name] is None else str(service[name])
    state["escalation_policy"] = service["escalation_policy"]["id"]
    if service["alert_grouping"]:
        state["alert_grouping"] = service["alert_grouping"]
    if grouping := service["alert_grouping_parameters"]:
        state["alert_grouping_parameters"] = [{"type": grouping["type"], "config": [grouping["config"] or {}]}]
    if pause := service["auto_pause_notifications_parameters"]:
        timeout = {"timeout": pause["timeout"]} if pause["enabled"] else {}
        state["auto_pause_notifications_parameters"] = [{"enabled": pause["enabled"], **timeout}]
    if rule := service["incident_urgency_rule"]:
        hours = {name: [rule[name]] for name in ("during_support_hours", "outside_support_hours") if rule[name]}
        state["incident_urgency_rule"] = [{"type": rule["type"], "urgency": rule["urgency"], **hours}]
    if service["support_hours"]:
        state["support_hours"] = [omitempty(**service["support_hours"])]
    assert None not in service["scheduled_actions"], "the provider looks into every action"
    state["scheduled_actions"] = [one | {"at": [one["at"]]} for one in service["scheduled_actions"]]
    return state


def _read_service(api: Api, id: str, planned: State) -> State | None:
    path = f"/services/{id}?include%5B%5D=auto_pause_notifications_parameters"
    got = api.found(path, {"service": SERVICE})
    return None if got is None else {**planned, **_told(got["service"])}


def _create_service(api: Api, planned: State) -> str:
    return str(api.call("POST", "/services", _service_body(planned), {"service": SERVICE})["service"]["id"])


def _update_service(api: Api, id: str, planned: State, present: State) -> None:
    """The state after a change is what the PUT answers, without a further read."""
    api.call("PUT", f"/services/{id}", _service_body(planned), {"service": SERVICE})


_CONFIG = blocks(
    {"config": blocks({}, "timeout", "fields", "aggregate", "time_window", "recommended_time_window")}, "config"
)
_HOURLY = blocks({"during_support_hours": blocks(), "outside_support_hours": blocks()})
SERVICES = Resource(
    "pagerduty_service",
    ("POST /services", "GET /services/{id}", "PUT /services/{id}", "DELETE /services/{id}"),
    {
        "name": Attribute(), "html_url": COMPUTED, "description": MANAGED, "type": COMPUTED, "status": COMPUTED,
        "alert_creation": Attribute("create_alerts_and_incidents"), "created_at": COMPUTED,
        "alert_grouping": COMPUTED, "alert_grouping_timeout": COMPUTED, "last_incident_timestamp": COMPUTED,
        "alert_grouping_parameters": Attribute(computed=True, same=_CONFIG), "escalation_policy": Attribute(),
        "auto_pause_notifications_parameters": Attribute(computed=True, same=blocks()),
        "auto_resolve_timeout": Attribute("14400"), "acknowledgement_timeout": Attribute("1800"),
        "incident_urgency_rule": Attribute(computed=True, same=_HOURLY), "support_hours": Attribute(same=blocks()),
        "scheduled_actions": Attribute(same=blocks({"at": blocks()})),
    },
    _create_service, _read_service, _update_service, lambda api, id, _: api.call("DELETE", f"/services/{id}"),
)  # fmt: skip
_TEXTS = (
    "integration_key",
    "integration_email",
    "email_incident_creation",
    "email_filter_mode",
    "email_parsing_fallback",
)


def _predicate(block: State) -> dict[str, Any]:
    inner = [omitempty(**{**one, "predicate": None}) for one in block.get("predicate") or []]
    return omitempty(type=block["type"], part=block.get("part"), matcher=block.get("matcher"), children=inner)


def _parser(block: State) -> dict[str, Any]:
    """A new parser's id is sent as 0."""
    match = block["match_predicate"][0]
    children = [_predicate(one) for one in match["predicate"]]
    return {"id": block.get("id") or 0, "action": block["action"]} | omitempty(
        match_predicate={"type": match["type"], "children": children},
        value_extractors=[omitempty(**one) for one in block.get("value_extractor") or []],
    )


def _integration_body(planned: State) -> dict[str, Any]:
    service = {"type": "service", "id": planned["service"]}
    vendor = {"id": planned["vendor"], "type": "vendor"} if planned["vendor"] else None
    return {"integration": omitempty(
        name=planned["name"], type=planned["type"] or "service_integration", service=service, vendor=vendor,
        email_parsers=[_parser(one) for one in planned["email_parser"] or []],
        email_filters=[omitempty(**one) for one in planned["email_filter"] or []],
        **{name: planned[name] for name in _TEXTS},
    )}  # fmt: skip


def _integrations(planned: State) -> str:
    return f"/services/{planned['service']}/integrations"


def _create_integration(api: Api, planned: State) -> str:
    got = api.call("POST", _integrations(planned), _integration_body(planned), {"integration": INTEGRATION})
    return str(got["integration"]["id"])


def _flat_parser(parser: dict[str, Any]) -> State:
    match = parser["match_predicate"]
    assert match is not None, "the provider looks into every predicate"
    predicates = []
    for one in match["children"]:
        inner = [{name: child[name] for name in ("type", "part", "matcher")} for child in one["children"]]
        own = {"predicate": inner} if one["type"] == "not" else {"part": one["part"], "matcher": one["matcher"]}
        predicates.append({"type": one["type"], **own})
    names = ("type", "value_name", "part", "starts_after", "ends_before", "regex")
    extractors = [{name: one[name] for name in names} for one in parser["value_extractors"]]
    match_predicate = [{"type": match["type"], "predicate": predicates}]
    return {"id": parser["id"], "action": parser["action"], "match_predicate": match_predicate,
            "value_extractor": extractors}  # fmt: skip


def _read_integration(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"{_integrations(planned)}/{id}", {"integration": INTEGRATION})
    if got is None:
        return None
    one = got["integration"]
    vendor = one["vendor"]["id"] if one["vendor"] else planned["vendor"]
    told = {name: one[name] or planned[name] for name in (*_TEXTS, "html_url")}
    own = {"name": one["name"], "type": one["type"], "service": one["service"]["id"], "vendor": vendor}
    parsers = [_flat_parser(parser) for parser in one["email_parsers"]]
    return {**told, **own, "email_filter": one["email_filters"], "email_parser": parsers}


def _update_integration(api: Api, id: str, planned: State, present: State) -> None:
    """Blocks keep the ids of their places."""
    known = {name: [one["id"] for one in present[name]] for name in ("email_filter", "email_parser")}
    for name, ids in known.items():
        blocks_of = planned[name] or []
        planned[name] = [{"id": ids[n], **one} if n < len(ids) else one for n, one in enumerate(blocks_of)]
    path = f"{_integrations(planned)}/{id}"
    api.call("PUT", path, _integration_body(planned), {"integration": INTEGRATION})


_PARSERS = blocks(
    {"match_predicate": blocks({"predicate": blocks({"predicate": blocks()})}), "value_extractor": blocks()}, "id"
)
INTEGRATIONS = Resource(
    "pagerduty_service_integration",
    tuple(f"{verb} /services/{{id}}/integrations/{{integration_id}}" for verb in ("GET", "PUT")),
    {
        "name": Attribute(), "service": Attribute(), "type": COMPUTED, "vendor": COMPUTED, "html_url": COMPUTED,
        **dict.fromkeys(_TEXTS, COMPUTED), "email_filter": Attribute(same=blocks({}, "id")),
        "email_parser": Attribute(same=_PARSERS),
    },
    _create_integration, _read_integration, _update_integration,
    lambda api, id, present: api.call("DELETE", f"{_integrations(present)}/{id}"), imported=("service",),
)  # fmt: skip
