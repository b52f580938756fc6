"""The provider's maintenance windows, business services, service dependencies, tags and tag assignments."""

from typing import Any

from tests.clients.terraform.api import NEW, Api
from tests.clients.terraform.go import PAGE, REFERENCE, Pointer, omitempty
from tests.clients.terraform.people import COMPUTED, MANAGED, TEAM, USER
from tests.clients.terraform.plan import Attribute, Resource, State, same_set, same_time

WINDOW = REFERENCE | {
    "created_by": Pointer(REFERENCE), "description": str, "start_time": str, "end_time": str, "sequence_number": int,
    "services": [REFERENCE], "teams": [REFERENCE],
}  # fmt: skip


def _window_body(planned: State) -> dict[str, Any]:
    services = [{"id": id, "type": "service_reference"} for id in planned["services"]]
    times = {name: planned[name] for name in ("start_time", "end_time")}
    return {"maintenance_window": omitempty(services=services, description=planned["description"], **times)}


def _create_window(api: Api, planned: State) -> str:
    """Without a `From`: the provider sends none."""
    got = api.call("POST", "/maintenance_windows", _window_body(planned), {"maintenance_window": WINDOW})
    return str(got["maintenance_window"]["id"])


def _read_window(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/maintenance_windows/{id}", {"maintenance_window": WINDOW})
    if got is None:
        return None
    window = got["maintenance_window"]
    told = {name: window[name] for name in ("description", "start_time", "end_time")}
    return told | {"services": [one["id"] for one in window["services"]]}


def _update_window(api: Api, id: str, planned: State, present: State) -> None:
    api.call("PUT", f"/maintenance_windows/{id}", _window_body(planned), {"maintenance_window": WINDOW})


MAINTENANCE_WINDOWS = Resource(
    "pagerduty_maintenance_window",
    ("POST /maintenance_windows", *(f"{verb} /maintenance_windows/{{id}}" for verb in ("GET", "PUT", "DELETE"))),
    {
        "start_time": Attribute(same=same_time), "end_time": Attribute(same=same_time), "description": MANAGED,
        "services": Attribute(same=same_set),
    },
    _create_window, _read_window, _update_window, lambda api, id, _: api.call("DELETE", f"/maintenance_windows/{id}"),
)  # fmt: skip

BUSINESS = REFERENCE | {
    "name": str, "description": str, "point_of_contact": str, "team": Pointer({"id": str, "type": str, "self": str}),
}  # fmt: skip


def _business_body(planned: State, id: str = "") -> dict[str, Any]:
    """A service without a team is sent with the team `{}`, and what is read-only comes back with a change."""
    names = ("name", "type", "summary", "self", "point_of_contact", "html_url", "description")
    own = omitempty(id=id, **{name: planned[name] for name in names})
    return {"business_service": own | {"team": omitempty(id=planned["team"])}}


def _told_business(business: dict[str, Any]) -> State:
    names = ("description", "html_url", "name", "self", "summary", "type")
    team = business["team"]["id"] if business["team"] else None
    return {name: business[name] for name in names} | {
        "point_of_contact": business["point_of_contact"] or None, "team": team,
    }  # fmt: skip


def _create_business(api: Api, planned: State) -> str:
    got = api.call("POST", "/business_services", _business_body(planned), {"business_service": BUSINESS}, NEW)
    return str(got["business_service"]["id"])


def _read_business(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/business_services/{id}", {"business_service": BUSINESS}, agent=NEW)
    return None if got is None else _told_business(got["business_service"])


def _update_business(api: Api, id: str, planned: State, present: State) -> None:
    body = _business_body(planned, id)
    api.call("PUT", f"/business_services/{id}", body, {"business_service": BUSINESS}, NEW)


BUSINESS_SERVICES = Resource(
    "pagerduty_business_service",
    ("POST /business_services", *(f"{verb} /business_services/{{id}}" for verb in ("GET", "PUT", "DELETE"))),
    {
        "html_url": COMPUTED, "self": COMPUTED, "summary": COMPUTED, "name": Attribute(), "description": MANAGED,
        "point_of_contact": Attribute(), "team": Attribute(), "type": Attribute("business_service"),
    },
    _create_business, _read_business, _update_business,
    lambda api, id, _: api.call("DELETE", f"/business_services/{id}", agent=NEW), framework=True,
)  # fmt: skip

END = Pointer({"id": str, "type": str})
DEPENDENCY = {"id": str, "type": str, "supporting_service": END, "dependent_service": END}
RELATIONS = {"relationships": [DEPENDENCY]}
_SENT_AS = {"business_service_reference": "business_service", "technical_service_reference": "service"}
_LISTED_AT = {"service": "technical_services", "business_service": "business_services"}


def _relation(state: State) -> dict[str, Any]:
    ends = {f"{end}_service": state[f"{end}_service"] for end in ("supporting", "dependent")}
    return omitempty(id=state.get("id"), type=state["type"], **ends)


def _told_relation(relation: dict[str, Any]) -> State:
    state: State = {"id": relation["id"], "type": relation["type"]}
    for end in ("supporting_service", "dependent_service"):
        found = relation[end]
        assert found is not None, f"a dependency without its {end}"
        state[end] = {"id": found["id"], "type": _SENT_AS.get(found["type"], found["type"])}
    return state


def _associate(api: Api, planned: State) -> str:
    body = {"relationships": [_relation(planned)]}
    (made,) = api.call("POST", "/service_dependencies/associate", body, RELATIONS, NEW)["relationships"]
    assert {name: planned[name] for name in ("supporting_service", "dependent_service")}.items() <= _told_relation(
        made
    ).items()
    return str(made["id"])


def _relations_of(api: Api, id: str, state: State) -> dict[str, Any] | None:
    dependent = state["dependent_service"]
    path = f"/service_dependencies/{_LISTED_AT[dependent['type']]}/{dependent['id']}"
    listed = api.call("GET", path, None, RELATIONS, NEW)["relationships"]
    return next((one for one in listed if one["id"] == id), None)


def _read_relation(api: Api, id: str, planned: State) -> State | None:
    found = _relations_of(api, id, planned)
    return _told_relation(found) if found else None


def _disassociate(api: Api, id: str, present: State) -> None:
    found = _relations_of(api, id, present)
    assert found is not None
    body = {"relationships": [_relation(_told_relation(found))]}
    api.call("POST", "/service_dependencies/disassociate", body, RELATIONS, NEW)


SERVICE_DEPENDENCIES = Resource(
    "pagerduty_service_dependency",
    (
        "POST /service_dependencies/associate", "POST /service_dependencies/disassociate",
        "GET /service_dependencies/business_services/{id}", "GET /service_dependencies/technical_services/{id}",
        "POST /business_services",
    ),
    {
        "id": COMPUTED, "type": COMPUTED, "supporting_service": Attribute(same=lambda a, b: bool(a == b)),
        "dependent_service": Attribute(same=lambda a, b: bool(a == b)),
    },
    _associate, _read_relation, None, _disassociate, framework=True,
    imported=("dependent_service",),
)  # fmt: skip

TAG = REFERENCE | {"label": str}


def _read_tag(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/tags/{id}", {"tag": TAG}, agent=NEW)
    return None if got is None else {name: got["tag"][name] for name in ("label", "html_url", "summary")}


def _create_tag(api: Api, planned: State) -> str:
    body = {"tag": {"type": "tag", "label": planned["label"]}}
    return str(api.call("POST", "/tags", body, {"tag": TAG}, NEW)["tag"]["id"])


TAGS = Resource(
    "pagerduty_tag",
    ("POST /tags", "GET /tags/{id}", "DELETE /tags/{id}"),
    {"label": Attribute(), "html_url": COMPUTED, "summary": COMPUTED},
    _create_tag, _read_tag, None, lambda api, id, _: api.call("DELETE", f"/tags/{id}", agent=NEW), framework=True,
)  # fmt: skip
_ENTITIES = {"users": ("user", USER), "teams": ("team", TEAM), "escalation_policies": ("escalation_policy", REFERENCE)}


def _change_tags(api: Api, state: State, verb: str) -> str:
    """Only `add` or only `remove` is sent; nothing is read from the answer."""
    body = {verb: [{"type": "tag_reference", "id": state["tag_id"]}]}
    api.call("POST", f"/{state['entity_type']}/{state['entity_id']}/change_tags", body, agent=NEW)
    return f"{state['entity_id']}.{state['tag_id']}"


def _read_assignment(api: Api, id: str, planned: State) -> State | None:
    """First the entity itself, then every page of its tags."""
    kind, entity = planned["entity_type"], planned["entity_id"]
    one, shape = _ENTITIES[kind]
    if api.found(f"/{kind}/{entity}", {one: shape}, agent=NEW) is None:
        return None
    offset, more, found = 0, True, False
    while more and not found:
        page = api.call("GET", f"/{kind}/{entity}/tags?offset={offset}", None, PAGE | {"tags": [TAG]}, NEW)
        found = planned["tag_id"] in [tag["id"] for tag in page["tags"]]
        more, offset = page["more"], page["offset"] + page["limit"]
    return {name: planned[name] for name in ("entity_type", "entity_id", "tag_id")} if found else None


TAG_ASSIGNMENTS = Resource(
    "pagerduty_tag_assignment",
    ("POST /{entity_type}/{id}/change_tags", "GET /{entity_type}/{id}/tags", "POST /tags"),
    {name: Attribute() for name in ("entity_type", "entity_id", "tag_id")},
    lambda api, planned: _change_tags(api, planned, "add"), _read_assignment, None,
    lambda api, id, present: _change_tags(api, present, "remove") and None, framework=True,
    imported=("entity_type", "entity_id", "tag_id"),
)  # fmt: skip
