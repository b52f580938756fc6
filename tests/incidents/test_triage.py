"""Past, related and outlier incidents, and the changes that one may come from (core:I110, ei:T1-T5)."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from tests.incidents.acme import Acme, add_service
from tests.rest_client import RestClient
from tocsin.core.clock import real_now
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.commands.changes import store_changes
from tocsin.incidents.logic.likeness import Occurrence, likeness, mask, occurrence
from tocsin.incidents.store.tables import incidents


def opened(acme: Acme, title: str, service: str | None = None) -> str:
    ref = {"id": service or acme.service, "type": "service_reference"}
    return str(acme.opens(title, service=ref)["id"])


def moved(acme: Acme, id: str, **back: float) -> None:
    """An incident opened longer ago than it did."""
    with acme.database.begin() as tx:
        at = tx.now - timedelta(**back)
        tx.conn.execute(update(incidents).where(incidents.c.id == id).values(created_at=at))


def changes(acme: Acme, number: int, summary: str, key: str, **back: float) -> None:
    """A change event came in."""
    at = (real_now() - timedelta(**back)).isoformat()
    body = json.dumps({"payload": {"summary": summary, "timestamp": at}}).encode()
    with acme.database.begin() as tx:
        raw = Raw("change", tx.now, key, "", msgspec.Raw(body))
        store_changes(tx, [Stored(f"{number}.0", number, 0, True, raw)])


def connected(acme: Acme, upon: str) -> RestClient:
    """The API once the account's service depends on another."""
    edge = {
        "supporting_service": {"id": upon, "type": "service"},
        "dependent_service": {"id": acme.service, "type": "service"},
    }
    assert acme.client.post("/service_dependencies/associate", {"relationships": [edge]}).status == 200
    return acme.client


def test_past_incidents_are_those_of_the_service_the_likest_first(acme: Acme) -> None:
    older, old, other = (
        opened(acme, "Disk full on db1"),
        opened(acme, "Disk full on db7"),
        opened(acme, "Checkout slow"),
    )
    aged, elsewhere = opened(acme, "Disk full on db2"), add_service(acme.client, acme.policy, "Other")
    opened(acme, "Disk full on db9", elsewhere)
    moved(acme, older, days=3)
    moved(acme, old, days=2)
    moved(acme, aged, days=190)
    now = opened(acme, "Disk full on db3")
    got = acme.client.get(f"/incidents/{now}/past_incidents?total=true").body
    assert [one["incident"]["id"] for one in got["past_incidents"]] == [old, older, other]
    assert [one["score"] == 100 for one in got["past_incidents"]] == [True, True, False]
    assert (got["total"], got["limit"]) == (3, 5)
    few = acme.client.get(f"/incidents/{now}/past_incidents?limit=1").body
    assert (len(few["past_incidents"]), few["total"], few["limit"]) == (1, None, 1)
    assert acme.client.get(f"/incidents/{now}/past_incidents?limit=1000").status == 400
    assert acme.client.get("/incidents/QNONE/past_incidents").status == 404


def test_related_incidents_say_the_same_or_stand_on_a_connected_service(acme: Acme) -> None:
    db, mail = (add_service(acme.client, acme.policy, name) for name in ("Database", "Mail"))
    here = opened(acme, "Queries time out on eu1")
    same, below = opened(acme, "Queries time out on us2", mail), opened(acme, "Replication lags", db)
    opened(acme, "Cannot send", mail)
    moved(acme, opened(acme, "Queries time out on us4", mail), hours=3)
    got = connected(acme, db).get(f"/incidents/{here}/related_incidents").body["related_incidents"]
    kinds = {one["incident"]["id"]: [why["type"] for why in one["relationships"]] for one in got}
    assert kinds == {below: ["service_dependency"], same: ["machine_learning_inferred"]}
    sides = got[0]["relationships"][0]["metadata"]
    assert [sides[f"{side}_services"][0]["id"] for side in ("supporting", "dependent")] == [db, acme.service]
    plain = acme.client.get(f"/incidents/{here}/related_incidents?additional_details[]=incident").body
    assert [one["incident"]["service"]["id"] for one in plain["related_incidents"]] == [db, mail]
    assert plain["related_incidents"][0]["incident"]["status"] == "triggered"


