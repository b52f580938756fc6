"""The official client drives schedules and on-calls through a real server."""

import socket
import threading
import time
from collections.abc import Iterator

import pagerduty
import pytest
import uvicorn

from tests.schedules import wired
from tests.schedules.wired import soon
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import rest_app


@pytest.fixture
def client(database: Database, owner: Bootstrapped) -> Iterator[pagerduty.RestApiV2Client]:
    """The client, pointed at a server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = rest_app(database, Settings(api_rate_limit=0))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    client = pagerduty.RestApiV2Client(owner.api_key, default_from="owner@example.com")
    client._url = f"http://127.0.0.1:{port}"
    yield client
    server.should_exit = True
    thread.join(10)


def test_schedules_are_made_found_changed_and_removed(client: pagerduty.RestApiV2Client, owner: Bootstrapped) -> None:
    made = client.rpost("schedules", json=wired.body(wired.layer([owner.user_id]))["schedule"])
    assert client.find("schedules", "Primary", attribute="name")["id"] == made["id"]
    assert client.rput(made, json=made | {"name": "Renamed"})["name"] == "Renamed"
    assert [schedule["name"] for schedule in client.iter_all("schedules")] == ["Renamed"]
    client.rdelete(made["self"])
    assert client.list_all("schedules") == []


def test_overrides_are_made_listed_and_removed(client: pagerduty.RestApiV2Client, owner: Bootstrapped) -> None:
    made = client.rpost("schedules", json=wired.body(wired.layer([owner.user_id]))["schedule"])
    at = f"{made['self']}/overrides"
    cover = wired.override(owner.user_id, soon(hours=1), soon(hours=2))
    answer = client.post(at, json={"overrides": [cover]})
    assert (answer.status_code, answer.json()[0]["status"]) == (201, 201)
    [listed] = client.rget(at, params={"since": soon(), "until": soon(days=1)})
    assert listed["user"]["id"] == owner.user_id
    assert client.delete(f"{at}/{listed['id']}").status_code == 204


def test_everybody_on_call_is_iterated_page_by_page(
    client: pagerduty.RestApiV2Client, owner: Bootstrapped, database: Database
) -> None:
    made = client.rpost("schedules", json=wired.body(wired.layer([owner.user_id]))["schedule"])
    for n in range(5):
        wired.policy(database, [("schedule", made["id"])], name=f"Policy {n}", id=f"PPOLICY{n}")
    found = list(client.iter_all("oncalls", params={"include[]": ["users"]}, page_size=2))
    assert [entry["user"]["email"] for entry in found] == ["owner@example.com"] * 5
    assert client.rget(f"/schedules/{made['id']}/users")[0]["id"] == owner.user_id
