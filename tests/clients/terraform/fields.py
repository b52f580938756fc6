"""The provider's custom fields of incidents, incident types and services."""

import json
from typing import Any

from tests.clients.terraform.api import NEW, Api
from tests.clients.terraform.go import REFERENCE, Pointer, omitempty
from tests.clients.terraform.people import COMPUTED
from tests.clients.terraform.plan import Attribute, Resource, State, blocks, same_set

PREVIEW = {"X-EARLY-ACCESS": "service-custom-fields-preview"}
VALUE = {"data_type": str, "value": object}
OPTION = {"id": str, "type": str, "data": Pointer(VALUE)}
TEXT_OPTION = {
    "id": str, "type": str, "created_at": str, "updated_at": str, "data": Pointer({"data_type": str, "value": str}),
}  # fmt: skip
FIELD = {
    "id": str, "type": str, "name": str, "display_name": str, "description": Pointer(str), "data_type": str,
    "field_type": str, "default_value": object, "field_options": [OPTION],
}  # fmt: skip


def _field_body(planned: State) -> dict[str, Any]:
    names = ("name", "display_name", "description", "data_type", "field_type")
    return {"field": omitempty(**{name: planned[name] for name in names}) | _default(planned)}


def _default(planned: State) -> dict[str, Any]:
    """A text for one value of text; anything else is JSON in the configuration."""
    given = planned["default_value"]
    if not given:
        return {}
    plain = planned["field_type"] in ("single_value", "single_value_fixed") and planned["data_type"] in (
        "string",
        "url",
    )
    return {"default_value": given if plain else json.loads(given)}