def test_an_outlier_is_told_by_how_often_its_kind_occurred(acme: Acme) -> None:
    for n in range(4):
        opened(acme, f"Disk of db{n} is {n + 90} % full")
    usual, first = opened(acme, "Disk of db9 is 99 % full"), opened(acme, "Certificate expired")
    got = acme.client.get(f"/incidents/{usual}/outlier_incident").body["outlier_incident"]
    told = got["incident"]["occurrence"]
    assert (told["count"], told["frequency"], told["category"]) == (4, 1.0, "frequent")
    assert got["incident_template"]["mined_text"] == "Disk of <*> is <MEASUREMENT> full"
    again = acme.client.get(f"/incidents/{usual}/outlier_incident?additional_details[]=incident").body
    assert again["outlier_incident"]["incident_template"] == got["incident_template"]
    assert again["outlier_incident"]["incident"]["occurrence"]["count"] == 4
    new = acme.client.get(f"/incidents/{first}/outlier_incident").body["outlier_incident"]["incident"]
    assert (new["occurrence"]["category"], new["occurrence"]["count"]) == ("anomaly", 0)
    late = acme.client.get(f"/incidents/{first}/outlier_incident?since=2090-01-01T00:00:00Z")
    assert (late.status, late.code) == (400, 2005)


def test_related_changes_are_of_the_day_before_on_the_service_and_its_neighbours(acme: Acme) -> None:
    db = add_service(acme.client, acme.policy, "Database")
    way_in = {"integration": {"type": "events_api_v2_inbound_integration", "name": "CI"}}
    key = acme.client.post(f"/services/{db}/integrations", way_in).body["integration"]["integration_key"]
    for n, (summary, at, hours) in enumerate(
        [("too old", acme.key, 30), ("before", acme.key, 5), ("migrated", key, 2), ("deployed", acme.key, 3)]
    ):
        changes(acme, n, summary, at, hours=hours)
    id = opened(acme, "It is slow")
    got = connected(acme, db).get(f"/incidents/{id}/related_change_events").body
    assert [(one["summary"], one["correlation_reason"]["reason"]) for one in got["change_events"]] == [
        ("migrated", "related_service"), ("deployed", "most_recent"), ("before", "related_service"),
    ]  # fmt: skip
    one = acme.client.get(f"/incidents/{id}/related_change_events?limit=1").body
    assert ([it["summary"] for it in one["change_events"]], one["more"]) == (["migrated"], True)


@pytest.mark.parametrize(
    ("title", "masked"),
    [
        (
            "[LINUX]Used disk space is more than 5 GB on volume /var/log : PROBLEM for ce51323",
            "[LINUX]Used disk space is more than <MEASUREMENT> on volume <*> : PROBLEM for <*>",
        ),
        ("CPU at 93.5% on db-1.eu (10.0.0.1:443)", "CPU at <MEASUREMENT> on <*> (<*>)"),
        ("It is slow", "It is slow"),
        ("", ""),
    ],
)
def test_a_mask_takes_out_what_changes(title: str, masked: str) -> None:
    assert mask(title) == masked


def test_frequent_is_a_fifth_rare_a_twentieth_and_none_an_anomaly() -> None:
    others: Any = ["down"] * 95 + ["up 1"] * 5
    assert occurrence("down", others) == Occurrence(95, 0.95, "frequent")
    assert occurrence("up <*>", others) == Occurrence(5, 0.05, "rare")
    assert occurrence("up <*>", others[:50] + others[-10:]) == Occurrence(5, 0.0833, None)
    assert occurrence("left", others) == occurrence("left", []) == Occurrence(0, 0.0, "anomaly")
    assert (likeness("Disk full", "full disk"), likeness("Disk full", "")) == (100, 0)
