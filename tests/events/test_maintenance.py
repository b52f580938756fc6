"""Maintenance on the clock: held while it lasts, opened when it ends (SPINE 11 over core:E48, core:E49, core:W6)."""

from tests.world import World, resolve, trigger


def in_maintenance(minutes: float = 60) -> World:
    w = World()
    w.window(minutes)
    w.happens(trigger("disk full", key="disk"))
    return w


def test_what_still_fires_when_the_window_ends_opens_and_pages() -> None:
    w = in_maintenance()
    w.advance(minutes=59)
    assert (w.incidents, w.paged()) == ({}, [])
    w.advance(minutes=2)
    assert (w.incident().title, w.paged()) == ("disk full", ["alice"])
    (alert,) = w.alerts.values()
    assert (alert.incident_id, alert.suppressed, alert.held_by) == (w.incident().id, False, None)


def test_the_ledger_says_why_it_opened_only_then() -> None:
    w = in_maintenance()
    w.advance(minutes=61)
    entry = next(e for e in w.entries if e.incident_id == w.incident().id)
    assert entry.log.cause == "timer"
    assert entry.log.reason == (
        "an event came in on api at 2024-01-01 09:00 UTC, was held back (Shop is in maintenance: held until "
        "2024-01-01T10:00:00Z by maintenance window “work W” (W)) and still fires; "
        "urgency high: the service's urgency"
    )


def test_what_is_over_before_the_window_ends_opens_nothing() -> None:
    w = in_maintenance()
    w.happens(resolve("disk"))
    w.advance(hours=3)
    assert (w.incidents, w.paged(), w.held()) == ({}, [], [])
    assert w.entries[-1].log.reason == "it was over while it was held back"


def test_a_repeat_holds_on_and_the_latest_words_name_the_incident() -> None:
    w = in_maintenance()
    w.happens(trigger("disk fuller", key="disk", severity="critical"))
    w.advance(minutes=61)
    assert (len(w.incidents), w.incident().title, w.paged()) == (1, "disk fuller", ["alice"])


def test_ended_early_it_opens_at_once() -> None:
    w = in_maintenance()
    w.advance(minutes=10)
    w.end_window()
    w.advance(minutes=0)
    assert w.paged() == ["alice"]


def test_extended_it_holds_longer_and_says_so() -> None:
    w = in_maintenance()
    w.advance(minutes=50)
    w.window(60)
    w.advance(minutes=20)
    assert w.paged() == []
    assert [alert.held_until for alert in w.held()] == [w.windows["W"].end]
    w.advance(minutes=41)
    assert w.paged() == ["alice"]


def test_windows_that_overlap_or_touch_are_one() -> None:
    w = in_maintenance()
    w.window(60, after=30, id="V")
    w.window(10, after=90, id="U")
    w.advance(minutes=99)
    assert [a.held_until for a in w.held()] == [w.windows["U"].end]
    w.advance(minutes=2)
    assert w.paged() == ["alice"]


def test_between_two_windows_it_opens() -> None:
    w = in_maintenance()
    w.window(60, after=61, id="V")
    w.advance(minutes=60)
    assert w.paged() == ["alice"]
    w.advance(minutes=2)
    w.happens(trigger("cpu"))
    assert [alert.dedup_key for alert in w.held()] == ["cpu"]


def test_a_window_to_come_holds_nothing_yet() -> None:
    w = World()
    w.window(60, after=30)
    w.happens(trigger("disk full"))
    assert w.paged() == ["alice"]
    w.advance(minutes=31)
    assert w.paged() == ["bob"], "what was open when it began goes on climbing (core:W6)"


def test_a_worker_that_comes_late_opens_it_then() -> None:
    w = in_maintenance()
    w.sleep(hours=5)
    w.advance(minutes=0)
    assert w.paged() == ["alice"]


def test_a_service_that_is_enabled_again_opens_what_it_held() -> None:
    w = World()
    w.set(status="disabled")
    w.happens(trigger("disk full"), trigger("cpu"), resolve("cpu"))
    w.advance(hours=5)
    assert w.incidents == {}
    w.set(status="active")
    w.advance(minutes=0)
    assert ([i.title for i in w.incidents.values()], w.paged()) == (["disk full"], ["alice"])


def test_disabled_in_a_window_it_stays_held_beyond_its_end() -> None:
    w = in_maintenance()
    w.set(status="disabled")
    w.advance(minutes=70)
    assert [(alert.held_by, alert.held_until) for alert in w.held()] == [("disabled", None)]
    w.window(60)
    w.set(status="active")
    w.advance(minutes=1)
    assert [alert.held_by for alert in w.held()] == ["maintenance"]
