"""From a body to its meaning (core:E14-E18, core:E55, core:E70, core:G-01, ei:N2)."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tocsin.core.db import to_json
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.logic.reading import read, timestamp, unreadable
from tocsin.events.model import Incoming

RECEIVED = datetime(2024, 5, 1, 12, tzinfo=UTC)
KEY = "0" * 32
LINK, IMAGE = {"href": "https://example.com/run", "text": "Runbook"}, {"src": "https://example.com/graph.png"}


def stored(event: Any, kind: str = "v2", dedup: str = "k") -> Stored:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return Stored("1.0", 1, 0, True, Raw(kind, RECEIVED, KEY, dedup, msgspec.Raw(body)))


def v2(payload: dict[str, Any] | None = None, **more: Any) -> Incoming:
    said = {"summary": "disk full", "source": "web-1", "severity": "error", **(payload or {})}
    return read(stored({"routing_key": KEY, "event_action": "trigger", "payload": said, **more}))


def v1(**more: Any) -> Incoming:
    return read(stored({"service_key": KEY, "event_type": "trigger", "description": "disk full", **more}, "v1"))


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("2024-04-30T10:00:00Z", "2024-04-30T10:00:00"),
        ("2024-04-30T10:00:00.123456Z", "2024-04-30T10:00:00.123456"),
        ("2024-04-30T10:00:00.123456789Z", "2024-04-30T10:00:00.123456"),
        ("2024-04-30T12:00:00+02:00", "2024-04-30T10:00:00"),
        ("2024-04-30T12:00:00.500+0200", "2024-04-30T10:00:00.500"),
        ("2024-04-30 10:00:00", "2024-04-30T10:00:00"),
        ("2024-04-30 12:00:00 +0200", "2024-04-30T10:00:00"),
        ("2024-04-30T10:00:00", "2024-04-30T10:00:00"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00"),
        ("2100-12-31T23:59:59-12:00", "2101-01-01T11:59:59"),
    ],
)
def test_timestamps_are_read_leniently(given: str, read_as: str) -> None:
    assert timestamp(given, RECEIVED) == datetime.fromisoformat(read_as).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "1969-12-31T23:59:59Z", "2101-01-01",
     "2024-02-30T00:00:00Z", "2024-04-30T10:00:00+99:99", 1714471200, None, [], {}, True, "\x00", "9" * 5000],
)  # fmt: skip
def test_a_timestamp_that_cannot_be_read_is_the_time_of_receipt(given: Any) -> None:
    assert timestamp(given, RECEIVED) == RECEIVED


def test_links_and_images_inside_the_payload_are_lifted() -> None:
    found = v2({"links": [LINK], "images": [IMAGE]}).body["contexts"]
    assert found == [{"type": "link", **LINK}, {"type": "image", **IMAGE, "href": None, "alt": None}]


def test_links_at_the_top_win_over_those_in_the_payload() -> None:
    found = v2({"links": [LINK]}, links=[{"href": "https://example.com/top"}]).body["contexts"]
    assert [context["href"] for context in found] == ["https://example.com/top"]


@pytest.mark.parametrize("odd", [None, "", 5, {}, [None], ["x"], [{}], [{"href": ""}], [{"href": 5}], [[]]])
def test_odd_links_are_left_out(odd: Any) -> None:
    assert v2(links=odd, images=odd).body["contexts"] == []


@pytest.mark.parametrize("odd", [None, 5, 1.5, True, [], {"a": 1}])
def test_what_pages_tell_is_text_or_nothing(odd: Any) -> None:
    cef = v1(client=odd, client_url=odd, contexts=[{"type": "link", **LINK, "text": odd}]).body["cef_details"]
    assert (cef["source_origin"], cef["client"], cef["client_url"]) == (None, None, None)
    assert [context["text"] for context in cef["contexts"]] == [None]
    cef = v2({"component": odd, "group": odd, "class": odd}).body["cef_details"]
    assert (cef["source_component"], cef["service_group"], cef["event_class"]) == (None, None, None)


@pytest.mark.parametrize("details", [None, "text", 5, 10**30, [1, [2]], {"a": {"b": None}}, "", False])
def test_details_are_any_json(details: Any) -> None:
    assert v2({"custom_details": details}).body["details"] == details
    assert v1(details=details).body["details"] == details


def test_a_long_summary_is_cut() -> None:
    assert len(v2({"summary": "s" * 5000}).summary) == 1024
    assert len(v1(description="s" * 5000).summary) == 1024


def test_nul_becomes_something_that_can_be_stored_everywhere() -> None:
    event = {
        "event_action": "trigger", "client": "\x00",
        "payload": {"summary": "a\x00b", "source": "\x00", "severity": "info", "custom_details": {"\x00": ["\x00"]}},
    }  # fmt: skip
    found = read(stored(event | {"dedup_key": "k\x00"}, dedup="k\x00"))
    assert (found.summary, found.dedup_key) == ("a\ufffdb", "k\ufffd")
    assert "\\u0000" not in to_json(found)


def test_a_resolve_with_nul_in_its_key_means_the_same_alert() -> None:
    found = read(stored({"event_action": "resolve", "dedup_key": "k\x00"}, dedup="k\x00"))
    assert found.dedup_key == "k\ufffd"


def test_version_1_has_no_severity_and_its_contexts_by_kind() -> None:
    found = v1(client="Nagios", contexts=[{"type": "image", **IMAGE}, {"type": "link", **LINK}, {"type": "x"}, 5])
    assert (found.severity, found.client) == (None, "Nagios")
    assert [context["type"] for context in found.body["contexts"]] == ["link", "image"]


@pytest.mark.parametrize("body", [b"{}", b'{"event_action": "trigger"}', b"\xff\x00" * 3000, b'"\\u0000"'])
def test_what_cannot_be_read_still_becomes_a_trigger_of_its_own(body: bytes) -> None:
    found = unreadable(stored(body), "KeyError: 'payload'")
    assert (found.action, found.dedup_key, found.severity) == ("trigger", "tocsin-parked-1.0", "critical")
    assert found.summary.startswith("An event could not be processed: ")
    assert len(found.summary) <= 1024
    assert "\x00" not in to_json(found)
