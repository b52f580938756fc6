"""What is refused, in the wire's own words (core:E3, core:E11-E22, core:E60, core:E70-E72, core:G-04, core:G-24)."""

from typing import Any

import msgspec
import pytest

from tocsin.events.logic.checking import change_problems, key_problems, mended, v1_problems, v2_problems

KEY = "0123456789abcdef0123456789abcdef"
SEVERITY = "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
ACTION = "'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')"
SUMMARY, SOURCE = "'payload.summary' is missing or blank", "'payload.source' is missing or blank"
ODD: list[Any] = [None, "", "  ", 0, 1, 1.5, True, False, [], ["trigger"], {}, {"a": [None]}, "\x00", "x" * 9999]


def v2(**more: Any) -> dict[str, Any]:
    payload = {"summary": "disk full", "source": "web-1", "severity": "critical"}
    return {"routing_key": KEY, "event_action": "trigger", "payload": payload, **more}


def payload(**more: Any) -> dict[str, Any]:
    return v2(payload=v2()["payload"] | more)


def v1(**more: Any) -> dict[str, Any]:
    return {"service_key": KEY, "event_type": "trigger", "description": "disk full", **more}


@pytest.mark.parametrize(
    ("key", "problems"),
    [
        (KEY, []),
        (KEY.upper(), []),
        ("R" * 32, []),
        (KEY[:-1], ["Length of 'routing_key' is incorrect (should be 32 characters)"]),
        (KEY + "0", ["Length of 'routing_key' is incorrect (should be 32 characters)"]),
        (KEY[:-1] + "-", ["'routing_key' cannot contain non-alphanumeric characters."]),
        (KEY[:-1] + "é", ["'routing_key' cannot contain non-alphanumeric characters."]),
        (KEY[:-1] + "٣", ["'routing_key' cannot contain non-alphanumeric characters."]),
        ("-", ["Length of 'routing_key' is incorrect (should be 32 characters)",
               "'routing_key' cannot contain non-alphanumeric characters."]),
        (None, ["'routing_key' is missing or blank"]),
        ("", ["'routing_key' is missing or blank"]),
        (32, ["'routing_key' is missing or blank"]),
    ],
)  # fmt: skip
def test_a_routing_key_has_32_letters_and_digits(key: Any, problems: list[str]) -> None:
    assert key_problems("routing_key", key) == problems


@pytest.mark.parametrize("severity", ["Critical", "CRITICAL", "fatal", "", None, 1, ["critical"], {"critical": 1}])
def test_a_severity_is_one_of_four_words(severity: Any) -> None:
    assert v2_problems(payload(severity=severity)) == [SEVERITY]


@pytest.mark.parametrize("action", ["Trigger", "ack", "", None, 5, ["trigger"], {"trigger": 1}])
def test_an_action_is_one_of_three_words(action: Any) -> None:
    assert v2_problems(v2(event_action=action)) == [ACTION]


@pytest.mark.parametrize("value", [None, "", "   ", 7, [], {}])
def test_a_trigger_says_what_and_where(value: Any) -> None:
    assert v2_problems(payload(summary=value)) == [SUMMARY]
    assert v2_problems(payload(source=value)) == [SOURCE]


@pytest.mark.parametrize("value", [None, "", "text", 7, [], {}])
def test_a_trigger_without_a_payload_lacks_all_of_it(value: Any) -> None:
    assert v2_problems(v2(payload=value)) == [SUMMARY, SOURCE, SEVERITY]


