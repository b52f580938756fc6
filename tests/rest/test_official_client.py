"""The official Python client, unchanged, against a real server on a real port (clients.md)."""

import socket
import threading
from collections.abc import Iterator

import pagerduty
import pytest
import uvicorn

from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import rest_app


@pytest.fixture
def url(database: Database) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(rest_app(database, Settings()), lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def client(url: str, owner: Bootstrapped) -> pagerduty.RestApiV2Client:
    client = pagerduty.RestApiV2Client(owner.api_key, default_from="owner@example.com")
    client._url = url  # it refuses http in its public setting
    return client


def _user(client: pagerduty.RestApiV2Client, name: str) -> dict[str, object]:
    return client.rpost("users", json={"type": "user", "name": name, "email": f"{name}@example.com"})


def test_it_walks_through_pages_and_counts(client: pagerduty.RestApiV2Client) -> None:
    for n in range(7):
        _user(client, f"user{n}")
    assert len(list(client.iter_all("users", page_size=3, total=True))) == 8
    assert client.get("/users", params={"total": "true", "limit": 1}).json()["total"] == 8
    assert client.find("users", "user3", attribute="name")["email"] == "user3@example.com"


def test_it_persists_updates_and_follows_self(client: pagerduty.RestApiV2Client) -> None:
    alice = client.persist("users", "email", {"type": "user", "name": "Alice", "email": "alice@example.com"})
    again = client.persist("users", "email", {"name": "Alicia", "email": "alice@example.com"}, update=True)
    assert (again["id"], client.rget(alice)["name"]) == (alice["id"], "Alicia")
    client.rdelete(alice)
    with pytest.raises(pagerduty.HttpError):
        client.rget(alice)


def test_it_builds_a_policy_and_a_service_with_a_key(client: pagerduty.RestApiV2Client, owner: Bootstrapped) -> None:
    rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": owner.user_id, "type": "user_reference"}]}
    policy = client.rpost("escalation_policies", json={"name": "Ops", "escalation_rules": [rule]})
    service = client.rpost(
        "services",
        json={"name": "Web", "escalation_policy": {"id": policy["id"], "type": "escalation_policy_reference"}},
    )
    way_in = client.rpost(f"{service['self']}/integrations", json={"type": "events_api_v2_inbound_integration"})
    assert len(way_in["integration_key"]) == 32
    (listed,) = client.list_all("services", params={"include[]": ["integrations", "escalation_policies"]})
    assert listed["integrations"][0]["integration_key"] == way_in["integration_key"]
    assert client.rput(service, json={"name": "Shop"})["name"] == "Shop"


def test_it_reads_abilities_audit_records_and_the_kind_of_its_key(
    client: pagerduty.RestApiV2Client, owner: Bootstrapped, url: str
) -> None:
    assert "teams" in client.rget("abilities")
    assert len(list(client.iter_cursor("audit/records", params={"limit": 2}))) >= 5
    assert client.api_key_access == "account"
    mine = pagerduty.RestApiV2Client(owner.user_api_key)
    mine._url = url
    assert (mine.api_key_access, mine.rget("users/me")["email"]) == ("user", "owner@example.com")
