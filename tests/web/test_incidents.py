"""The list of incidents and the page of one: what stands there, and what one can do."""

from datetime import timedelta
from typing import Any

import pytest

from tests.web.pages import Pages
from tocsin.core.actor import system
from tocsin.core.clock import real_now
from tocsin.core.db import insert_rows
from tocsin.incidents.commands import verbs
from tocsin.incidents.model import Paged
from tocsin.incidents.store.tables import alerts

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def alert(site: Pages, incident: str, **cef: Any) -> None:
    """An alert of this incident, with these fields of its event."""
    now = real_now()
    row = {
        "id": f"Q{len(cef)}{now.microsecond}", "service_id": site.seeded.service, "integration_id": None,
        "incident_id": incident, "dedup_key": "k", "summary": EVIL, "severity": "critical", "status": "triggered",
        "suppressed": False, "body": {"cef_details": cef}, "first_event_id": "1", "last_event_id": "1",
        "event_count": 1, "created_at": now, "updated_at": now,
    }  # fmt: skip
    with site.database.begin() as tx:
        insert_rows(tx.conn, alerts, [row])


def paged(site: Pages, incident: str, status: str, why: str) -> None:
    """A page of Alice ended like this."""
    details = {"status": status, "type": "email", "address": "alice@example.com"}
    event = Paged(system(), "timer", site.seeded.people["alice"], 1, details, why)
    site.database.run(lambda tx: verbs.act(tx, [(incident, event)]))


def test_an_empty_list_says_that_all_is_quiet(site: Pages) -> None:
    assert "All quiet" in site.sign_in().get("/app").text
    assert "Nothing is yours" in site.client.get("/app?show=mine").text
    assert "Nothing resolved lately" in site.client.get("/app?show=resolved").text


def test_the_list_says_who_has_it_where_it_is_and_what_comes_next(site: Pages) -> None:
    site.incident("Disk full on db-1")
    shown = site.sign_in().get("/app").text
    for part in (
        "Disk full on db-1",
        "Triggered",
        "High urgency",
        "Alice",
        "Level 1 of 2",
        "escalates to level 2: Bob",
    ):
        assert part in shown


def test_mine_are_those_that_are_assigned_to_me(site: Pages) -> None:
    site.incident("Disk full on db-1")
    assert "Disk full" in site.sign_in("alice").get("/app?show=mine").text
    assert "Disk full" not in site.sign_in("bob", site.visitor()).get("/app?show=mine").text


