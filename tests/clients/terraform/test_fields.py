"""Custom fields of incidents, incident types and services under Terraform."""

import json
import uuid
from typing import Any

import pytest

from tests.clients.terraform import fields, made
from tests.clients.terraform.api import Api
from tests.clients.terraform.not_built import needs
from tests.clients.terraform.plan import applied, round_trip


def key(name: str) -> str:
    """A name of lower-case letters and digits that no other test uses."""
    return f"{name}_{uuid.uuid4().hex[:10]}"


def named(**more: Any) -> dict[str, Any]:
    """A field with a name and a display name of its own."""
    name = key("field")
    return {"name": name, "display_name": name.title(), **more}


@needs(fields.INCIDENT_FIELDS)
@pytest.mark.parametrize(
    ("data_type", "field_type", "default"),
    [
        ("string", "single_value", "prod"), ("string", "multi_value", '["a", "b"]'), ("integer", "single_value", "42"),
        ("float", "single_value", "3.5"), ("boolean", "single_value", "true"), ("string", "single_value_fixed", None),
        ("url", "single_value", "https://example.com"), ("datetime", "single_value", None),
        ("string", "multi_value_fixed", None),
    ],
)  # fmt: skip
def test_fields_of_incidents_come_to_rest(api: Api, data_type: str, field_type: str, default: str | None) -> None:
    config = named(data_type=data_type, field_type=field_type)
    config |= {"default_value": default} if default else {}
    round_trip(api, fields.INCIDENT_FIELDS, config | {"description": "What"}, config | {"description": "Changed"})


@needs(fields.INCIDENT_FIELD_OPTIONS)
def test_options_of_fields_come_to_rest(api: Api) -> None:
    config = named(data_type="string", field_type="single_value_fixed")
    field = applied(api, fields.INCIDENT_FIELDS, config)
    option = {"field": field.id, "data_type": "string", "value": "production"}
    round_trip(api, fields.INCIDENT_FIELD_OPTIONS, option, option | {"value": "staging"})
    field.destroy()


@needs(fields.INCIDENT_TYPES)
def test_incident_types_come_to_rest(api: Api) -> None:
    config = named(parent_type="incident_default")
    changed = config | {"display_name": key("Other").title(), "description": "Changed", "enabled": False}
    round_trip(api, fields.INCIDENT_TYPES, config | {"description": "Why"}, changed)
    round_trip(api, fields.INCIDENT_TYPES, named(parent_type="incident_default"))


@needs(fields.INCIDENT_TYPE_FIELDS)
def test_fields_of_incident_types_come_to_rest_with_their_options(api: Api) -> None:
    type = applied(api, fields.INCIDENT_TYPES, named(parent_type="incident_default")).id
    plain = named(incident_type=type, data_type="integer", field_type="single_value", default_value="7")
    fixed = named(incident_type=type, data_type="string", field_type="multi_value_fixed", field_options=["a", "b"])
    round_trip(api, fields.INCIDENT_TYPE_FIELDS, plain, plain | {"default_value": None, "enabled": False})
    round_trip(api, fields.INCIDENT_TYPE_FIELDS, fixed, fixed | {"field_options": ["b", "c", "d"]})


@needs(fields.SERVICE_FIELDS)
def test_fields_of_services_come_to_rest_with_their_options_in_order(api: Api) -> None:
    plain = named(data_type="string", field_type="single_value", description="What")
    round_trip(api, fields.SERVICE_FIELDS, plain, plain | {"display_name": key("Other"), "enabled": False})
    options = [{"data_type": "string", "value": value} for value in ("production", "staging", "development")]
    fixed = named(data_type="string", field_type="single_value_fixed", field_option=options)
    round_trip(
        api, fields.SERVICE_FIELDS, fixed, fixed | {"field_option": [*options[1:], options[0] | {"value": "qa"}]}
    )
    round_trip(api, fields.SERVICE_FIELDS, named(data_type="boolean", field_type="single_value", default_value="true"))


@needs(fields.SERVICE_FIELD_VALUES)
def test_values_of_services_fields_come_to_rest_by_name_and_by_id(api: Api) -> None:
    text = applied(api, fields.SERVICE_FIELDS, named(data_type="string", field_type="single_value"))
    url = applied(api, fields.SERVICE_FIELDS, named(data_type="url", field_type="single_value"))
    name = text.state["name"]
    values = [{"name": name, "value": "production"}, {"id": url.id, "value": "https://example.com"}]
    config = {"service_id": made.service(api), "custom_fields": values}
    other = [values[0] | {"value": json.dumps("quoted")}, values[1]]
    round_trip(api, fields.SERVICE_FIELD_VALUES, config, config | {"custom_fields": other})
