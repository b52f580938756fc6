"""Pure decisions: which events entries mean, how things stood, when to try again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.webhooks.logic.events import EVENT_TYPES, LINES, RECORDS, V2, meant, of_record
from tocsin.webhooks.logic.past import as_of
from tocsin.webhooks.logic.retrying import LONGEST, judged, retry_at
from tocsin.webhooks.model import Answer, Delivered, Dropped, Entry, Retry

AT = datetime(2026, 1, 1, tzinfo=UTC)


def entry(seq: int, type: str, xid: int | None = None, **more: Any) -> Entry:
    return Entry(f"R{seq}", "Q1", seq, xid if xid is not None else seq, AT + timedelta(minutes=seq), type, **more)


def names(*entries: Entry) -> list[str]:
    return [line.event.partition(".")[2] for _, line in meant(entries)]


def test_only_published_events_are_ever_meant() -> None:
    lines = [line for group in LINES.values() for line in group] + list(RECORDS.values())
    assert {line.event for line in lines} <= set(EVENT_TYPES)
    assert set(V2) <= set(EVENT_TYPES)


def test_the_first_people_are_no_reassignment_and_a_repeat_is_no_event() -> None:
    opened = (entry(1, "trigger", 1, alert_id="A"), entry(2, "assign", 1))
    assert names(*opened, entry(3, "trigger", alert_id="A"), entry(4, "assign")) == ["triggered", "reassigned"]
    assert names(entry(7, "trigger", 7), entry(8, "assign", 7), entry(9, "escalate", 9)) == ["reopened", "escalated"]
    both = entry(5, "field_value_change", after={"priority_id": "P1", "title": "x", "service_id": "S"})
    assert names(both) == ["priority_updated", "service_updated"]
    assert names(entry(6, "notify"), entry(7, "snooze"), entry(8, "urgency_change")) == []
    assert names(entry(6, "status_update"), entry(7, "responder_request")) == [
        "status_update_published", "responder.added",
    ]  # fmt: skip


def test_new_values_of_a_services_fields_are_an_event_of_their_own() -> None:
    told = {after: of_record("service", "update", dict.fromkeys(after)) for after in (("name",), ("custom_fields",))}
    assert [line.event for line in told.values() if line] == ["service.updated", "service.custom_field_values.updated"]
    assert of_record("integration", "update", {"name": "x"}) is None


def test_the_past_is_the_row_of_now_taken_back() -> None:
    history = [
        entry(1, "trigger", 1), entry(2, "assign", 1, assignees=["a"]),
        entry(3, "field_value_change", before={"title": "old"}, after={"title": "new"}),
        entry(4, "acknowledge", actor_kind="user", actor_id="b", actor_name="Bob"),
        entry(5, "field_value_change", before={"title": "new"}, after={"title": "newer"}),
    ]  # fmt: skip
    first = as_of(history, 1)
    assert (first["title"], first["status"], [one["user_id"] for one in first["assignments"]]) == (
        "old", "triggered", ["a"],
    )  # fmt: skip
    fourth = as_of(history, 4)
    assert fourth == {"title": "new"}
    assert as_of(history, 5) == {}


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 15), (3, 60), (4, 300), (5, 900), (6, 1800), (7, 3600)])
def test_waits_grow_and_are_jittered_by_a_fifth(attempt: int, seconds: int) -> None:
    for dice, factor in ((0.0, 0.8), (0.5, 1.0), (1.0, 1.2)):
        assert retry_at(attempt, AT, AT, dice) == AT + timedelta(seconds=seconds * factor)


def test_a_receivers_own_wish_counts_up_to_an_hour_and_nothing_past_two_days() -> None:
    assert retry_at(1, AT, AT, 0.5, 120) == AT + timedelta(seconds=120)
    assert retry_at(1, AT, AT, 0.5, 10**6) == AT + timedelta(hours=1)
    assert retry_at(30, AT, AT + LONGEST - timedelta(minutes=30), 0.5) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Delivered), (204, Delivered), (301, Dropped), (308, Dropped), (400, Dropped), (408, Dropped), (410, Dropped),
     (429, Retry), (500, Retry), (503, Retry)],
)  # fmt: skip
def test_what_a_status_means(status: int, kind: type[object]) -> None:
    assert isinstance(judged(Answer(status)), kind)
