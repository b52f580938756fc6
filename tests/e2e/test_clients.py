"""Real clients, as they are: the class printed in the user's document, the official one, and two older ones."""

import importlib
import re
import uuid
import warnings
from datetime import datetime
from typing import Any

import pagerduty
import pytest

from tests.e2e.install import Install, Way, plain
from tests.e2e.served import ROOT
from tocsin.accounts.commands.keys import issue
from tocsin.core.actor import system

DOCUMENTS = ROOT.parent / "shared" / "brief"


def printed_class() -> str:
    """The Python of the document, up to its examples of use; the document is not ours to keep a copy of."""
    for document in sorted(DOCUMENTS.glob("*.txt")):
        for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.S):
            if "class PagerDutyClient" in block:
                return str(block.split("# Usage examples")[0])
    pytest.skip(f"no document with the client's class in {DOCUMENTS}")


@pytest.fixture
def way(install: Install) -> Way:
    return install.service(((30, ("alice",)), (30, ("bob",))))


@pytest.fixture
def client(install: Install, way: Way) -> Any:
    """The document's client with only its two URLs changed."""
    source = printed_class()
    for theirs in ("https://events.pagerduty.com", "https://api.pagerduty.com"):
        assert theirs in source
        source = source.replace(theirs, install.served.base)
    names: dict[str, Any] = {}
    exec(source, names)
    return names["PagerDutyClient"](way.key, api_token="y_NbAkKc66ryYTWUXYEu")


@pytest.fixture
def official(install: Install, way: Way) -> Any:
    """The official client with its URL set."""
    client = pagerduty.EventsApiV2Client(way.key)
    client._url = install.served.base
    return client


def test_the_documents_client_triggers_acknowledges_and_resolves(install: Install, way: Way, client: Any) -> None:
    links = [{"href": "https://grafana.example.com/d/app?x=1&y=2", "text": "Grafana Dashboard"}]
    answer = client.trigger_incident("Critical application error", "app-1", custom_details={"user": 7}, links=links)
    assert (answer["status"], answer["message"]) == ("success", "Event processed")
    dedup = answer["dedup_key"]
    install.settle()
    mail = plain(install.mails("alice")[0])
    assert "Grafana Dashboard" in mail
    assert "https://grafana.example.com/d/app?x=1&y=2" in mail
    assert client.acknowledge_incident(dedup)["status"] == "success"
    install.settle()
    assert _statuses(install) == ["acknowledged"]
    assert client.resolve_incident(dedup)["status"] == "success"
    install.settle()
    assert _statuses(install) == ["resolved"]


def test_its_microsecond_timestamp_is_the_alert_s_time(install: Install, client: Any) -> None:
    before = datetime.now().astimezone()
    client.trigger_incident("late news", "app-1")
    install.settle()
    (row,) = install.rows("SELECT body->'cef_details'->>'creation_time' AS made FROM alerts")
    assert abs((datetime.fromisoformat(row.made) - before).total_seconds()) < 30


def test_its_severities_images_and_lists_are_all_taken(install: Install, client: Any) -> None:
    severities = client.trigger_incident.__globals__["PagerDutySeverity"]
    images = [{"src": "https://graphs.example.com/a.png", "href": "", "alt": "graph"}]
    for severity in severities:
        assert client.trigger_incident(severity.value, "app", severity, ["a", 1], [], images)["status"] == "success"
    install.settle()
    found = install.rows("SELECT severity, body->'contexts'->0->>'src' AS src FROM alerts ORDER BY severity")
    assert [row.severity for row in found] == ["critical", "error", "info", "warning"]
    assert {row.src for row in found} == {"https://graphs.example.com/a.png"}


def test_its_bad_key_is_answered_with_the_wire_s_words(client: Any) -> None:
    client.routing_key = "your-integration-key"
    answer = client.trigger_incident("x", "y")
    assert answer["status"] == "invalid event"
    assert answer["errors"][0] == "Length of 'routing_key' is incorrect (should be 32 characters)"


def test_its_list_of_incidents_is_what_it_triggered(install: Install, client: Any) -> None:
    client.trigger_incident("one to list", "app-1")
    install.settle()
    with install.database.begin() as tx:
        client.api_token = issue(tx, system(), None, "tests")
    answer = client.get_incidents()
    if "incidents" not in answer and install.served.call("GET", "/incidents")[0] in (401, 501):
        pytest.skip(f"GET /incidents is not built yet: {answer}")
    (found,) = answer["incidents"]
    assert (found["title"], found["status"]) == ("one to list", "triggered")


def test_the_official_client_triggers_acknowledges_and_resolves(install: Install, official: Any) -> None:
    dedup = official.trigger("disk full", "db-1", severity="critical", custom_details={"free": "0.3 %"})
    assert uuid.UUID(dedup)
    install.settle()
    assert "free: 0.3 %" in plain(install.mails("alice")[0])
    assert official.acknowledge(dedup) == dedup
    install.settle()
    assert _statuses(install) == ["acknowledged"]
    assert official.resolve(dedup) == dedup
    install.settle()
    assert _statuses(install) == ["resolved"]


def test_the_official_client_submits_a_change(install: Install, way: Way, official: Any) -> None:
    links = [{"href": "https://ci.example.com/17", "text": "Build"}]
    official.submit("deployed 1.2", "ci", {"build": 17}, links, timestamp="2026-11-21T03:12:00.5Z")
    install.settle()
    (change,) = install.rows("SELECT * FROM change_events")
    assert (change.service_id, change.summary, change.source) == (way.service, "deployed 1.2", "ci")
    assert install.rows("SELECT 1 FROM incidents") == []


def test_the_official_client_is_told_what_is_wrong(official: Any) -> None:
    with pytest.raises(pagerduty.HttpError) as caught:
        official.trigger("disk full", "db-1", severity="dreadful")
    assert caught.value.response.status_code == 400


def test_pdpyras_triggers_and_resolves(install: Install, way: Way) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = importlib.import_module("pdpyras").EventsAPISession(way.key)
    session.url = install.served.base
    dedup = session.trigger("disk full", "db-1")
    session.resolve(dedup)
    install.settle()
    assert _statuses(install) == ["resolved"]


def test_pypd_sends_to_a_slash_at_the_end_with_a_header_that_means_nothing(install: Install, way: Way) -> None:
    pypd = importlib.import_module("pypd")
    payload = {"summary": "disk full", "source": "db-1", "severity": "error"}
    event = {"routing_key": way.key, "event_action": "trigger", "dedup_key": "pypd", "payload": payload}
    pypd.EventV2.base_url = f"{install.served.base}/v2/enqueue"
    assert pypd.EventV2.create(data=event, api_key="nonsense")["dedup_key"] == "pypd"
    pypd.Event.base_url = f"{install.served.base}/generic/2010-04-15/create_event.json"
    old = {"service_key": way.key, "event_type": "resolve", "incident_key": "pypd"}
    assert pypd.Event.create(data=old, api_key="nonsense")["incident_key"] == "pypd"
    install.settle()
    assert _statuses(install) == ["resolved"]


def _statuses(install: Install) -> list[str]:
    return [row.status for row in install.rows("SELECT status FROM incidents ORDER BY number")]
