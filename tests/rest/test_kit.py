"""The kit's own promises, on a made-up collection."""

import pytest

from tests.rest import toy
from tests.rest_client import RestClient
from tocsin.core.db import Database


@pytest.fixture
def client(database: Database) -> RestClient:
    return RestClient(toy.app(database), "full", published=False)


def _fleet(client: RestClient, *names: str) -> None:
    for name in names:
        assert client.post("/boats", {"boat": {"name": name}}).status == 201


def test_a_list_has_its_envelope_and_paging_members(client: RestClient) -> None:
    _fleet(client, "Ada", "Bea", "Cat")
    body = client.get("/boats?limit=2").body
    assert [boat["name"] for boat in body["boats"]] == ["Ada", "Bea"]
    assert {name: body[name] for name in ("limit", "offset", "more", "total")} == {
        "limit": 2, "offset": 0, "more": True, "total": None,
    }  # fmt: skip


def test_total_is_a_number_only_when_asked_for(client: RestClient) -> None:
    _fleet(client, "Ada", "Bea")
    body = client.get("/boats?total=true&offset=1").body
    assert (body["total"], body["more"], len(body["boats"])) == (2, False, 1)


def test_an_empty_list_is_a_list_and_a_limit_too_high_is_cut(client: RestClient) -> None:
    body = client.get("/boats?limit=5000").body
    assert (body["boats"], body["limit"]) == ([], 100)


def test_a_cursor_walks_through_everything_once(client: RestClient) -> None:
    _fleet(client, "Ada", "Bea", "Cat", "Dot", "Eve")
    seen, cursor = [], ""
    while cursor is not None:
        body = client.get(f"/boats/log?limit=2&cursor={cursor}").body
        seen += [boat["name"] for boat in body["boats"]]
        cursor = body["next_cursor"]
    assert seen == ["Eve", "Dot", "Cat", "Bea", "Ada"]


def test_sort_by_goes_both_ways(client: RestClient) -> None:
    _fleet(client, "Ada", "Bea")
    assert [boat["name"] for boat in client.get("/boats?sort_by=name:desc").body["boats"]] == ["Bea", "Ada"]


@pytest.mark.parametrize("query", ["include[]=docks", "include%5B%5D=docks&include[]=whales", "include=docks"])
def test_include_loads_each_type_once_whatever_the_number_of_rows(client: RestClient, query: str) -> None:
    _fleet(client, "Ada", "Bea", "Cat")
    toy.LOADS.clear()
    boats = client.get(f"/boats?{query}").body["boats"]
    assert {boat["dock"]["type"] for boat in boats} == {"dock"}
    assert toy.LOADS == [["D1"]]


def test_without_include_a_reference_stays_one(client: RestClient) -> None:
    _fleet(client, "Ada")
    assert client.get("/boats/BAda").body["boat"]["dock"] == {
        "id": "D1", "type": "dock_reference", "summary": "North",
        "self": "http://testserver/docks/D1", "html_url": "http://testserver/app/docks/D1",
    }  # fmt: skip


def test_put_changes_what_is_given_and_keeps_the_rest(client: RestClient) -> None:
    _fleet(client, "Ada")
    body = client.put("/boats/BAda", {"boat": {"seats": 7, "unknown": 1, "id": "other"}}).body["boat"]
    assert (body["id"], body["name"], body["seats"]) == ("BAda", "Ada", 7)


def test_null_clears_what_may_be_null_and_is_the_default_elsewhere(client: RestClient) -> None:
    got = client.post("/boats", {"boat": {"name": "Ada", "seats": None, "note": None}})
    assert got.body["boat"]["note"] == "none"
    assert client.get("/boats/BAda").body["boat"]["seats"] is None


def test_facts_of_later_packages_stand_in_the_object(client: RestClient) -> None:
    _fleet(client, "Ada", "Bea")
    assert [boat["crew"] for boat in client.get("/boats").body["boats"]] == [2, 2]


def test_a_use_of_a_later_package_stops_a_delete(client: RestClient) -> None:
    assert client.delete("/boats/Bsea").errors == ["It is at sea"]
    assert client.delete("/boats/Bland").status == 204


