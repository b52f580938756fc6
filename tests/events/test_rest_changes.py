"""Change events over the REST API (core:E60-E63)."""

import json

import msgspec
import pytest

from tests.incidents.acme import Acme
from tests.incidents.conftest import acme
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.commands.changes import store_changes

__all__ = ["acme"]


def changed(acme: Acme, number: int, summary: str, at: str) -> None:
    """A change event came in."""
    link = {"href": "https://example.com/build", "text": "Build"}
    body = {"payload": {"summary": summary, "timestamp": at, "custom_details": {"n": number}}, "links": [link]}
    with acme.database.begin() as tx:
        raw = Raw("change", tx.now, acme.key, "", msgspec.Raw(json.dumps(body).encode()))
        store_changes(tx, [Stored(f"{number}.0", number, 0, True, raw)])


@pytest.mark.parametrize("query", ["since=2026-01-01", "until=2026-01-01T00:00:00%2B01:00", "since=soonZ"])
def test_times_must_be_in_utc(acme: Acme, query: str) -> None:
    assert acme.client.get(f"/change_events?{query}").status == 400


def test_changes_are_listed_newest_first_and_found(acme: Acme) -> None:
    changed(acme, 1, "deployed 1", "2026-01-01T00:00:00Z")
    changed(acme, 2, "deployed 2", "2026-01-02T00:00:00Z")
    got = acme.client.get("/change_events?total=true").body
    assert [one["summary"] for one in got["change_events"]] == ["deployed 2", "deployed 1"]
    one = got["change_events"][0]
    assert (one["services"][0]["summary"], one["integration"]["summary"], one["custom_details"]) == (
        "Web", "Probe", {"n": 2},
    )  # fmt: skip
    assert one["links"] == [{"href": "https://example.com/build", "text": "Build"}]
    assert acme.client.get(f"/change_events/{one['id']}").body["change_event"] == one
    below = acme.client.get(f"/services/{acme.service}/change_events?until=2026-01-02T00:00:00Z").body
    assert [one["summary"] for one in below["change_events"]] == ["deployed 1"]


def test_an_unknown_change_or_service_is_404(acme: Acme) -> None:
    assert acme.client.get("/change_events/NONE").status == 404
    assert acme.client.get("/services/NONE/change_events").status == 404


def test_a_change_is_posted_in_the_form_of_the_events_api(acme: Acme) -> None:
    at = "2026-01-01T00:00:00.000+0000"
    event = {"routing_key": acme.key, "payload": {"summary": "deployed", "timestamp": at, "source": "ci"}}
    assert acme.client.post("/change_events", event).status == 202
    assert acme.client.post("/change_events", {"change_event": event}).status == 202
    got = acme.client.send("GET", "/change_events?time_zone=UTC&sort_by=timestamp", lenient=True).body["change_events"]
    assert [(one["summary"], one["source"], one["timestamp"]) for one in got] == [
        ("deployed", "ci", "2026-01-01T00:00:00+00:00")
    ] * 2
    refused = acme.client.post("/change_events", {"payload": {}})
    assert (refused.status, len(refused.errors)) == (400, 2)
    stranger = acme.client.post("/change_events", event | {"routing_key": "0" * 32})
    assert (stranger.status, stranger.errors) == (400, ["Invalid routing key"])
    assert acme.client.post("/change_events", ["x"]).status == 400
    assert acme.watcher().post("/change_events", event).status == 403


def test_summary_and_details_of_a_change_can_be_written_anew(acme: Acme) -> None:
    changed(acme, 1, "deployed 1", "2026-01-01T00:00:00Z")
    one = acme.client.get("/change_events").body["change_events"][0]
    asked = {"type": "change_event", "summary": "rolled back", "custom_details": {"n": 2}, "source": "ignored"}
    got = acme.client.put(f"/change_events/{one['id']}", {"change_event": asked})
    assert got.body["change_event"] == one | {"summary": "rolled back", "custom_details": {"n": 2}}
    kept = acme.client.put(f"/change_events/{one['id']}", {"change_event": {"summary": "again"}}).body["change_event"]
    assert (kept["summary"], kept["custom_details"]) == ("again", {"n": 2})
    for wrong in ({"summary": ""}, {"summary": "x" * 1025}, {"custom_details": "x"}):
        assert acme.client.put(f"/change_events/{one['id']}", {"change_event": wrong}, lenient=True).status == 400
    assert acme.client.put("/change_events/NONE", {"change_event": asked}).status == 404
