"""Maintenance on the pages: planned, moved, ended, and a service quiet at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from tests.web.pages import Pages
from tocsin.core.clock import real_now
from tocsin.incidents.store.tables import alerts

HERE = "/app/maintenance-windows"


def field(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def form(site: Pages, start: float = 30, end: float = 90, **more: Any) -> dict[str, Any]:
    given = {"description": "Deploy", "start": field(start), "end": field(end), "service": site.seeded.service}
    return given | more


def windows(site: Pages) -> list[Any]:
    with site.database.begin() as tx:
        return list(tx.conn.execute(text("SELECT * FROM maintenance_windows ORDER BY sequence_number")))


def held(site: Pages) -> None:
    """An alert that the service holds back."""
    row = {
        "id": "Q1", "service_id": site.seeded.service, "integration_id": site.seeded.integration, "dedup_key": "d",
        "summary": "Disk full", "severity": "critical", "status": "triggered", "suppressed": True,
        "held_by": "maintenance", "held_why": "held until then by maintenance window “Deploy”", "body": {},
        "first_event_id": "1", "last_event_id": "1", "event_count": 1, "created_at": real_now(),
        "updated_at": real_now(),
    }  # fmt: skip
    with site.database.begin() as tx:
        tx.conn.execute(insert(alerts).values(row))


def test_one_is_planned_changed_and_called_off(site: Pages) -> None:
    site.sign_in()
    assert "No maintenance" in site.client.get(HERE).text
    assert (
        f'id="service-{site.seeded.service}" checked'
        in site.client.get(f"{HERE}/new?service={site.seeded.service}").text
    )
    assert site.post(HERE, form(site)).headers["location"] == f"{HERE}?done=made"
    (made,) = windows(site)
    assert made.created_by == site.seeded.people["alice"]
    listed = site.client.get(HERE).text
    assert "Deploy" in listed
    assert "planned" in listed
    at = f"{HERE}/{made.id}"
    assert site.post(at, form(site, description="Later")).status_code == 303
    shown = site.client.get(f"{at}?done=saved").text
    assert "Later" in shown
    assert "Call it off" in shown
    assert site.post(f"{at}/end").headers["location"] == f"{HERE}?done=removed"
    assert windows(site) == []


def test_what_is_wrong_is_said_and_what_was_typed_stays(site: Pages) -> None:
    site.sign_in()
    wrong = [({"service": ""}, "Choose a service"), ({"start": "noon"}, "Say when it starts"),
             ({"end": field(20)}, "End time must be after the start time")]  # fmt: skip
    for change, said in wrong:
        answer = site.post(HERE, form(site) | change)
        assert (answer.status_code, said in answer.text, 'value="Deploy"' in answer.text) == (400, True, True)
    assert windows(site) == []


def test_a_service_is_quiet_at_once_says_so_and_shows_what_it_holds(site: Pages) -> None:
    site.sign_in()
    at = f"/app/services/{site.seeded.service}"
    assert site.post(f"{at}/quiet", {"for": "60"}).headers["location"] == f"{at}?done=quiet"
    (made,) = windows(site)
    assert timedelta(minutes=59) < made.end_time - real_now() <= timedelta(minutes=60)
    held(site)
    shown = site.client.get(at).text
    for words in (
        "In maintenance until",
        "Quiet, asked for by Alice",
        "1 alert held",
        "Disk full",
        "by maintenance window",
    ):
        assert words in shown
    assert "in maintenance" in site.client.get("/app/services").text
    assert site.post(f"{at}/test-event", {"integration": site.seeded.integration}).status_code == 409
    assert site.post(f"{at}/quiet", {"for": "custom", "until": ""}).status_code == 400


def test_one_under_way_ends_now_and_then_stands_among_those_that_are_over(site: Pages) -> None:
    site.sign_in()
    site.post(f"/app/services/{site.seeded.service}/quiet", {"for": "30", "description": "Patch"})
    (made,) = windows(site)
    at = f"{HERE}/{made.id}"
    unchanged = form(site) | {"description": "Patch", "start": "", "end": ""}
    assert site.post(at, unchanged).status_code == 303
    assert windows(site)[0].end_time == made.end_time
    assert "End it now" in site.client.get(at).text
    assert site.post(f"{at}/end").headers["location"] == f"{HERE}?done=ended"
    assert "Patch" in site.client.get(f"{HERE}?show=past").text
    assert site.post(f"{at}/end").status_code == 405
    assert "End it now" not in site.client.get(at).text


@pytest.mark.parametrize("role", ["limited_user", "observer"])
def test_who_may_not_configure_sees_them_and_changes_nothing(site: Pages, role: str) -> None:
    site.sign_in()
    site.post(HERE, form(site))
    (made,) = windows(site)
    site.execute("UPDATE users SET role = :role WHERE email = 'alice@example.com'", role=role)
    shown = site.client.get(f"{HERE}/{made.id}").text
    assert ("Deploy" in shown, "Call it off" in shown) == (True, False)
    assert "Plan one" not in site.client.get(HERE).text
    assert site.client.get(f"{HERE}/new").status_code == 403
    for path in (HERE, f"{HERE}/{made.id}", f"{HERE}/{made.id}/end", f"/app/services/{site.seeded.service}/quiet"):
        assert site.post(path, form(site) | {"for": "30"}).status_code == 403