def test_html_url_has_the_form_of_the_setting(database: Database) -> None:
    client = RestClient(toy.app(database, html_url="https://{subdomain}.example.com/{path}"), "full", published=False)
    _fleet(client, "Ada")
    assert client.get("/boats/BAda").body["boat"]["html_url"] == "https://acme.example.com/boats/BAda"


def test_self_follows_the_host_and_only_trusted_proxies_may_say_otherwise(database: Database) -> None:
    told = {"host": "api.example.com", "x_forwarded_proto": "https", "x_forwarded_host": "evil.example.com"}
    client = RestClient(toy.app(database), "full", published=False)
    _fleet(client, "Ada")
    assert client.get("/boats/BAda", **told).body["boat"]["self"] == "http://api.example.com/boats/BAda"
    assert client.get("/boats/BAda", host="a b<c>").body["boat"]["self"] == "http://127.0.0.1:8080/boats/BAda"


@pytest.mark.parametrize(
    ("key", "method", "status"),
    [("readonly", "GET", 200), ("readonly", "POST", 403), ("scoped", "GET", 200), ("scoped", "POST", 403),
     ("observer", "GET", 200), ("observer", "POST", 403), ("stranger", "GET", 403), ("full", "POST", 201)],
)  # fmt: skip
def test_keys_scopes_and_roles_decide(client: RestClient, key: str, method: str, status: int) -> None:
    body = {"boat": {"name": "Ada"}} if method == "POST" else None
    got = client.as_key(key).send(method, "/boats", body)
    assert got.status == status
    assert status != 403 or got.code == 2010


@pytest.mark.parametrize(
    "header", ["Token token=full", 'Token token="full"', "token  token=full", "Bearer full", "bearer full"]
)
def test_a_key_comes_in_any_of_the_known_forms(client: RestClient, header: str) -> None:
    assert client.as_key(None, authorization=header).get("/boats").status == 200


def test_every_answer_names_its_request_and_forbids_caching(client: RestClient) -> None:
    for got in (client.get("/boats"), client.get("/nowhere"), client.as_key(None).get("/boats")):
        assert len(got.headers["x-request-id"]) == 32
        assert got.headers["cache-control"] == "no-cache"
        assert got.headers["vary"] == "Authorization, Accept"


def test_head_is_get_without_the_body(client: RestClient) -> None:
    got = client.send("HEAD", "/boats")
    assert (got.status, got.body) == (200, None)
    assert int(got.headers["content-length"]) > 0


def test_the_rate_limit_counts_by_key_and_says_when_to_come_back(database: Database) -> None:
    client = RestClient(toy.app(database, api_rate_limit=2), "full", published=False)
    left = [client.get("/boats").headers["ratelimit-remaining"] for _ in range(2)]
    got = client.get("/boats")
    assert (left, got.status, got.code) == (["1", "0"], 429, 2020)
    assert 0 < int(got.headers["ratelimit-reset"]) <= 60
    assert client.as_key("readonly").get("/boats").status == 200


def test_no_limit_means_no_headers(client: RestClient) -> None:
    assert "ratelimit-limit" not in client.get("/boats").headers


@pytest.mark.parametrize(
    ("query", "since"),
    [("since=2026-01-01", "2026-01-01T00:00:00Z"),
     ("since=2026-01-01T10:00:00%2B02:00", "2026-01-01T08:00:00Z"),
     ("since=2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"),
     ("since=2026-01-01T10:00:00.9Z", "2026-01-01T10:00:00Z"),
     ("since=2026-07-01T10:00:00&time_zone=Berlin", "2026-07-01T10:00:00+02:00")],
)  # fmt: skip
def test_times_are_read_and_written_as_the_wire_does(client: RestClient, query: str, since: str) -> None:
    assert client.get(f"/boats/when?{query}").body["since"] == since


def test_arrays_come_bare_bracketed_numbered_and_encoded(client: RestClient) -> None:
    assert client.get("/boats/when?ids[]=a&ids%5B%5D=b&ids[0]=c&ids=d&ids[]=").body["ids"] == ["a", "b", "c", "d"]


def test_docs_are_our_own_and_need_no_key(client: RestClient) -> None:
    document = client.as_key(None).get("/docs/openapi.json").body
    assert document["paths"]["/boats"]["post"]["requestBody"]
    assert document["components"]["schemas"]["Boat"]["properties"]["seats"]
