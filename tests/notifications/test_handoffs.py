"""People are told of hand-offs (core:N30, core:N31, core:G-58)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.notifications.handing_over import HandingOver, begun
from tests.rest_client import RestClient
from tocsin.core import timers
from tocsin.core.db import Database
from tocsin.notifications.commands import handoffs
from tocsin.schedules.logic import Handoff
from tocsin.schedules.logic import handoffs as found_in
from tocsin.schedules.model import Layer, Override, Schedule

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def served(rest_client: RestClient, database: Database) -> HandingOver:
    return begun(rest_client, database)


def test_both_are_told_their_advance_before_and_once(served: HandingOver) -> None:
    served.wants("alice", 60, "offcall")
    served.wants("bob", 120, "oncall")
    served.wants("bob", 0)
    at = served.next_at
    assert served.comes(at - 2 * HOUR - MINUTE) == []
    (bob,) = served.comes(at - 2 * HOUR)
    (alice,) = served.comes(at - HOUR)
    assert (bob[:27], alice[:28]) == ("You go on call for Primary ", "Your shift on Primary ends o")
    assert len(served.comes(at)) == 1
    assert [row.address for row in served.sent()] == [f"{name}@example.com" for name in ("bob", "alice", "bob")]
    assert served.comes(at + DAY - MINUTE) == []
    assert len(served.comes(at + DAY)) == 1  # Bob's, who goes off call


def test_the_mail_says_who_came_before_until_when_and_leads_to_the_schedule(served: HandingOver) -> None:
    served.wants("bob", 0, "oncall")
    served.comes(served.next_at)
    notice = served.sent()[0].notice
    assert "Alice has the shift before you" in notice["text"]
    assert f"until {served.next_at + DAY:%A}" in notice["text"]
    assert notice["page"] == f"/schedules/{served.schedule}"


def test_a_change_that_makes_a_hand_off_tells_it_at_once_and_an_edit_tells_nothing_twice(served: HandingOver) -> None:
    served.wants("bob", 180)
    served.comes(served.now + MINUTE)
    served.overrides("bob", served.now + HOUR, minutes=60)
    assert len(served.comes(served.now + MINUTE)) == 2  # on call in an hour, off call in two
    served.overrides("alice", served.next_at + 3 * DAY, hours=1)
    assert served.comes(served.now + MINUTE) == []


def test_whoever_hands_over_to_himself_is_not_told(served: HandingOver) -> None:
    served.wants("alice", 0)
    served.overrides("alice", served.now + HOUR, hours=1)
    assert served.comes(served.now + 2 * HOUR + MINUTE) == []


def test_a_new_rule_tells_nothing_that_was_due_before_it(served: HandingOver) -> None:
    served.wants("bob", 2880)
    assert served.comes(served.next_at - MINUTE) == []


@pytest.mark.parametrize(("serves", "told"), [("service", 1), ("always", 1), ("disabled", 0), ("nothing", 0), ("", 0)])
def test_only_schedules_that_count_are_told_of(
    rest_client: RestClient, database: Database, serves: str, told: int
) -> None:
    over = begun(rest_client, database, serves)
    over.wants("bob", 10, "oncall")
    assert len(over.comes(over.next_at)) == told


def test_a_rule_for_a_phone_tells_by_mail_and_one_that_is_gone_tells_nothing(served: HandingOver) -> None:
    bob = f"/users/{served.people['bob']}"
    phone = {"type": "phone_contact_method", "label": "Work", "address": "2025550199", "country_code": 1}
    served.client.post(f"{bob}/contact_methods", {"contact_method": phone})
    served.wants("bob", 30, "oncall", "phone")
    gone = served.wants("bob", 10)
    served.client.delete(f"{bob}/oncall_handoff_notification_rules/{gone}")
    served.comes(served.next_at)
    assert [row.address for row in served.sent()] == ["bob@example.com"]


def test_what_is_long_over_is_told_no_more(served: HandingOver) -> None:
    served.wants("bob", 0, "oncall")
    served.comes(served.now + MINUTE)
    with served.database.begin() as tx:
        late = timers.of(tx.conn, [served.schedule])[0]
        assert (late.kind, late.due_at) == (handoffs.DUE, served.next_at)
        timers.put(tx.conn, [timers.Timer(late.subject, late.kind, served.next_at + 2 * HOUR, 1)])
    assert served.comes(served.next_at + 3 * HOUR) == []


def test_nothing_waits_where_nobody_wants_to_know(served: HandingOver) -> None:
    served.comes(served.next_at)
    with served.database.begin() as tx:
        assert timers.of(tx.conn, [served.schedule]) == []


def test_hand_offs_are_changes_of_the_person_gaps_among_them() -> None:
    layer = Layer("L", "L", MONDAY, MONDAY + 3 * DAY, MONDAY, 86_400, ("a", "b"))
    during = Override("O", MONDAY + 4 * HOUR, MONDAY + 5 * HOUR, "a", 1)
    later = Override("P", MONDAY + 4 * DAY, MONDAY + 5 * DAY, "b", 2)
    schedule = Schedule("S", "S", "UTC", (layer,), (during, later))
    found = found_in(schedule, MONDAY - DAY, MONDAY + 9 * DAY)
    assert [(one.at - MONDAY, one.off, one.on) for one in found] == [
        (0 * DAY, None, "a"), (DAY, "a", "b"), (2 * DAY, "b", "a"), (3 * DAY, "a", None), (4 * DAY, None, "b"),
        (5 * DAY, "b", None),
    ]  # fmt: skip
    assert found_in(schedule, MONDAY + DAY, MONDAY + DAY + HOUR) == [Handoff(MONDAY + DAY, "a", "b")]
    assert found_in(schedule, MONDAY + HOUR, MONDAY + DAY) == []