def test_many_are_answered_at_once_and_what_is_over_is_counted(site: Pages) -> None:
    ids = [site.incident(f"Number {n}") for n in range(3)]
    site.database.run(lambda tx: verbs.resolve(tx, site.person("bob"), ids[:1]))
    site.sign_in()
    answer = site.post("/app/incidents/act", {"id": [*ids, "QNOBODY"], "do": "acknowledge"})
    assert answer.headers["location"] == "/app?show=open&done=acknowledge-2-2"
    assert [site.status(id) for id in ids] == ["resolved", "acknowledged", "acknowledged"]
    assert "2 incidents acknowledged; 2 were over already." in site.client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    "given", [{}, {"do": "resolve"}, {"id": ["QNO"], "do": "resolve"}, {"id": ["x\0"], "do": "delete"}]
)
def test_an_answer_to_many_that_makes_no_sense_is_explained(site: Pages, given: dict[str, Any]) -> None:
    incident = site.incident()
    site.sign_in()
    answer = site.post("/app/incidents/act", given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert site.status(incident) == "triggered"


def test_ten_thousand_fields_are_too_many(site: Pages) -> None:
    site.sign_in()
    assert site.post("/app/incidents/act", {"id": [f"Q{n}" for n in range(10_000)]}).status_code == 413
    assert site.post("/app/incidents/act", {"x": "y" * 600_000}).status_code == 413


@pytest.mark.parametrize("page", ["-1", "x", "99999999999999999999", "²", "1000"])
def test_odd_page_numbers_show_a_page(site: Pages, page: str) -> None:
    assert site.sign_in().get(f"/app?page={page}&show=nothing").status_code == 200


def test_an_incident_is_found_by_id_and_by_number(site: Pages) -> None:
    incident = site.incident("Disk full on db-1")
    site.sign_in()
    assert "Disk full" in site.client.get(f"/app/incidents/{incident}").text
    assert "Disk full" in site.client.get("/app/incidents/1").text


@pytest.mark.parametrize("id", ["QNOBODY", "0", "9" * 40, "%00", "x" * 3000, "²", "<script>"])
def test_an_unknown_incident_is_a_page_that_says_so(site: Pages, id: str) -> None:
    answer = site.sign_in().get(f"/app/incidents/{id}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_every_step_stands_in_the_timeline_with_its_reason(site: Pages) -> None:
    incident = site.incident()
    paged(site, incident, "delayed", "the mail server hung up")
    paged(site, incident, "success", "You are on call at level 1")
    site.database.run(lambda tx: verbs.escalate(tx, site.person("eve"), [incident], 2))
    shown = site.sign_in().get(f"/app/incidents/{incident}").text
    for part in (
        "Delayed",
        "the mail server hung up",
        "Handed over",
        "to alice@example.com",
        "Escalated to level 2: Bob",
    ):
        assert part in shown
    assert shown.index("Escalated to level 2") < shown.index("the mail server hung up") < shown.index("opened it")


def test_long_timelines_show_the_newest_and_offer_the_rest(site: Pages) -> None:
    incident = site.incident()
    for n in range(130):
        paged(site, incident, "success", f"page number {n}")
    shown = site.sign_in().get(f"/app/incidents/{incident}").text
    assert "page number 129" in shown
    assert "page number 1<" not in shown
    assert "earlier entries" in shown
    assert "page number 1<" in site.client.get(f"/app/incidents/{incident}?entries=all").text


def test_nothing_that_came_in_becomes_markup(site: Pages) -> None:
    incident = site.incident(EVIL, body={"type": "incident_body", "details": EVIL})
    links = [
        {"type": "link", "href": "javascript:alert(3)", "text": EVIL},
        {"type": "image", "src": "data:x", "alt": EVIL},
    ]
    alert(
        site, incident, details={EVIL: EVIL}, source_origin=EVIL, client=EVIL, client_url="javascript:x", contexts=links
    )
    site.sign_in()
    site.post(f"/app/incidents/{incident}/note", {"content": EVIL})
    for path in (f"/app/incidents/{incident}", "/app", f"/app/services/{site.seeded.service}"):
        shown = site.client.get(path).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert 'href="javascript' not in shown


@pytest.mark.parametrize(
    "cef", [{"details": None}, {"details": "text"}, {"details": [1, {"a": None}]}, {"contexts": "no"},
            {"contexts": [1]}, {"client_url": 7, "client": {"a": 1}}, {"details": {"long": "y" * 100_000}},
            {"details": {"a" * 5000: 1}}]
)  # fmt: skip
def test_payloads_of_any_shape_are_shown(site: Pages, cef: dict[str, Any]) -> None:
    incident = site.incident()
    alert(site, incident, **cef)
    assert site.sign_in().get(f"/app/incidents/{incident}").status_code == 200


def test_acknowledge_give_back_resolve_and_open_again(site: Pages) -> None:
    incident = site.incident()
    site.sign_in()
    for verb, status in (
        ("acknowledge", "acknowledged"), ("unacknowledge", "triggered"), ("resolve", "resolved"),
        ("reopen", "triggered"),
    ):  # fmt: skip
        answer = site.post(f"/app/incidents/{incident}/{verb}")
        assert answer.headers["location"] == f"/app/incidents/{incident}?done={verb}"
        assert site.status(incident) == status
    assert {e.channel for e in site.entries(incident) if e.actor_kind == "user"} == {"website"}


def test_what_is_over_cannot_be_answered_and_the_page_says_so(site: Pages) -> None:
    incident = site.incident()
    site.database.run(lambda tx: verbs.resolve(tx, site.person("bob"), [incident]))
    site.sign_in()
    answer = site.post(f"/app/incidents/{incident}/acknowledge")
    assert answer.status_code == 400
    assert "Incident Already Resolved" in answer.text


@pytest.mark.parametrize(("chosen", "seconds"), [("15", 900), ("60", 3600), ("240", 14_400)])
def test_snoozing_a_triggered_incident_takes_it_first(site: Pages, chosen: str, seconds: int) -> None:
    incident = site.incident()
    site.sign_in()
    assert site.post(f"/app/incidents/{incident}/snooze", {"for": chosen}).status_code == 303
    taken, snoozed = site.entries(incident)[-2:]
    assert (taken.type, snoozed.type, snoozed.details["duration"]) == ("acknowledge", "snooze", seconds)


def test_tomorrow_morning_is_nine_on_the_viewers_clock(site: Pages) -> None:
    incident = site.incident()
    site.sign_in().cookies.set("tocsin_zone", "Asia/Tokyo")
    site.post(f"/app/incidents/{incident}/snooze", {"for": "morning"})
    until = site.entries(incident)[-1].after["snoozed_until"]
    assert until[11:16] == "00:00"


@pytest.mark.parametrize("given", [{}, {"until": "x"}, {"until": "2001-01-01T10:00"}, {"until": "9999-12-31T23:59"},
                                   {"until": "0001-01-01T00:00"}, {"for": "-5"}])  # fmt: skip
def test_a_snooze_that_makes_no_sense_changes_nothing(site: Pages, given: dict[str, str]) -> None:
    incident = site.incident()
    site.sign_in()
    assert site.post(f"/app/incidents/{incident}/snooze", given).status_code == 400
    assert site.status(incident) == "triggered"


def test_a_chosen_time_is_read_on_the_viewers_clock(site: Pages) -> None:
    incident = site.incident()
    site.sign_in().cookies.set("tocsin_zone", "Asia/Tokyo")
    wanted = real_now() + timedelta(hours=30)
    site.post(
        f"/app/incidents/{incident}/snooze", {"for": "custom", "until": f"{wanted + timedelta(hours=9):%Y-%m-%dT%H:%M}"}
    )
    assert site.entries(incident)[-1].after["snoozed_until"].startswith(f"{wanted:%Y-%m-%dT%H:%M}")


def test_it_is_handed_to_people_to_a_level_and_to_a_policy(site: Pages) -> None:
    incident, people = site.incident(), site.seeded.people
    site.sign_in()
    path = f"/app/incidents/{incident}/reassign"
    site.post(path, {"to": "people", "user": [people["carol"], people["dan"]]})
    assert site.entries(incident)[-1].assignees == [people["carol"], people["dan"]]
    site.post(path, {"to": "level", "level": "2"})
    assert site.entries(incident)[-1].assignees == [people["bob"]]
    site.post(path, {"to": "policy", "policy": site.seeded.policy})
    assert site.entries(incident)[-1].assignees == [people["alice"]]


@pytest.mark.parametrize(
    "given", [{}, {"to": "people"}, {"to": "people", "user": "PNOBODY"}, {"to": "level", "level": "9"},
              {"to": "level", "level": "-1"}, {"to": "level", "level": "²"}, {"to": "policy", "policy": "PNO"}]
)  # fmt: skip
def test_handing_on_to_nobody_is_refused(site: Pages, given: dict[str, str]) -> None:
    incident = site.incident()
    site.sign_in()
    before = site.entries(incident)
    assert site.post(f"/app/incidents/{incident}/reassign", given).status_code == 400
    assert site.entries(incident) == before


def test_a_note_is_kept_as_written_and_an_empty_one_is_refused(site: Pages) -> None:
    incident = site.incident()
    site.sign_in()
    site.post(f"/app/incidents/{incident}/note", {"content": "found it\r\nNUL \0 here 🔥 مرحبا"})
    assert site.entries(incident)[-1].details["content"] == "found it\nNUL \ufffd here 🔥 مرحبا"
    assert site.post(f"/app/incidents/{incident}/note", {"content": "  "}).status_code == 400
    too_long = site.post(f"/app/incidents/{incident}/note", {"content": "x" * 66_000})
    assert too_long.status_code == 400
    assert "too long" in too_long.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_served(site: Pages, method: str) -> None:
    site.sign_in()
    assert site.client.request(method, "/app").status_code == 405
    assert site.client.get(f"/app/incidents/{site.incident()}/resolve").status_code == 405


def test_a_link_that_asks_for_an_answer_has_a_question_on_the_page(site: Pages) -> None:
    shown = site.sign_in().get(f"/app/incidents/{site.incident()}").text
    assert '<section class="confirm" id="acknowledge"' in shown
    assert '<section class="confirm" id="resolve"' in shown
