"""Where a browser may be sent back to, and with what."""

import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tocsin.connect import logic
from tocsin.connect.logic import Back, Given

KNOWN = ["https://app.example.com/cb", "https://other.example.com/in?tenant=1", "http://127.0.0.1/cb"]


@pytest.mark.parametrize(
    "given",
    ["https://app.example.com/cb/", "https://app.example.com/cb/more", "https://app.example.com/CB",
     "https://app.example.com.evil.example/cb", "https://app.example.com@evil.example/cb", "//app.example.com/cb",
     "http://app.example.com/cb", "https://app.example.com:444/cb", "https://app.example.com/cb/..",
     "javascript:alert(1)",
     "https://evil.example/?https://app.example.com/cb", "https://evil.example/#https://app.example.com/cb",
     "https://app.example.com/cb\r\nset-cookie:x=1", "https://app.example.com\\@evil.example/cb", "", "/cb",
     "https://other.example.com/in", "https://other.example.com/in?tenant=2", "https://app.example.com/cb%0d%0a",
     "https://аpp.example.com/cb", "data:text/html,x", "http://127.0.0.1@evil.example/cb", "x" * 3000],
)  # fmt: skip
def test_anything_that_was_not_registered_is_no_way_back(given: str) -> None:
    assert isinstance(logic.back(given, KNOWN), str)


@pytest.mark.parametrize(
    "given",
    ["https://app.example.com/cb", "https://app.example.com/cb?a=1&b=%C3%A4+c&a=2", "https://app.example.com/cb#part",
     "https://app.example.com/cb?x=%2F%3F#/route?y=1", "https://other.example.com/in?x=1&tenant=1",
     "http://127.0.0.1:4711/cb"],
)  # fmt: skip
def test_query_and_fragment_of_the_product_survive(given: str) -> None:
    found = logic.back(given, KNOWN)
    assert isinstance(found, Back)
    answered, asked = urlsplit(found.with_(error="access_denied")), urlsplit(given)
    assert (answered.scheme, answered.netloc, answered.path, answered.fragment) == (
        asked.scheme, asked.netloc, asked.path, asked.fragment,
    )  # fmt: skip
    assert answered.query == "&".join(filter(None, (asked.query, "error=access_denied")))


@pytest.mark.parametrize("word", ["config", "Config", "%63onfig", "error", "error_description"])
def test_nobody_puts_our_words_into_the_answer(word: str) -> None:
    found = logic.back(f"https://app.example.com/cb?{word}=mine&keep=1", KNOWN)
    assert isinstance(found, Back)
    assert parse_qsl(urlsplit(found.with_(config="{}")).query) == [("keep", "1"), ("config", "{}")]


def test_the_address_may_be_named_in_two_ways_but_not_doubtfully() -> None:
    assert logic.redirect_of({"redirect_uri": ["a"]}) == logic.redirect_of({"redirect_url": ["a"]}) == "a"
    assert logic.redirect_of({"redirect_uri": ["a"], "redirect_url": ["a"]}) == "a"
    for doubtful in (
        {},
        {"redirect_uri": [""]},
        {"redirect_uri": ["a", "b"]},
        {"redirect_uri": ["a"], "redirect_url": ["b"]},
    ):
        assert logic.redirect_of(doubtful) is None


def test_the_answer_names_key_service_and_account_in_both_spellings() -> None:
    said = json.loads(logic.config([Given("k1", "P1", 'Shop "ä" & Co')], "acme", "Acme"))
    assert said["account"] == {"subdomain": "acme", "name": "Acme"}
    name = 'Shop "ä" & Co'
    assert said["integration_keys"] == [
        {"integration_key": "k1", "name": name, "Name": name, "id": "P1", "type": "service"}
    ]


def test_the_setup_url_carries_the_address_whole() -> None:
    url = logic.setup_url("https://tocsin.example", "P1", "https://app.example.com/cb?a=1&b=2#c")
    assert url.startswith("https://tocsin.example/install/integration?app_id=P1&redirect_uri=https%3A%2F%2F")
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == ["https://app.example.com/cb?a=1&b=2#c"]