def _told_default(field: dict[str, Any]) -> str | None:
    value = field["default_value"]
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _read_field(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/incidents/custom_fields/{id}", {"field": FIELD})
    if got is None:
        return None
    field = got["field"]
    names = ("name", "display_name", "data_type", "field_type")
    told = {"description": field["description"], "default_value": _told_default(field)}
    return {name: field[name] for name in names} | told


_FIELDS = "/incidents/custom_fields"
INCIDENT_FIELDS = Resource(
    "pagerduty_incident_custom_field",
    (f"POST {_FIELDS}", *(f"{verb} {_FIELDS}/{{field_id}}" for verb in ("GET", "PUT", "DELETE"))),
    {
        name: Attribute()
        for name in ("name", "display_name", "description", "data_type", "field_type", "default_value")
    },
    lambda api, planned: str(api.call("POST", _FIELDS, _field_body(planned), {"field": FIELD})["field"]["id"]),
    _read_field,
    lambda api, id, planned, _: api.call("PUT", f"{_FIELDS}/{id}", _field_body(planned), {"field": FIELD}),
    lambda api, id, _: api.call("DELETE", f"{_FIELDS}/{id}"),
)  # fmt: skip


def _options(planned: State) -> str:
    return f"{_FIELDS}/{planned['field']}/field_options"


def _option_body(planned: State) -> dict[str, Any]:
    return {"field_option": {"data": {name: planned[name] for name in ("data_type", "value")}}}


def _create_option(api: Api, planned: State) -> str:
    got = api.call("POST", _options(planned), _option_body(planned), {"field_option": OPTION})
    return str(got["field_option"]["id"])


def _read_option(api: Api, id: str, planned: State) -> State | None:
    """One option is looked for in the list: nothing reads a single one."""
    listed = api.found(_options(planned), {"field_options": [OPTION]})
    for one in (listed or {}).get("field_options", []):
        if one["id"] == id:
            return {"field": planned["field"], **one["data"]}
    return None


INCIDENT_FIELD_OPTIONS = Resource(
    "pagerduty_incident_custom_field_option",
    (
        *INCIDENT_FIELDS.operations, f"GET {_FIELDS}/{{field_id}}/field_options",
        f"POST {_FIELDS}/{{field_id}}/field_options",
        *(f"{verb} {_FIELDS}/{{field_id}}/field_options/{{field_option_id}}" for verb in ("PUT", "DELETE")),
    ),
    {name: Attribute() for name in ("field", "data_type", "value")},
    _create_option, _read_option,
    lambda api, id, planned, _: api.call(
        "PUT", f"{_options(planned)}/{id}", _option_body(planned), {"field_option": OPTION}
    ),
    lambda api, id, present: api.call("DELETE", f"{_options(present)}/{id}"), imported=("field",),
)  # fmt: skip

TYPE = {
    "enabled": bool, "id": str, "name": str, "parent": Pointer({"id": str, "type": str}), "type": str,
    "description": str, "updated_at": str, "display_name": str,
}  # fmt: skip
_TYPES = "/incidents/types"


def _create_type(api: Api, planned: State) -> str:
    """First it asks whether a disabled type has the name."""
    api.call(
        "GET", f"{_TYPES}?filter=disabled&limit=100", None, {"incident_types": [TYPE], "more": bool, "limit": int}, NEW
    )
    own = {name: planned[name] for name in ("name", "display_name", "parent_type")}
    more = {name: planned[name] for name in ("description", "enabled") if planned[name] is not None}
    got = api.call("POST", _TYPES, {"incident_type": own | more}, {"incident_type": TYPE}, NEW)
    return str(got["incident_type"]["id"])


def _read_type(api: Api, id: str, planned: State) -> State | None:
    """The parent may be configured by its name; it is looked up and compared."""
    got = api.found(f"{_TYPES}/{id}", {"incident_type": TYPE}, agent=NEW)
    if got is None:
        return None
    one, parent = got["incident_type"], planned["parent_type"]
    if one["parent"] and parent and one["parent"]["id"] != parent:
        found = api.call("GET", f"{_TYPES}/{parent}", None, {"incident_type": TYPE}, NEW)["incident_type"]
        assert parent in (found["id"], found["name"])
    told = {name: one[name] for name in ("name", "display_name", "enabled", "type")}
    return told | {"parent_type": parent, "description": one["description"] or None}


def _update_type(api: Api, id: str, planned: State, present: State) -> None:
    given = {name: planned[name] for name in ("display_name", "enabled", "description") if planned[name] is not None}
    api.call("PUT", f"{_TYPES}/{id}", {"incident_type": given}, {"incident_type": TYPE}, NEW)


INCIDENT_TYPES = Resource(
    "pagerduty_incident_type",
    (f"GET {_TYPES}", f"POST {_TYPES}", *(f"{verb} {_TYPES}/{{type_id_or_name}}" for verb in ("GET", "PUT"))),
    {
        "name": Attribute(), "display_name": Attribute(), "parent_type": Attribute(), "description": Attribute(),
        "enabled": COMPUTED, "type": COMPUTED,
    },
    _create_type, _read_type, _update_type, None, framework=True, imported=("parent_type",),
)  # fmt: skip

TYPE_FIELD = {
    "enabled": bool, "id": str, "name": str, "type": str, "self": str, "description": str, "field_type": str,
    "data_type": str, "created_at": str, "updated_at": str, "display_name": str, "default_value": object,
    "incident_type": str, "summary": str, "field_options": [TEXT_OPTION],
}  # fmt: skip


def _type_fields(type: str) -> str:
    return f"{_TYPES}/{type}/custom_fields"


def _create_type_field(api: Api, planned: State) -> str:
    data_type = planned["data_type"]
    options = [
        {"type": "field_option", "data": {"value": value, "data_type": data_type}}
        for value in planned["field_options"] or []
    ]
    own = {name: planned[name] or "" for name in ("name", "display_name", "data_type", "field_type")}
    more = {name: planned[name] for name in ("description", "enabled") if planned[name] is not None}
    default = {"default_value": json.loads(planned["default_value"])} if planned["default_value"] else {}
    body = {"field": own | more | default | omitempty(field_options=options)}
    got = api.call("POST", _type_fields(planned["incident_type"]), body, {"field": TYPE_FIELD}, NEW)["field"]
    return f"{planned['incident_type']}:{got['id']}"


def _one_type_field(api: Api, id: str) -> dict[str, Any] | None:
    type, field = id.split(":")
    path = f"{_type_fields(type)}/{field}?include%5B%5D=field_options"
    got = api.found(path, {"field": TYPE_FIELD}, agent=NEW)
    return got["field"] if got else None


def _read_type_field(api: Api, id: str, planned: State) -> State | None:
    field = _one_type_field(api, id)
    if field is None:
        return None
    assert f"{field['incident_type']}:{field['id']}" == id, "the state's id is made of the answer's incident_type"
    names = ("name", "type", "field_type", "data_type", "display_name", "enabled", "incident_type", "summary")
    options = [one["data"]["value"] for one in field["field_options"] if one["data"]]
    default = None if field["default_value"] is None else json.dumps(field["default_value"])
    return {name: field[name] for name in names} | {
        "field_options": options or None, "default_value": default, "description": field["description"] or None,
    }  # fmt: skip


def _update_type_field(api: Api, id: str, planned: State, present: State) -> None:
    """The field, then its options one by one; a default that is not set goes as null."""
    type, field = id.split(":")
    path = f"{_type_fields(type)}/{field}"
    found = _one_type_field(api, id)
    assert found is not None
    default = json.loads(planned["default_value"]) if planned["default_value"] else None
    names = ("display_name", "enabled", "description")
    given = {name: planned[name] for name in names if planned[name] is not None}
    api.call("PUT", path, {"field": given | {"default_value": default}}, {"field": TYPE_FIELD}, NEW)
    known = {one["data"]["value"]: one["id"] for one in found["field_options"]}
    wanted = set(planned["field_options"] or [])
    for value in wanted - known.keys():
        data = {"value": value, "data_type": found["data_type"]}
        api.call("POST", f"{path}/field_options", {"field_option": {"data": data}}, {"field_option": TEXT_OPTION}, NEW)
    for value in known.keys() - wanted:
        api.call("DELETE", f"{path}/field_options/{known[value]}", agent=NEW)


def _delete_type_field(api: Api, id: str, present: State) -> None:
    type, field = id.split(":")
    api.call("DELETE", f"{_type_fields(type)}/{field}", agent=NEW)


def _same_default(wanted: str | None, present: str | None) -> bool:
    if wanted is None or present is None:
        return wanted == present
    return bool(json.loads(wanted) == json.loads(present))


_OF_TYPE = f"{_TYPES}/{{type_id_or_name}}/custom_fields"
INCIDENT_TYPE_FIELDS = Resource(
    "pagerduty_incident_type_custom_field",
    (
        *INCIDENT_TYPES.operations, f"POST {_OF_TYPE}",
        *(f"{verb} {_OF_TYPE}/{{field_id}}" for verb in ("GET", "PUT", "DELETE")),
        f"POST {_OF_TYPE}/{{field_id}}/field_options",
        f"DELETE {_OF_TYPE}/{{field_id}}/field_options/{{field_option_id}}",
    ),
    {
        **{name: Attribute() for name in ("name", "incident_type", "display_name", "data_type", "field_type")},
        "description": Attribute(), "default_value": Attribute(same=_same_default), "enabled": COMPUTED,
        "field_options": Attribute(same=same_set), "summary": COMPUTED, "type": COMPUTED,
    },
    _create_type_field, _read_type_field, _update_type_field, _delete_type_field, framework=True,
)  # fmt: skip

SERVICE_FIELD = REFERENCE | {
    "name": str, "display_name": str, "enabled": bool, "data_type": str, "default_value": object, "description": str,
    "field_options": [TEXT_OPTION], "field_type": str, "created_at": str, "updated_at": str,
}  # fmt: skip
_OF_SERVICES = "/services/custom_fields"


def _service_field_body(planned: State, new: bool) -> dict[str, Any]:
    """A change sends options with the ids that the state has; new ones have none."""
    own = {"display_name": planned["display_name"], "enabled": planned["enabled"]}
    fixed = {name: planned[name] for name in ("name", "data_type", "field_type")} if new else {}
    options = [
        omitempty(id=one.get("id")) | {"data": {"data_type": planned["data_type"], "value": one["value"]}}
        for one in planned["field_option"] or []
    ]
    default = {"default_value": json.loads(planned["default_value"])} if planned["default_value"] else {}
    return {"field": own | fixed | default | omitempty(description=planned["description"], field_options=options)}


def _told_service_field(field: dict[str, Any]) -> State:
    names = ("name", "display_name", "data_type", "field_type", "enabled", "summary", "type", "self")
    options = [{"id": one["id"], **one["data"]} for one in field["field_options"]]
    default = None if field["default_value"] is None else json.dumps(field["default_value"])
    return {name: field[name] for name in names} | {
        "description": field["description"] or None, "default_value": default, "field_option": options or None,
    }  # fmt: skip


def _create_service_field(api: Api, planned: State) -> str:
    """The state is the POST's own answer, so that has the options too."""
    body = _service_field_body(planned, new=True)
    got = api.call("POST", _OF_SERVICES, body, {"field": SERVICE_FIELD}, NEW, **PREVIEW)["field"]
    assert len(got["field_options"]) == len(planned["field_option"] or [])
    return str(got["id"])


def _read_service_field(api: Api, id: str, planned: State) -> State | None:
    path = f"{_OF_SERVICES}/{id}?include%5B%5D=field_options"
    got = api.found(path, {"field": SERVICE_FIELD}, agent=NEW, **PREVIEW)
    return _told_service_field(got["field"]) if got else None


def _update_service_field(api: Api, id: str, planned: State, present: State) -> None:
    known = [one["id"] for one in present["field_option"] or []]
    blocks_of = planned["field_option"] or []
    planned["field_option"] = [{"id": known[n], **one} if n < len(known) else one for n, one in enumerate(blocks_of)]
    body = _service_field_body(planned, new=False)
    got = api.call("PUT", f"{_OF_SERVICES}/{id}", body, {"field": SERVICE_FIELD}, NEW, **PREVIEW)["field"]
    assert [one["data"]["value"] for one in got["field_options"]] == [one["value"] for one in blocks_of]


SERVICE_FIELDS = Resource(
    "pagerduty_service_custom_field",
    (f"POST {_OF_SERVICES}", *(f"{verb} {_OF_SERVICES}/{{field_id}}" for verb in ("GET", "PUT", "DELETE"))),
    {
        **{name: Attribute() for name in ("name", "display_name", "description", "data_type", "field_type")},
        **dict.fromkeys(("summary", "type", "self"), COMPUTED), "enabled": Attribute(True),
        "default_value": Attribute(same=_same_default), "field_option": Attribute(same=blocks({}, "id")),
    },
    _create_service_field, _read_service_field, _update_service_field,
    lambda api, id, _: api.call("DELETE", f"{_OF_SERVICES}/{id}", agent=NEW, **PREVIEW), framework=True,
)  # fmt: skip

FIELD_VALUE = {
    "id": str, "name": str, "display_name": str, "description": str, "data_type": str, "field_type": str, "type": str,
    "value": object,
}  # fmt: skip
VALUES = {"custom_fields": [FIELD_VALUE]}


def _put_values(api: Api, planned: State) -> str:
    """Every value with its name or id; what else its struct has goes along, empty."""
    empty = {"data_type": "", "field_type": "", "type": ""}
    sent = [
        empty | omitempty(name=one.get("name"), id=None if one.get("name") else one.get("id")) | {"value": one["value"]}
        for one in planned["custom_fields"]
    ]
    path = f"/services/{planned['service_id']}/custom_fields/values"
    api.call("PUT", path, {"custom_fields": sent}, VALUES, NEW, **PREVIEW)
    return str(planned["service_id"])


def _read_values(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/services/{id}/custom_fields/values", VALUES, agent=NEW, **PREVIEW)
    if got is None:
        return None
    by_key = {one[key]: one["value"] for one in got["custom_fields"] for key in ("id", "name")}
    wanted = planned["custom_fields"] or []
    told = [{**one, "value": by_key[one.get("name") or one["id"]]} for one in wanted]
    return {"service_id": id, "custom_fields": told}


SERVICE_FIELD_VALUES = Resource(
    "pagerduty_service_custom_field_value",
    (
        *SERVICE_FIELDS.operations, "GET /services/{id}/custom_fields/values",
        "PUT /services/{id}/custom_fields/values",
    ),
    {"service_id": Attribute(), "custom_fields": Attribute()},
    _put_values, _read_values, lambda api, id, planned, _: _put_values(api, planned) and None, None,
    framework=True, imported=("service_id", "custom_fields"),
)  # fmt: skip
