"""What a client gets for a request that makes no sense: the wire's error object, never a 500, never half a write."""

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.rest import toy
from tests.rest_client import RestClient
from tocsin.core.db import Database


@pytest.fixture
def client(database: Database) -> RestClient:
    return RestClient(toy.app(database), "full", published=False)


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b'"text"', b"[]", b"{}", b'{"boat": 3}', b'{"boat": null}', b"[" * 100_000, b""],
)
def test_a_body_that_is_no_boat_is_400(client: RestClient, body: bytes) -> None:
    got = client.send("POST", "/boats", body)
    assert (got.status, got.code) == (400, 2001)
    assert got.body["error"]["message"] == "Invalid Input Provided"


def test_a_missing_wrapper_is_named(client: RestClient) -> None:
    assert client.post("/boats", {"name": "Ada"}).errors == ["boat is required"]


def test_every_problem_of_a_body_is_listed_at_once(client: RestClient) -> None:
    got = client.post("/boats", {"boat": {"name": "x" * 21, "seats": 0}})
    assert got.errors == ["name should have at most 20 characters", "seats should be greater than or equal to 1"]


@pytest.mark.parametrize("name", ["a\0b", "\ud800", ["x"], {"a": 1}, 7, None])
def test_a_name_that_cannot_be_stored_is_400(client: RestClient, name: Any) -> None:
    assert client.post("/boats", {"boat": {"name": name}}).status == 400


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=9999999999999999999", "limit=²", "offset=1.5", "offset=9990",
     "offset=9901&limit=100", "sort_by=color", "sort_by=name:up", "x=%ff", "x=%00", "time_zone=Mars/Base"],
)  # fmt: skip
def test_a_senseless_parameter_is_400(client: RestClient, query: str) -> None:
    assert client.get(f"/boats?{query}").status == 400


@pytest.mark.parametrize("cursor", ["x", "%00", "W10", "WzEsMl0", "é"])
def test_a_forged_cursor_is_400(client: RestClient, cursor: str) -> None:
    assert client.get(f"/boats/log?cursor={cursor}").status == 400


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00+10:00"])
def test_a_time_that_is_none_is_400(client: RestClient, since: str) -> None:
    assert client.get(f"/boats/when?since={since}").status == 400


@pytest.mark.parametrize("path", ["/nowhere", "/", "/boats/", "/boats/B1/x", "/boats/%00", "/boats/%ff", "//boats"])
def test_an_unknown_path_is_404_as_an_error_object(client: RestClient, path: str) -> None:
    got = client.get(path)
    assert (got.status, got.code, got.errors) == (404, 2100, [])


def test_a_wrong_method_is_405_and_names_the_right_ones(client: RestClient) -> None:
    got = client.send("PATCH", "/boats")
    assert got.status == 405
    assert "GET, POST" in got.errors[0]


def test_a_body_over_two_megabytes_is_413(client: RestClient) -> None:
    assert client.send("POST", "/boats", b" " * (2 * 1024 * 1024 + 1)).status == 413


def test_an_operation_of_the_wire_that_is_not_built_is_501(client: RestClient) -> None:
    got = client.get("/addons")
    assert (got.status, got.code) == (501, 2015)


def test_an_unexpected_error_tells_its_request_id_and_nothing_else(client: RestClient, database: Database) -> None:
    got = client.post("/boats/burst", {})
    assert (got.status, got.code) == (500, 2000)
    assert got.headers["x-request-id"] in got.errors[0]
    assert "mahogany" not in str(got.body)
    with database.begin() as tx:
        assert tx.conn.scalar(select(func.count()).select_from(toy.boats)) == 0


def test_losing_the_race_for_a_unique_name_is_400(client: RestClient) -> None:
    assert client.post("/boats", {"boat": {"name": "Ada"}}).status == 201
    assert client.post("/boats", {"boat": {"name": "Ada"}}).status == 400


def test_an_unreachable_database_is_503() -> None:
    away = Database("postgresql+psycopg://tocsin@127.0.0.1:1/none")
    got = RestClient(toy.app(away), "full", published=False).get("/boats")
    assert (got.status, got.errors) == (503, ["The database is unreachable"])


@pytest.mark.parametrize(
    "header",
    [None, "", "full", "Basic ZnVsbA==", "Token full", "Token token=", "Token token=a b", "Bearer", "Token token=no"],
)
def test_without_a_known_key_the_answer_is_401_with_a_hint(client: RestClient, header: str | None) -> None:
    got = client.as_key(None, **({} if header is None else {"authorization": header})).get("/boats")
    assert (got.status, got.code) == (401, 2006)
    assert got.errors
