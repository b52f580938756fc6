"""/docs: our own OpenAPI says of every operation what it takes, what it answers and how it refuses."""

import re
from typing import Any

import pytest

from tests import digest, oracle
from tocsin.operations import TABLES
from tocsin.rest.call import Call
from tocsin.rest.docs import openapi
from tocsin.rest.parameters import asked

OPERATIONS = [operation for table in TABLES for operation in table.operations]
#: Published parameters that mean nothing here, each with its reason.
IGNORED = {
    ("PUT /incidents", "limit"), ("PUT /incidents", "offset"), ("PUT /incidents", "total"),  # what it changed
    ("PUT /incidents/{id}/alerts", "limit"), ("PUT /incidents/{id}/alerts", "offset"),  # so does this
    ("PUT /incidents/{id}/alerts", "total"),
    ("GET /teams/{id}", "include[]"),  # of a privilege that the document does not describe
    ("GET /schedules/{id}/overrides", "editable"),  # asked for by being there; its value does not count
    ("DELETE /oauth_delegations", "type"),  # read with the wire's own manners
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What /docs/openapi.json says."""
    return openapi(OPERATIONS)


def test_every_operation_has_an_id_of_its_own_and_says_how_it_refuses(document: dict[str, Any]) -> None:
    described = [item for path in document["paths"].values() for item in path.values()]
    assert len({item["operationId"] for item in described}) == len(described) == len(OPERATIONS)
    for item in described:
        assert {"400", "401", "403", "404", "429", "500"} < set(item["responses"])
        assert item["summary"]


def test_whatever_takes_a_body_says_so_and_nothing_else_does(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        described = document["paths"][operation.path][operation.method.lower()]
        assert ("requestBody" in described) == (operation.method in ("POST", "PUT", "PATCH")), operation.key


def test_docs_promise_what_was_recorded_of_them(document: dict[str, Any]) -> None:
    now, then = digest.of(document), digest.recorded()
    changed = sorted(key for key in now.keys() | then.keys() if now.get(key) != then.get(key))
    assert not changed, f"meant? then record it: python -m scripts.record_digest ({changed})"


def test_an_answer_that_breaks_the_record_is_found() -> None:
    page = {"services": [], "limit": 25, "offset": 0, "more": False, "total": None}
    assert digest.faults("GET", "/services", 200, page) == []
    assert digest.faults("GET", "/services", 200, {"services": []})
    assert digest.faults("POST", "/services", 200, {"service": {}})
    assert digest.faults("GET", "/nothing", 200, {})
    assert digest.faults("GET", "/services/PX", 404, None) == []


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for place, name in re.findall(r"'#/components/(\w+)/(\w+)'", str(document)):
        assert name in document["components"][place]


def test_every_published_parameter_that_we_read_is_documented(document: dict[str, Any]) -> None:
    if oracle.document() is None:
        pytest.skip("the published document is not at hand (../shared)")
    missing = set()
    for operation in OPERATIONS:
        found = oracle.operation_of(operation.method, operation.path)
        wanted = {oracle.resolved(one)["name"] for one in found[1]["parameters"]} if found else set()
        ours = document["paths"][operation.path][operation.method.lower()]["parameters"]
        told = {one["name"] for one in ours} | {"Accept", "Content-Type", "From", "id"}
        told |= {"entity_type"}  # its three names stand in paths of their own (core:X1)
        missing |= {(operation.key, name) for name in wanted - told if f"{{{name}}}" not in operation.path}
    assert missing <= IGNORED, sorted(missing - IGNORED)


def _of_a_kind(call: Call, name: str) -> list[str]:
    return call.many(name)


def _whole(call: Call) -> object:
    """A function as the packages have them."""
    call.sort({"name": None, "made": None}, "name:asc")
    return (call.text("query"), call.one_of("filter", ("a", "b"), "a"), _of_a_kind(call, "colours"), call.zone)


def test_parameters_are_read_out_of_the_functions_and_those_that_they_call() -> None:
    told = {name: schema for (_, name), schema in asked(_whole).items()}
    assert set(told) == {"query", "filter", "colours[]", "sort_by", "time_zone"}
    assert told["filter"]["enum"] == ["a", "b"]
    assert told["sort_by"]["enum"] == ["name", "name:asc", "name:desc", "made", "made:asc", "made:desc"]
