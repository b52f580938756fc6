"""What events do: alerts, dedup, incidents (core:E40-E51, core:I20-I25, SPINE 11)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.world import World, acknowledge, resolve, trigger


@pytest.fixture
def w() -> World:
    w = World()
    w.happens(trigger("disk full", key="disk"))
    w.paged()
    return w


def statuses(w: World) -> list[str]:
    return [alert.status for alert in w.alerts.values()]


def test_a_repeat_is_one_alert_one_incident_two_trigger_entries_and_one_page() -> None:
    w = World()
    w.happens(trigger("disk full", key="disk"), trigger("disk fuller", key="disk"))
    w.advance(minutes=4)
    assert (len(w.alerts), len(w.incidents), w.paged()) == (1, 1, ["alice"])
    assert w.log() == ["trigger", "assign", "trigger"]
    assert next(iter(w.alerts.values())).summary == "disk fuller"
    assert w.incident().title == "disk full"


def test_a_repeat_resets_no_timer(w: World) -> None:
    w.advance(minutes=4)
    w.happens(trigger("disk full", key="disk"))
    assert w.pending() == {"escalate": "5:00"}


def test_a_repeat_of_what_is_acknowledged_leaves_it_so(w: World) -> None:
    w.happens(acknowledge("disk"), trigger("disk full", key="disk"))
    w.advance(hours=2)
    assert (w.incident().status, w.paged()) == ("acknowledged", [])


def test_keys_are_case_sensitive_and_each_integration_has_its_own() -> None:
    w = World()
    w.happens(trigger("one", key="k"), trigger("two", key="K"), trigger("three", key="k", via="other"))
    assert len(w.incidents) == 3


@pytest.mark.parametrize("event", [acknowledge("disk", via="other"), resolve("disk", via="other"), resolve("DISK")])
def test_answers_with_another_key_or_through_another_integration_are_dropped(w: World, event: object) -> None:
    before = w.incident()
    w.happens(event)  # type: ignore[arg-type]
    assert (w.incident(), statuses(w)) == (before, ["triggered"])


def test_resolve_then_trigger_in_one_batch_opens_a_new_incident(w: World) -> None:
    w.happens(resolve("disk"), trigger("disk full", key="disk"))
    assert [incident.status for incident in w.incidents.values()] == ["resolved", "triggered"]
    assert sorted(statuses(w)) == ["resolved", "triggered"]
    w.advance(minutes=1)
    assert w.paged() == ["alice"]


def test_trigger_and_resolve_in_one_batch_pages_nobody() -> None:
    w = World()
    w.happens(trigger("blip"), resolve("blip"))
    w.advance(hours=1)
    assert (w.incident().status, statuses(w), w.paged()) == ("resolved", ["resolved"], [])


def test_flapping_in_one_batch_is_an_incident_each_time() -> None:
    w = World()
    w.happens(*[event for _ in range(5) for event in (trigger("flap"), resolve("flap"))], trigger("flap"))
    assert (len(w.incidents), statuses(w).count("triggered")) == (6, 1)


def test_the_last_resolved_alert_takes_its_incident_along(w: World) -> None:
    w.happens(trigger("cpu"))
    w.merge("dan", source=2, target=1)
    w.happens(resolve("disk"))
    assert (w.incident(1).status, w.incident(1).alerts_triggered) == ("triggered", 1)
    w.happens(resolve("cpu"))
    assert w.incident(1).status == "resolved"


def test_a_resolved_incident_resolves_its_alerts_and_a_new_trigger_opens_another(w: World) -> None:
    w.resolve("alice")
    assert statuses(w) == ["resolved"]
    w.happens(trigger("disk full", key="disk"))
    assert len(w.incidents) == 2


def test_an_alert_resolved_by_hand_takes_its_incident_along(w: World) -> None:
    w.resolve_alert("alice", "disk")
    assert w.incident().status == "resolved"


def test_a_hundred_triggers_are_listed_and_the_rest_counted(w: World) -> None:
    w.happens(*(trigger("disk full", key="disk") for _ in range(150)))
    assert (w.log().count("trigger"), w.log().count("reach_trigger_limit")) == (100, 1)
    assert w.incident().trigger_count == 151
    assert next(iter(w.alerts.values())).event_count == 151


def test_a_disabled_service_stores_the_alert_with_the_reason_and_pages_nobody() -> None:
    w = World()
    w.set(status="disabled")
    w.happens(trigger("disk full"))
    held = next(iter(w.alerts.values()))
    assert (held.status, held.suppressed, held.incident_id, w.incidents) == ("triggered", True, None, {})
    assert held.held_why == "Shop is disabled: stored, nobody is paged"
    assert [entry.log.reason for entry in w.entries] == [held.held_why]


def test_maintenance_holds_the_alert_until_it_ends() -> None:
    w = World()
    w.window(minutes=60)
    w.happens(trigger("disk full"))
    held = next(iter(w.alerts.values()))
    assert (held.held_by, held.held_until) == ("maintenance", w.now + timedelta(hours=1))
    assert held.held_why == (
        "Shop is in maintenance: held until 2024-01-01T10:00:00Z by maintenance window “work W” (W)"
    )
    assert w.paged() == []


def test_a_repeat_after_the_service_is_enabled_again_opens_the_incident() -> None:
    w = World()
    w.set(status="disabled")
    w.happens(trigger("disk full"), trigger("disk full"))
    w.set(status="active")
    w.happens(trigger("disk full"))
    assert (len(w.alerts), len(w.incidents), w.paged()) == (1, 1, ["alice"])
    alert = next(iter(w.alerts.values()))
    assert (alert.incident_id, alert.suppressed, alert.held_why) == (w.incident().id, False, None)


def test_what_is_held_can_be_resolved_without_an_incident() -> None:
    w = World()
    w.set(status="disabled")
    w.happens(trigger("disk full"), resolve("disk full"), acknowledge("disk full"))
    assert (statuses(w), w.incidents) == (["resolved"], {})


def test_maintenance_does_not_stop_answers_to_what_is_open(w: World) -> None:
    w.window(minutes=60)
    w.happens(resolve("disk"))
    assert w.incident().status == "resolved"


def test_nor_does_it_while_the_service_is_in_maintenance(w: World) -> None:
    w.resolve("alice")
    for alert in w.alerts.values():
        w.alerts[alert.id] = replace(alert, status="triggered")
    w.window(minutes=60)
    w.happens(trigger("disk full", key="disk"))
    w.advance(minutes=61)
    assert [incident.status for incident in w.incidents.values()] == ["resolved", "triggered"]


def test_a_trigger_never_vanishes_into_a_resolved_incident(w: World) -> None:
    w.resolve("alice")
    for alert in w.alerts.values():
        w.alerts[alert.id] = replace(alert, status="triggered")
    w.happens(trigger("disk full", key="disk"))
    assert [incident.status for incident in w.incidents.values()] == ["resolved", "triggered"]
