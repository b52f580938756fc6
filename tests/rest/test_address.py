"""Who is believed about where a request came from."""

import pytest

from tocsin.rest import address

TRUSTED = address.proxies(["10.0.0.0/8", "::1"])


def test_a_trusted_proxy_tells_scheme_host_and_client() -> None:
    told = {
        "host": "inner",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.example.com",
        "x-forwarded-for": "6.6.6.6, 9.9.9.9, 10.0.0.2",
    }
    assert address.base("http", "10.0.0.1", told, TRUSTED, "") == "https://api.example.com"
    assert address.client("10.0.0.1", told, TRUSTED) == "9.9.9.9"


def test_a_stranger_is_not_believed() -> None:
    told = {"host": "inner:80", "x-forwarded-proto": "https", "x-forwarded-host": "evil", "x-forwarded-for": "1.1.1.1"}
    assert address.base("http", "9.9.9.9", told, TRUSTED, "") == "http://inner:80"
    assert address.client("9.9.9.9", told, TRUSTED) == "9.9.9.9"


@pytest.mark.parametrize("host", ["", "a/b", "a b", "x@y", "a\r\nb"])
def test_an_odd_host_is_replaced_by_the_setting(host: str) -> None:
    assert address.base("http", "9.9.9.9", {"host": host}, TRUSTED, "http://own") == "http://own"


def test_a_proxy_name_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError):
        address.proxies(["my-proxy"])
