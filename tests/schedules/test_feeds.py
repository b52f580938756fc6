"""Calendar feeds (core:S50, core:N1, core:N5): as a calendar program reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from starlette.testclient import TestClient

from tests.accounts import people
from tests.rest_client import RestClient
from tests.schedules import wired
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.schedules import http
from tocsin.schedules.http import FeedDoor
from tocsin.schedules.ical import Entry, Feed, text

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.fixture
def door(database: Database) -> TestClient:
    return TestClient(FeedDoor(database, Settings()))


@pytest.fixture
def schedule(as_owner: RestClient, database: Database) -> dict[str, Any]:
    """Alice and Bob by turns; the owner sees the address of its calendar."""
    made = wired.add(as_owner, wired.layer(wired.cast(database, "alice", "bob").values()))
    return dict(as_owner.get(f"/schedules/{made['id']}").body["schedule"])


def read(door: TestClient, url: str) -> tuple[Any, list[Any]]:
    got = door.get(url.replace("http://testserver", ""))
    assert (got.status_code, got.headers["content-type"]) == (200, "text/calendar; charset=utf-8"), got.text
    assert got.content.count(b"\r\n") == got.content.count(b"\n")
    assert all(len(line) <= 75 for line in got.content.split(b"\r\n"))
    calendar = Calendar.from_ical(got.content)
    assert not calendar.errors
    return calendar, list(calendar.walk("VEVENT"))


def test_a_schedules_feed_is_read_from_a_month_back_to_six_months_ahead(
    door: TestClient, schedule: dict[str, Any], as_owner: RestClient
) -> None:
    assert schedule["web_cal_url"] == schedule["http_cal_url"].replace("http:", "webcal:")
    calendar, events = read(door, schedule["http_cal_url"])
    assert (str(calendar["x-wr-calname"]), str(calendar["method"])) == ("On call: Primary", "PUBLISH")
    assert calendar.decoded("refresh-interval") == timedelta(hours=1)
    assert {str(event["summary"]) for event in events} == {"On call: Alice (Primary)", "On call: Bob (Primary)"}
    assert 182 <= len(events) <= 185
    assert len({str(event["uid"]) for event in events}) == len(events)
    shown = as_owner.get(f"/schedules/{schedule['id']}?since={wired.soon()}&until={wired.soon(days=9)}&overflow=true")
    entries = shown.body["schedule"]["final_schedule"]["rendered_schedule_entries"]
    starts = [event.decoded("dtstart") for event in events]
    assert {datetime.fromisoformat(entry["start"]) for entry in entries} <= set(starts)


def test_events_keep_their_names_and_an_unchanged_feed_is_not_sent_again(
    door: TestClient, schedule: dict[str, Any], as_owner: RestClient, database: Database
) -> None:
    url = schedule["http_cal_url"].replace("http://testserver", "")
    first = door.get(url)
    assert door.get(url, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    carol = wired.cast(database, "carol")["carol"]
    override = wired.override(carol, wired.soon(days=3), wired.soon(days=3, hours=1))
    as_owner.post(f"/schedules/{schedule['id']}/overrides", {"overrides": [override]})
    again = door.get(url, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    _, events = read(door, url)
    before = {str(event["uid"]) for event in Calendar.from_ical(first.content).walk("VEVENT")}
    assert len({str(event["uid"]) for event in events} - before) == 2  # Carol's, and the rest of the shift after hers
    assert any("(override)" in str(event["description"]) for event in events)


def test_a_persons_feed_is_told_to_that_person_and_to_admins_who_ask(
    as_owner: RestClient, rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    ann = people.add(as_owner, "Ann")
    as_ann = as_owner.as_key(people.key_of(database, ann["id"]))
    url = as_ann.get("/users/me").body["user"]["http_cal_url"]
    own = as_ann.get(f"/users/{ann['id']}").body["user"]
    assert (own["http_cal_url"], own["web_cal_url"]) == (url, url.replace("http:", "webcal:"))
    assert "http_cal_url" not in as_owner.get(f"/users/{ann['id']}").body["user"]
    asked = as_owner.get(f"/users/{ann['id']}?include[]=calendar_urls").body["user"]
    assert asked["http_cal_url"] == url
    assert "http_cal_url" not in as_ann.get(f"/users/{owner.user_id}?include[]=calendar_urls").body["user"]
    assert "http_cal_url" not in rest_client.get("/users").body["users"][0]


def test_a_new_key_ends_the_old_address_and_only_admins_make_anothers(
    door: TestClient, as_owner: RestClient, database: Database, owner: Bootstrapped
) -> None:
    ann = people.add(as_owner, "Ann")
    as_ann = as_owner.as_key(people.key_of(database, ann["id"]))
    old = as_ann.get("/users/me").body["user"]["http_cal_url"].replace("http://testserver", "")
    made = as_ann.send("POST", f"/users/{ann['id']}/regenerate_private_url_key")
    assert (made.status, list(made.body)) == (200, ["private_url_key"])
    assert (door.get(old).status_code, old.count("/")) == (404, 3)
    read(door, f"/private/{made.body['private_url_key']}/feed")
    assert as_ann.send("POST", f"/users/{owner.user_id}/regenerate_private_url_key").status == 403
    assert as_owner.send("POST", f"/users/{ann['id']}/regenerate_private_url_key").status == 200


def test_ones_own_calendar_has_ninety_days_of_ones_own_shifts(
    door: TestClient, as_owner: RestClient, database: Database
) -> None:
    cast = wired.cast(database, "alice", "bob")
    wired.add(as_owner, wired.layer(cast.values()))
    wired.add(as_owner, wired.layer([cast["bob"]]), name="Other; with, signs")
    url = as_owner.as_key(people.key_of(database, cast["alice"])).get("/users/me").body["user"]["http_cal_url"]
    calendar, events = read(door, url)
    assert str(calendar["x-wr-calname"]) == "Alice on call"
    assert {str(event["summary"]) for event in events} == {"On call: Primary"}
    assert 44 <= len(events) <= 46
    assert max(event.decoded("dtstart") for event in events) < real_now() + timedelta(days=90)


def test_a_feed_ends_with_its_schedule_and_is_closed_while_only_private_teams_own_it(
    door: TestClient, as_owner: RestClient, schedule: dict[str, Any]
) -> None:
    url, at = schedule["http_cal_url"].replace("http://testserver", ""), f"/schedules/{schedule['id']}"
    team = as_owner.post("/teams", {"team": {"type": "team", "name": "Secret", "default_role": "none"}}, lenient=True)
    ref = {"id": team.body["team"]["id"], "type": "team_reference"}
    kept = {name: schedule[name] for name in ("name", "type", "time_zone", "schedule_layers")}
    assert as_owner.put(at, {"schedule": kept | {"teams": [ref]}}, lenient=True).status == 200
    closed = door.get(url)
    assert "http_cal_url" not in as_owner.get(at).body["schedule"]
    assert as_owner.put(at, {"schedule": kept | {"teams": []}}, lenient=True).status == 200
    assert door.get(url).status_code == 200
    assert as_owner.delete(at).status == 204
    gone, never = door.get(url), door.get("/private/nothing-of-ours/feed")
    assert [(one.status_code, one.text) for one in (closed, gone)] == [(404, never.text)] * 2


def test_odd_requests_have_plain_answers(door: TestClient) -> None:
    for path in ("/private/", "/private/x", "/private//feed", "/private/a/b/feed", f"/private/{'x' * 5000}/feed",
                 "/private/%00/feed", "/private/é/feed"):  # fmt: skip
        assert door.get(path).status_code == 404, path
    assert door.post("/private/x/feed").status_code == 405
    answers = [door.get("/private/x/feed") for _ in range(2 * http.MOST + 1)]  # over a minute's end, too
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) <= 60


def test_shifts_across_a_change_of_the_clocks_are_instants() -> None:
    start, end = datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)  # 09:00 to 09:00 in Berlin
    entry = Entry("S-U", start, end, "Ann, Bob; \\ é" * 20, "one\ntwo\x07", "https://example.com/app/schedules/S")
    raw = text(Feed("Primary", "Europe/Berlin", (entry,)), NOON)
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (start, end)
    assert b"DTSTART:20260328T080000Z" in raw
    assert (str(event["summary"]), str(event["description"])) == (entry.summary, "one two ")
    assert (str(event["uid"]), event.decoded("dtstamp")) == ("S-U-20260328T080000Z@tocsin", NOON)


def test_a_calendar_without_shifts_is_a_calendar_all_the_same() -> None:
    for zone in ("Europe/Berlin", "UTC", "America/St_Johns"):
        calendar = Calendar.from_ical(text(Feed("Nothing", zone, ()), NOON))
        assert [str(one["tzid"]) for one in calendar.walk("VTIMEZONE")] == [zone]
