"""One's own on-call: hand-off rules and the calendar; a schedule's calendar; what stands beside an incident."""

import re
from datetime import timedelta

from sqlalchemy import select, update

from tests.web.pages import Pages
from tests.web.test_other_pages import on_schedule
from tocsin.accounts.store.tables import handoff_rules
from tocsin.core.clock import real_now
from tocsin.core.settings import Settings
from tocsin.incidents.store.tables import incidents
from tocsin.schedules.http import FeedDoor


def rules(site: Pages) -> list[tuple[str, int]]:
    with site.database.begin() as tx:
        found = select(handoff_rules.c.handoff_type, handoff_rules.c.notify_advance_in_minutes)
        return [(row.handoff_type, row.notify_advance_in_minutes) for row in tx.conn.execute(found)]


def address(page: str) -> str:
    found = re.search(r'value="(http://[^"]+/private/[^"]+/feed)"', page)
    assert found
    return found.group(1)


def test_a_rule_is_added_and_removed_and_nonsense_is_explained(site: Pages) -> None:
    page = site.sign_in().get("/app/me").text
    method = re.search(r'<option value="(P\w+)">E-mail', page)
    assert method
    good = {"kind": "oncall", "advance": "3", "unit": "hours", "method": method.group(1)}
    assert site.post("/app/me/hand-offs", good).status_code == 303
    assert rules(site) == [("oncall", 180)]
    page = site.client.get("/app/me?done=told").text
    assert "When you go on call, 3 hours before" in page
    for wrong in ({"advance": "x"}, {"advance": "3", "unit": "days"}, {"method": "PNONE"}, {"kind": "never"}):
        answer = site.post("/app/me/hand-offs", good | wrong)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    remove = re.search(r'action="(/app/me/hand-offs/\w+/remove)"', page)
    assert remove
    assert site.post(remove.group(1)).status_code == 303
    assert rules(site) == []


def test_a_calendar_has_an_address_until_it_has_a_new_one(site: Pages) -> None:
    old = address(site.sign_in().get("/app/me").text)
    assert f"webcal:{old.removeprefix('http:')}" in site.client.get("/app/me").text
    assert site.post("/app/me/calendar").status_code == 303
    new = address(site.client.get("/app/me?done=calendar").text)
    door = FeedDoor(site.database, Settings())
    answers = [door._feed(one.split("/")[-2], "http://x", "").status_code for one in (old, new)]
    assert (answers, old == new) == ([404, 200], False)


def test_a_schedules_calendar_is_shown_and_renewed_by_who_may_change_it(site: Pages) -> None:
    at = f"/app/schedules/{on_schedule(site, None)}"
    old = address(site.sign_in().get(at).text)
    assert site.post(f"{at}/calendar").status_code == 303
    assert address(site.client.get(at).text) != old
    site.execute("UPDATE users SET role = 'observer' WHERE email = 'alice@example.com'")
    assert "Make a new address" not in site.client.get(at).text
    assert site.post(f"{at}/calendar").status_code == 403


def test_an_incident_shows_what_may_help(site: Pages) -> None:
    before = site.incident("Disk full on db-7")
    with site.database.begin() as tx:
        at = {"created_at": real_now() - timedelta(days=2)}
        tx.conn.execute(update(incidents).where(incidents.c.id == before).values(at))
    page = site.sign_in().get(f"/app/incidents/{site.incident('Disk full on db-1')}").text
    beside = page.partition('id="h-triage"')[2].partition("</section>")[0]
    assert f'href="/app/incidents/{before}"' in beside
    assert "100 % alike" in beside
    assert "What may help" not in site.client.get(f"/app/incidents/{site.incident('Nothing like it')}").text
