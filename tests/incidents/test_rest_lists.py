"""Lists of incidents: windows, filters, order, pages (core:I30-I34, core:K4-K6, core:G-36)."""

from datetime import timedelta
from typing import Any

from tests.incidents.acme import Acme, add_service


def titles(acme: Acme, query: str) -> list[str]:
    got = acme.client.get(f"/incidents?{query}")
    assert got.status == 200, got.body
    return [one["title"] for one in got.body["incidents"]]


def aged(acme: Acme, id: str, days: int) -> None:
    """An incident opened so many days ago."""
    with acme.database.begin() as tx:
        at = tx.now - timedelta(days=days)
        tx.conn.exec_driver_sql("UPDATE incidents SET created_at = %s WHERE id = %s", (at, id))


def three(acme: Acme) -> list[str]:
    """One triggered, one acknowledged of low urgency, one resolved."""
    ids = [acme.opens("a")["id"], acme.opens("b", urgency="low")["id"], acme.opens("c")["id"]]
    acme.becomes(ids[1], status="acknowledged")
    acme.becomes(ids[2], status="resolved")
    return ids


def test_statuses_and_urgencies_narrow_the_list(acme: Acme) -> None:
    three(acme)
    assert titles(acme, "") == ["a", "b", "c"]
    assert titles(acme, "statuses[]=triggered&statuses[]=acknowledged") == ["a", "b"]
    assert titles(acme, "statuses%5B%5D=resolved") == ["c"]
    assert titles(acme, "urgencies[]=low") == ["b"]
    assert titles(acme, "urgencies[]=low&statuses[]=triggered") == []


def test_user_ids_find_open_incidents_that_they_have_now(acme: Acme) -> None:
    three(acme)
    alice, bob = acme.people["alice"], acme.people["bob"]
    assert titles(acme, f"user_ids[]={alice}") == ["a", "b"]
    assert titles(acme, f"user_ids[]={bob}") == []
    assert titles(acme, f"user_ids[]={bob}&user_ids[]={alice}&statuses[]=acknowledged") == ["b"]


def test_services_and_teams_narrow_the_list(acme: Acme) -> None:
    team = acme.client.post("/teams", {"team": {"type": "team", "name": "Web"}}).body["team"]["id"]
    change = {"escalation_policy": {"name": "Ops", "teams": [{"id": team, "type": "team_reference"}]}}
    assert acme.client.put(f"/escalation_policies/{acme.policy}", change, lenient=True).status == 200
    other = add_service(acme.client, acme.policy, "Mail")
    acme.opens("a")
    got = acme.opens("b", service={"id": other, "type": "service_reference"})
    assert [one["summary"] for one in got["teams"]] == ["Web"]
    assert titles(acme, f"service_ids[]={other}") == ["b"]
    assert titles(acme, f"team_ids[]={team}") == ["a", "b"]
    assert titles(acme, "team_ids[]=NONE") == []


def test_a_key_is_found_on_the_incident_and_on_its_alerts(acme: Acme) -> None:
    acme.opens("by hand", incident_key="k")
    acme.triggers("k", summary="by event")
    acme.opens("other", incident_key="other")
    assert titles(acme, "incident_key=k") == ["by hand", "by event"]


def test_without_a_window_it_is_the_last_month(acme: Acme) -> None:
    for title, days in (("old", 40), ("older", 300)):
        aged(acme, acme.opens(title)["id"], days)
    acme.opens("new")
    assert titles(acme, "") == ["new"]
    assert titles(acme, "date_range=all") == ["older", "old", "new"]
    now = acme.client.get("/incidents").body["incidents"][0]["created_at"]
    assert titles(acme, f"since=2000-01-01T00:00:00Z&until={now}&date_range=all") == ["older", "old", "new"]


def test_a_window_holds_since_and_ends_before_until(acme: Acme) -> None:
    ids = [acme.opens(title)["id"] for title in "ab"]
    for id, at in zip(ids, ("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z"), strict=True):
        with acme.database.begin() as tx:
            tx.conn.exec_driver_sql("UPDATE incidents SET created_at = %s WHERE id = %s", (at, id))
    assert titles(acme, "since=2026-01-10&until=2026-01-11") == ["a"]
    assert titles(acme, "since=2026-01-10&until=2026-01-12") == ["a", "b"]
    assert titles(acme, "since=2026-01-11T01:00:00&until=2026-01-12&time_zone=Europe/Berlin") == ["b"]


def test_it_is_sorted_by_up_to_two_names(acme: Acme) -> None:
    three(acme)
    assert titles(acme, "sort_by=incident_number:desc") == ["c", "b", "a"]
    assert titles(acme, "sort_by=urgency:desc,incident_number:desc") == ["b", "c", "a"]
    assert titles(acme, "sort_by=created_at") == ["a", "b", "c"]


def test_pages_have_more_and_a_total_only_when_asked(acme: Acme) -> None:
    three(acme)

    def page(query: str) -> tuple[Any, ...]:
        body = acme.client.get(f"/incidents?{query}").body
        return [one["title"] for one in body["incidents"]], body["limit"], body["offset"], body["more"], body["total"]

    assert page("limit=2") == (["a", "b"], 2, 0, True, None)
    assert page("limit=2&offset=2&total=true") == (["c"], 2, 2, False, 3)
    assert page("limit=1000")[1] == 100
    assert page("offset=50&total=1") == ([], 25, 50, False, 3)


def test_times_are_shown_in_the_zone_asked_for(acme: Acme) -> None:
    acme.opens()
    got = acme.client.get("/incidents?time_zone=Asia/Kolkata").body["incidents"][0]
    assert got["created_at"].endswith("+05:30")
