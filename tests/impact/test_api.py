"""Business impact over the API (core:C16, ei:BS3, ei:BS4)."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.incidents import acme as accounts
from tests.incidents.acme import Acme
from tests.rest_client import RestClient
from tests.services.test_business_services import make
from tests.services.test_dependencies import end, join, pair
from tocsin.core.db import Database

HIGHEST = "additional_fields[]=services.highest_impacting_priority"
ALL = "/business_services"


@pytest.fixture
def acme(as_owner: RestClient, database: Database) -> Acme:
    return accounts.found(as_owner, database)


@pytest.fixture
def shop(acme: Acme) -> dict[str, str]:
    """Shop depends on Till, which depends on the technical service; Help on nothing. Ids by name."""
    ids = {name: str(make(acme.client, name)["id"]) for name in ("Help", "Shop", "Till")}
    join(acme.client, pair(end(acme.service, "service"), end(ids["Till"])), pair(end(ids["Till"]), end(ids["Shop"])))
    return ids


def impacts(acme: Acme, query: str = "", path: str = f"{ALL}/impacts") -> dict[str, str]:
    """Names and whether they are impacted, in the order of the answer."""
    got = acme.client.get(f"{path}?{query}")
    assert got.status == 200, got.body
    return {one["name"]: one["status"] for one in got.body["services"]}


def priorities(acme: Acme) -> dict[str, Any]:
    """Priorities by name."""
    return {one["name"]: one for one in acme.client.get("/priorities").body["priorities"]}


def marks(acme: Acme, incident: str, business: str, relation: Any) -> Any:
    """What somebody says by hand."""
    url = f"/incidents/{incident}/business_services/{business}/impacts"
    return acme.client.put(url, {"relation": relation}, lenient=True)


def test_an_open_incident_with_a_priority_impacts_all_above_it(acme: Acme, shop: dict[str, str]) -> None:
    incident = acme.opens()["id"]
    assert set(impacts(acme).values()) == {"not_impacted"}
    acme.becomes(incident, priority="P2")
    assert impacts(acme) == {"Shop": "impacted", "Till": "impacted", "Help": "not_impacted"}
    got = acme.client.get(f"{ALL}/impacts?{HIGHEST}&additional_fields[]=total_impacted_count").body
    second = priorities(acme)["P2"]
    assert got["services"][0]["additional_fields"]["highest_impacting_priority"] == {"id": second["id"], "order": 2}
    assert got["services"][2]["additional_fields"] == {"highest_impacting_priority": None}
    assert (got["additional_fields"], got["more"]) == ({"total_impacted_count": 2}, False)
    assert impacts(acme, f"ids[]={shop['Help']}&ids[]={shop['Till']}&ids[]=PNONE") == {
        "Till": "impacted", "Help": "not_impacted"}  # fmt: skip
    assert impacts(acme, "", f"{ALL}/{shop['Shop']}/supporting_services/impacts") == {"Till": "impacted"}
    assert impacts(acme, "", f"{ALL}/{shop['Help']}/supporting_services/impacts") == {}
    assert acme.client.get(f"{ALL}/impactors").body["impactors"] == [{"id": incident, "type": "incident"}]
    assert acme.client.get(f"{ALL}/impactors?ids[]={shop['Help']}").body["impactors"] == []
    of_it = acme.client.get(f"/incidents/{incident}/business_services/impacts").body
    assert {one["name"] for one in of_it["services"]} == {"Shop", "Till"}
    acme.becomes(incident, status="resolved")
    assert set(impacts(acme).values()) == {"not_impacted"}
    assert acme.client.get(f"/incidents/{incident}/business_services/impacts").body["services"] == []


def test_the_threshold_says_from_which_priority_on(acme: Acme, shop: dict[str, str]) -> None:
    url, known = f"{ALL}/priority_thresholds", priorities(acme)
    acme.becomes(acme.opens()["id"], priority="P3")
    assert acme.client.get(url).body == {"global_threshold": None}
    for name, status in (("P2", "not_impacted"), ("P3", "impacted"), ("P1", "not_impacted")):
        threshold = {"id": known[name]["id"], "order": known[name]["order"]}
        assert acme.client.put(url, {"global_threshold": threshold}).body == {"global_threshold": threshold}
        assert acme.client.get(url).body == {"global_threshold": threshold}
        assert impacts(acme)["Till"] == status
    assert acme.client.delete(url).status == 204
    assert impacts(acme)["Till"] == "impacted"
    for bad in ({}, [], 7, {"global_threshold": 7}, {"global_threshold": {"id": shop["Till"], "order": 1}}):
        assert acme.client.put(url, bad, lenient=True).status == 422, bad


def test_what_somebody_says_wins_and_stands_in_the_ledger(acme: Acme, shop: dict[str, str]) -> None:
    incident = acme.opens()["id"]
    assert marks(acme, incident, shop["Help"], "impacted").body == {"relation": "impacted"}
    assert marks(acme, incident, shop["Help"], "impacted").status == 200
    assert impacts(acme) == {"Help": "impacted", "Shop": "not_impacted", "Till": "not_impacted"}
    acme.becomes(incident, priority="P1")
    marks(acme, incident, shop["Help"], "not_impacted")
    assert marks(acme, incident, shop["Till"], "not_impacted").status == 200
    assert impacts(acme) == {"Shop": "impacted", "Help": "not_impacted", "Till": "not_impacted"}
    changes = [one for one in acme.entries(incident) if one["type"] == "field_value_change_log_entry"]
    assert [one["changeset"] for one in changes if "business_impact" in str(one["changeset"])] == [
        ["Updated business_impact to Help: impacted"], ["Updated business_impact to Help: not impacted"],
        ["Updated business_impact to Till: not impacted"],
    ]  # fmt: skip


def test_what_makes_no_sense_is_said(acme: Acme, shop: dict[str, str]) -> None:
    incident = acme.opens()["id"]
    for bad in ("maybe", None, 7, []):
        assert marks(acme, incident, shop["Till"], bad).status == 422
    assert (
        marks(acme, incident, "PNONE", "impacted").status == marks(acme, "Q0", shop["Till"], "impacted").status == 404
    )
    assert acme.client.get(f"{ALL}/impacts?additional_fields[]=moon").status == 422
    many = "&".join(f"ids[]=P{n}" for n in range(201))
    assert acme.client.get(f"{ALL}/impacts?{many}").status == acme.client.get(f"{ALL}/impactors?{many}").status == 422
    assert acme.client.get(f"{ALL}/PNONE/supporting_services/impacts").status == 404


_MANY = """
SET LOCAL session_replication_role = replica;
INSERT INTO business_services (id, name, created_at)
SELECT 'PB' || n, 'B' || n, '2026-01-01Z' FROM generate_series(0, 4999) n;
INSERT INTO service_dependencies (id, supporting, dependent, created_at)
SELECT 'D' || k || n, CASE WHEN n < 50 THEN 'service/' || :service ELSE 'business_service/PB' || (n - 50 - k) END,
'business_service/PB' || n, '2026-01-01Z' FROM generate_series(2, 4999) n, generate_series(0, 2) k
WHERE n >= 52 OR k = 0;
"""


def test_five_thousand_are_read_in_three_statements(acme: Acme) -> None:
    with acme.database.begin() as tx:
        for statement in _MANY.split(";")[:-1]:
            tx.conn.execute(text(statement), {"service": acme.service} if ":service" in statement else {})
    for n in range(3):
        acme.becomes(acme.triggers(f"k{n}"), priority="P1")
    with acme.counting() as few:
        acme.client.get(f"{ALL}/priority_thresholds")
    with acme.counting() as statements:
        got = acme.client.get(f"{ALL}/impacts?{HIGHEST}&additional_fields[]=total_impacted_count").body
    assert (len(got["services"]), got["more"]) == (200, True)
    assert got["additional_fields"] == {"total_impacted_count": 4996}
    assert len(statements) - len(few) == 2
    assert len(acme.client.get(f"{ALL}/impactors").body["impactors"]) == 3


def test_lists_cost_the_same_however_many_rows(acme: Acme, shop: dict[str, str]) -> None:
    addon = {"addon": {"type": "full_page_addon", "name": "A", "src": "https://x.example.com"}}
    for label in ("a", "b", "c"):
        acme.client.post("/tags", {"tag": {"type": "tag", "label": label}})
        acme.client.post("/addons", addon)
    with acme.counting() as least:
        acme.client.get("/priorities")
    for path in (ALL, f"{ALL}/impacts", f"{ALL}/impactors", "/tags", "/addons", "/licenses", "/license_allocations",
                 "/service_dependencies", f"{ALL}/{shop['Shop']}/supporting_services/impacts"):  # fmt: skip
        with acme.counting() as statements:
            assert acme.client.get(path).status == 200
        assert len(statements) - len(least) <= 2, path
