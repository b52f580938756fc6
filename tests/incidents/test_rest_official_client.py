"""The official client against a real server: what it does every day (clients.md)."""

import socket
import threading
import time
from collections.abc import Iterator

import pagerduty
import pytest
import uvicorn

from tests.incidents.acme import Acme


@pytest.fixture
def session(acme: Acme) -> Iterator[pagerduty.RestApiV2Client]:
    """The client, pointed at a server of this test."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(acme.client.app, log_level="warning", lifespan="off"))
    serving = threading.Thread(target=server.run, args=([listening],))
    serving.start()
    client = pagerduty.RestApiV2Client(acme.client.key, default_from="alice@example.com")
    client._url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield client
    finally:
        server.should_exit = True
        serving.join()
        listening.close()


def test_it_opens_acknowledges_snoozes_notes_merges_and_resolves(
    acme: Acme, session: pagerduty.RestApiV2Client
) -> None:
    one = session.rpost("incidents", json=acme.body("one"))
    other = session.rpost("incidents", json=acme.body("other"))
    assert session.rput(one["self"], json={"type": "incident", "status": "acknowledged"})["status"] == "acknowledged"
    snoozed = session.post(f"/incidents/{one['id']}/snooze", json={"duration": 3600})
    assert (snoozed.status_code, snoozed.json()["incident"]["status"]) == (201, "acknowledged")
    assert session.rpost(f"/incidents/{one['id']}/notes", json={"content": "on it"})["content"] == "on it"
    merged = session.rput(
        f"/incidents/{one['id']}/merge", json={"source_incidents": [{"id": other["id"], "type": "incident_reference"}]}
    )
    assert merged["id"] == one["id"]
    done = session.rput("incidents", json=[{"id": one["id"], "type": "incident", "status": "resolved"}])
    assert [incident["status"] for incident in done] == ["resolved"]


def test_it_pages_through_lists(acme: Acme, session: pagerduty.RestApiV2Client) -> None:
    ids = [acme.opens(f"n{n}")["id"] for n in range(7)]
    assert [one["id"] for one in session.iter_all("incidents", page_size=3, total=True)] == ids
    assert len(list(session.iter_all("log_entries", page_size=5))) == 14
    assert session.list_all("priorities")[0]["name"] == "P1"
    assert session.rget(f"incidents/{ids[0]}")["title"] == "n0"
    assert list(session.iter_all(f"incidents/{ids[0]}/alerts")) == []
