"""Values of services' custom fields (core:I121, core:I122)."""

from typing import Any

import pytest

from tests.fields.test_definitions import SERVICES, add, change, fixed
from tests.rest_client import Reply, RestClient
from tests.services.test_services_api import add as add_service
from tests.services.test_services_api import policy
from tocsin.core.db import Database

__all__ = ["policy"]


@pytest.fixture
def service(rest_client: RestClient, policy: str) -> str:
    """A service's id."""
    return str(add_service(rest_client, policy)["id"])


def values(client: RestClient, service: str) -> dict[str, Any]:
    """Name -> value of a service's fields."""
    got = client.get(f"/services/{service}/custom_fields/values")
    return {one["name"]: one["value"] for one in got.body["custom_fields"]}


def put(client: RestClient, service: str, **by_name: Any) -> Reply:
    """Set values by name, as the Terraform provider sends them."""
    items = [
        {"name": name, "value": value, "data_type": "", "field_type": "", "type": ""} for name, value in by_name.items()
    ]
    return client.put(f"/services/{service}/custom_fields/values", {"custom_fields": items}, lenient=True)


def test_values_are_set_read_and_taken_away(rest_client: RestClient, service: str) -> None:
    fixed(rest_client, SERVICES, "regions", field_type="multi_value_fixed")
    add(rest_client, SERVICES, "critical", data_type="boolean")
    assert values(rest_client, service) == {"regions": None, "critical": None}
    got = put(rest_client, service, regions=["production", "staging"], critical=True)
    assert (got.status, got.body["custom_fields"][0]["type"]) == (201, "field_value")
    assert values(rest_client, service) == {"regions": ["production", "staging"], "critical": True}
    assert put(rest_client, service, critical=None).status == 201
    assert values(rest_client, service) == {"regions": ["production", "staging"], "critical": None}
    assert put(rest_client, service).status == 201


def test_all_are_set_or_none(rest_client: RestClient, service: str) -> None:
    fixed(rest_client, SERVICES, "regions")
    add(rest_client, SERVICES, "owner")
    got = put(rest_client, service, owner="us", regions="moon", nothing=1)
    assert got.errors == [
        "regions must be one of its options: staging, production", "Custom field nothing not found",
    ]  # fmt: skip
    assert values(rest_client, service) == {"regions": None, "owner": None}
    assert put(rest_client, "PNONE", owner="x").status == 404
    rest_client.delete(f"/services/{service}")
    assert rest_client.get(f"/services/{service}/custom_fields/values").status == 404


def test_the_default_holds_until_somebody_says_otherwise(rest_client: RestClient, service: str) -> None:
    field = add(rest_client, SERVICES, "tier", data_type="integer", default_value=3)
    assert values(rest_client, service) == {"tier": 3}
    put(rest_client, service, tier=1)
    change(rest_client, SERVICES, field["id"], default_value=2)
    assert values(rest_client, service) == {"tier": 1}
    put(rest_client, service, tier=None)
    assert values(rest_client, service) == {"tier": 2}


def test_fields_of_incidents_are_none_of_a_service(rest_client: RestClient, service: str) -> None:
    add(rest_client, "/incidents/custom_fields", "who")
    assert put(rest_client, service, who="x").errors == ["Custom field who not found"]
    assert values(rest_client, service) == {}


def test_a_change_of_values_is_recorded_with_the_service(
    rest_client: RestClient, database: Database, service: str
) -> None:
    add(rest_client, SERVICES, "owner")
    put(rest_client, service, owner="us")
    put(rest_client, service, owner="us")
    records = rest_client.get(f"/services/{service}/audit/records").body["records"]
    assert [one["action"] for one in records] == ["update", "create"]
    assert "us" in str(records[0]["details"])


def test_the_paths_of_fields_are_no_services_and_no_incidents(rest_client: RestClient, service: str) -> None:
    assert rest_client.get("/services/custom_fields").body == {"fields": []}
    assert rest_client.get(f"/services/{service}").status == 200
    assert rest_client.get("/incidents/types").status == rest_client.get("/incidents/custom_fields").status == 200
    assert rest_client.get("/services/nothing").status == rest_client.get("/incidents/nothing").status == 404
