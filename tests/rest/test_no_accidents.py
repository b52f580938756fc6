"""No value in any member or parameter of any operation is an accident (500), whatever its type or size."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.operations import TABLES
from tocsin.rest.operations import Operation
from tocsin.rest.request import Request

ODD: list[Any] = [
    None, "", "x" * 3000, "\u202e", "0", -1, 2**70, 1e308, True, [], [None], [[]], {}, {"id": None}, {"id": {}},
    {"id": "x"}, [{"id": "x"}], {"type": []}, [{"type": {"type": {}}}],
]  # fmt: skip
ODD_TEXT = [
    "", "x" * 3000, "-1", "1e9", "99999999999", "[]", "é", "'; --", "%", "0001-01-01", "9999-12-31T23:59:59Z",
]  # fmt: skip
PARAMETERS = (
    "limit", "offset", "total", "query", "sort_by", "include[]", "team_ids[]", "user_ids[]", "id[]", "name",
    "time_zone", "urgency", "since", "until", "cursor", "actor_id", "actor_type", "method_type", "actions[]",
    "root_resource_types[]", "reassignment_team",
)  # fmt: skip
OPERATIONS = [operation for table in TABLES for operation in table.operations]


@pytest.fixture
def ids(rest_client: RestClient, owner: Bootstrapped) -> dict[str, str]:
    """An id for every collection."""
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Ops"}}).body["team"]["id"]
    policy = policies.add(rest_client, "Ops", policies.rule(owner.user_id))["id"]
    target = {"id": policy, "type": "escalation_policy_reference"}
    service = {"service": {"type": "service", "name": "Web", "escalation_policy": target}}
    user = people.add(rest_client, "Alice")
    return {
        "users": user["id"], "teams": team, "escalation_policies": policy, "user_id": user["id"],
        "services": rest_client.post("/services", service).body["service"]["id"],
        "abilities": "teams", "vendors": "PRO19CT",
        "contact_method_id": user["contact_methods"][0]["id"], "escalation_policy_id": policy,
        "notification_rule_id": user["notification_rules"][0]["id"], "integration_id": "x",
        "type_id_or_name": "incident_default", **_fields(rest_client),
    }  # fmt: skip


def _fields(client: RestClient) -> dict[str, str]:
    """A field of services with an option."""
    given = {"name": "tier", "display_name": "Tier", "data_type": "string", "field_type": "multi_value_fixed"}
    options = [{"data": {"data_type": "string", "value": "gold"}}]
    field = client.post("/services/custom_fields", {"field": given | {"field_options": options}}).body["field"]
    return {"field_id": field["id"], "field_option_id": field["field_options"][0]["id"]}


def _path(operation: Operation, ids: dict[str, str]) -> str:
    collection = operation.path.split("/")[1]
    filled = operation.path.replace("{id}", ids.get(collection, "x"))
    return re.sub(r"\{(\w+)\}", lambda name: ids.get(name[1], "PNONE"), filled)


def _bodies(operation: Operation) -> Iterator[Any]:
    good = {"name": "x", "email": "x@example.com", "type": "email", "address": "x@example.com", "role": "user"}
    for odd in ODD:
        yield odd
        yield {operation.takes: odd}
        for name in operation.body.model_fields if operation.body else ():
            yield {operation.takes: good | {name: odd}}


def _statuses(client: RestClient, method: str, path: str, query: str, bodies: Iterator[Any]) -> set[int]:
    headers = {"authorization": f"Token token={client.key}", "from": "owner@example.com"}
    seen = set()
    for body in bodies:
        request = Request(method, path, query, headers, json.dumps(body).encode(), "http://x", None, "r")
        seen.add(client.app.dispatcher.answer(request).status)
    return seen


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method in ("POST", "PUT")], ids=lambda o: o.key)
def test_no_body_is_an_accident(rest_client: RestClient, ids: dict[str, str], operation: Operation) -> None:
    seen = _statuses(rest_client, operation.method, _path(operation, ids), "", _bodies(operation))
    assert max(seen) < 500


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "GET"], ids=lambda o: o.key)
def test_no_parameter_is_an_accident(rest_client: RestClient, ids: dict[str, str], operation: Operation) -> None:
    path = _path(operation, ids)
    first = OPERATIONS.index(operation)  # three values a parameter, others for each operation: all in all, every pair
    for name in PARAMETERS:
        for odd in (ODD_TEXT * 20)[first : first + 9 : 3]:
            seen = _statuses(rest_client, "GET", path, f"{quote(name)}={quote(odd)}", iter([None]))
            assert max(seen) < 500, (name, odd)


@pytest.mark.parametrize("id", ["%27", "%25", "x" * 5000, "%C3%A9", "..", "%2F", "%E2%80%AE"])
def test_no_id_is_an_accident(rest_client: RestClient, id: str) -> None:
    for operation in OPERATIONS:
        path = re.sub(r"\{\w+\}", id, operation.path)
        seen = _statuses(rest_client, operation.method, path, "", iter([{}]))
        assert max(seen) < 500, operation.key
