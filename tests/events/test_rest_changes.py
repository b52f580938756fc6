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
