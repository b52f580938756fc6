"""The headers of every answer, and who sees the numbers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.workers.front import Front
from tocsin.workers.health import Health
from tocsin.workers.standing import Standing, completed

TOKEN = "a token for the numbers"


def client(database: Database, peer: str | None = "127.0.0.1", **settings: Any) -> TestClient:
    chosen = Settings(**settings)
    front = Standing(Front(Health(database, True), None, None, None, metrics_token=chosen.metrics_token), chosen)

    async def from_peer(scope: Any, receive: Any, send: Any) -> None:
        await front({**scope, "client": (peer, 1) if peer else None}, receive, send)

    return TestClient(from_peer)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nowhere", "/app", "/_test/clock"])
def test_every_answer_carries_the_standing_headers(database: Database, path: str) -> None:
    headers = client(database).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_over_https_the_browser_is_told_to_stay_there(database: Database) -> None:
    direct, proxied = client(database), client(database, "10.0.0.9", trusted_proxies=("10.0.0.0/8",))
    direct.base_url = "https://testserver"
    forwarded = {"x-forwarded-proto": "https"}
    assert "max-age=" in direct.get("/healthz").headers["strict-transport-security"]
    assert "strict-transport-security" in proxied.get("/healthz", headers=forwarded).headers
    assert "strict-transport-security" not in client(database, "8.8.8.8").get("/healthz", headers=forwarded).headers


def test_what_an_answer_says_itself_stays() -> None:
    own = {b"content-security-policy": b"frame-ancestors 'self'", b"x-content-type-options": b"nosniff"}
    found = dict(completed(own.items(), secure=False))
    assert found[b"content-security-policy"] == b"frame-ancestors 'self'"
    assert b"x-frame-options" not in found


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.1", "192.168.0.9", "fd00::1", "::ffff:10.0.0.1", None]
)
def test_insiders_see_the_numbers_and_the_reasons(database: Database, peer: str | None) -> None:
    site = client(database, peer)
    assert "tocsin_database_up 1.0" in site.get("/metrics").text
    assert "degraded" in site.get("/readyz").json()


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("8.8.8.8", {}),
        ("2606:4700::1111", {}),
        ("169.254.1.1", {}),
        ("nonsense", {}),
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}),
        ("10.0.0.1", {"forwarded": "for=10.0.0.1"}),
        ("10.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_strangers_learn_only_whether_it_is_ready(database: Database, peer: str, headers: dict[str, str]) -> None:
    site = client(database, peer)
    refused = site.get("/metrics", headers=headers)
    assert (refused.status_code, "tocsin_" in refused.text) == (403, False)
    ready = site.get("/readyz", headers=headers)
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


@pytest.mark.parametrize(
    ("given", "status"),
    [(f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 403), (TOKEN, 403), ("Bearer x", 403), ("", 403), ("Bearer é", 403)],
)
def test_with_a_token_set_it_alone_counts(database: Database, given: str, status: int) -> None:
    site = client(database, "127.0.0.1", metrics_token=TOKEN)
    headers = [(b"authorization", given.encode())] if given else []
    assert site.get("/metrics", headers=headers).status_code == status
    assert client(database, "8.8.8.8", metrics_token=TOKEN).get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_health_is_only_looked_at(database: Database, method: str) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client(database).request(method, path).status_code == 405