def test_all_problems_are_told_at_once_in_order() -> None:
    assert v2_problems({}) == ["'routing_key' is missing or blank", ACTION]
    problems = v2_problems({"event_action": "trigger", "dedup_key": 5, "payload": {}})
    assert problems == [
        "'routing_key' is missing or blank", "'dedup_key' is invalid (must be a string)", SUMMARY, SOURCE, SEVERITY,
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_only_a_trigger_may_leave_out_its_dedup_key(action: str) -> None:
    assert v2_problems(v2(dedup_key="")) == []
    for missing in (None, ""):
        assert v2_problems({"routing_key": KEY, "event_action": action, "dedup_key": missing}) == [
            "'dedup_key' is missing or blank"
        ]


@pytest.mark.parametrize("value", [None, "", 5, [], "nonsense"])
def test_an_acknowledgement_needs_no_payload_and_heeds_none(value: Any) -> None:
    assert v2_problems({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k", "payload": value}) == []


def test_a_dedup_key_is_never_cut_and_a_summary_never_refused() -> None:
    assert v2_problems(v2(dedup_key="k" * 255)) == []
    assert v2_problems(v2(dedup_key="k" * 256)) == ["'dedup_key' is too long (maximum is 255 characters)"]
    assert v2_problems(payload(summary="s" * 5000)) == []


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["client", "client_url", "links", "images", "unknown"])
def test_what_is_optional_or_unknown_never_refuses_an_event(name: str, value: Any) -> None:
    assert v2_problems(v2(**{name: value})) == []
    assert v2_problems(payload(**{name: value})) == []
    assert v1_problems(v1(**{name: value})) == []


@pytest.mark.parametrize("value", ODD)
def test_odd_values_anywhere_are_told_and_never_raise(value: Any) -> None:
    for name in ("routing_key", "event_action", "dedup_key", "payload"):
        assert all(isinstance(problem, str) for problem in v2_problems(v2(**{name: value})))
    for name in ("service_key", "event_type", "incident_key", "description"):
        assert all(isinstance(problem, str) for problem in v1_problems(v1(**{name: value})))
    assert all(isinstance(problem, str) for problem in change_problems({"routing_key": KEY, "payload": value}))


def test_version_1_has_words_of_its_own() -> None:
    assert v1_problems(v1(event_type="fire", incident_key="k" * 256)) == [
        "event_type is invalid (must be one of: trigger acknowledge resolve)",
        "'incident_key' is too long (maximum is 255 characters)",
    ]
    assert v1_problems(v1(description=" ")) == ["Description is missing or blank"]
    assert v1_problems(v1(service_key=KEY[1:])) == ["Length of 'service_key' is incorrect (should be 32 characters)"]
    assert v1_problems({"service_key": KEY, "event_type": "resolve"}) == ["'incident_key' is missing or blank"]


def test_a_change_event_needs_a_key_and_a_summary() -> None:
    assert change_problems({"routing_key": KEY, "payload": {"summary": "deployed"}}) == []
    assert change_problems({"routing_key": KEY, "payload": {"summary": None}}) == [SUMMARY]
    assert change_problems({}) == ["'routing_key' is missing or blank", SUMMARY]


@pytest.mark.parametrize(
    ("body", "read_as"),
    [
        (rb'{"a": "cut \ud83d"}', "cut \ufffd"),
        (rb'{"a": "\ude00 cut"}', "\ufffd cut"),
        (rb'{"a": "\ud83d\ude00"}', "\U0001f600"),
        (rb'{"a": "\ud83d\ud83d\ude00"}', "\ufffd\U0001f600"),
        (rb'{"a": "\\ud83d"}', "\\ud83d"),
        (rb'{"a": "\"\n"}', '"\n'),
        ('{"a": "Störung"}'.encode("latin-1"), "St\ufffdrung"),
        (b'\xef\xbb\xbf{"a": "mark"}', "mark"),
    ],
)
def test_half_an_emoji_and_foreign_letters_lose_no_event(body: bytes, read_as: str) -> None:
    assert msgspec.json.decode(mended(body)) == {"a": read_as}


@pytest.mark.parametrize("body", [b"", b"\\", b"{", rb'{"a": "\ud8"}', b"\xff\xfe", b"nonsense", rb"\ud83d"])
def test_what_is_no_json_is_not_mended_into_some(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(mended(body))
