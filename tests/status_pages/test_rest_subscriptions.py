"""Who hears of what, over the wire (core:I92, core:C17, ei:BS2, core:G-43)."""

from typing import Any

import pytest

from tests.accounts import people
from tests.incidents.acme import Acme

NONE = {"deleted_count": 0, "unauthorized_count": 0, "non_existent_count": 0}


def who(*given: tuple[str, str]) -> dict[str, Any]:
    return {"subscribers": [{"subscriber_type": kind, "subscriber_id": id} for kind, id in given]}


def what(*given: tuple[str, str]) -> dict[str, Any]:
    return {"subscribables": [{"subscribable_type": kind, "subscribable_id": id} for kind, id in given]}


def team(acme: Acme, name: str, *members: str, **more: Any) -> str:
    id = acme.client.post("/teams", {"team": {"type": "team", "name": name, **more}}).body["team"]["id"]
    for member in members:
        acme.client.put(f"/teams/{id}/users/{acme.people[member]}", {"role": "responder"})
    return str(id)


def capability(acme: Acme, name: str = "Shopping") -> str:
    """A business service that depends on the account's service."""
    made = acme.client.post("/business_services", {"business_service": {"name": name}}).body["business_service"]["id"]
    edge = {"supporting_service": {"id": acme.service, "type": "service"},
            "dependent_service": {"id": made, "type": "business_service"}}  # fmt: skip
    assert acme.client.post("/service_dependencies/associate", {"relationships": [edge]}).status == 200
    return str(made)


def results(acme: Acme, path: str, body: dict[str, Any]) -> list[str]:
    got = acme.client.post(path, body)
    assert got.status == 200, got.body
    return [one["result"] for one in got.body["subscriptions"]]


def test_people_and_teams_subscribe_to_an_incident_and_leave_it(acme: Acme) -> None:
    id, ops = acme.opens()["id"], team(acme, "Ops", "bob")
    path = f"/incidents/{id}/status_updates"
    asked = who(("user", acme.people["carol"]), ("team", ops), ("user", "PNONE"), ("user", acme.people["carol"]))
    assert results(acme, f"{path}/subscribers", asked) == ["success", "success", "unauthorized", "duplicate"]
    got = acme.client.get(f"{path}/subscribers").body
    assert [(one["subscriber_type"], one["has_indirect_subscription"]) for one in got["subscribers"]] == [
        ("team", False),
        ("user", False),
    ]
    assert got["account_id"]
    asked = who(("user", acme.people["carol"]), ("team", "PNONE"), ("user", acme.people["alice"]))
    left = acme.client.post(f"{path}/unsubscribe", asked).body
    assert left == {"deleted_count": 1, "unauthorized_count": 1, "non_existent_count": 1}
    assert acme.client.post(f"{path}/unsubscribe", who(("team", ops))).body == NONE | {"deleted_count": 1}
    assert acme.client.get(f"{path}/subscribers").body["subscribers"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"subscribers": []}, {"subscribers": "x"}, {"subscribers": [{"subscriber_id": "P"}]},
     {"subscribers": [{"subscriber_id": "P", "subscriber_type": "service"}]}, {"subscribers": [None]}],
)  # fmt: skip
def test_bodies_that_say_nothing_are_refused(acme: Acme, body: dict[str, Any]) -> None:
    id = acme.opens()["id"]
    for verb in ("subscribers", "unsubscribe"):
        got = acme.client.post(f"/incidents/{id}/status_updates/{verb}", body, lenient=True)
        assert (got.status, got.code) == (400, 2001)
    assert acme.client.post("/incidents/QNONE/status_updates/subscribers", who(("user", "P"))).status == 404


def test_nobody_is_subscribed_to_what_they_may_not_see(acme: Acme) -> None:
    hidden = team(acme, "Hidden", "bob", default_role="none")
    acme.client.put(f"/teams/{hidden}/escalation_policies/{acme.policy}")
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    olaf = people.add(acme.client, "Olaf", role="restricted_access")["id"]
    asked = who(("user", acme.people["bob"]), ("user", acme.people["carol"]), ("user", olaf))
    assert results(acme, f"/incidents/{id}/status_updates/subscribers", asked) == [
        "success",
        "unauthorized",
        "unauthorized",
    ]
    theirs = what(("incident", id))
    assert results(acme, f"/users/{acme.people['carol']}/notification_subscriptions", theirs) == ["unauthorized"]


def test_a_business_service_has_subscribers_and_may_have_everybody(acme: Acme) -> None:
    path = f"/business_services/{capability(acme)}"
    assert results(acme, f"{path}/subscribers", who(("user", acme.people["carol"]))) == ["success"]
    got = acme.client.get(f"{path}/subscribers").body
    assert [one["subscriber_id"] for one in got["subscribers"]] == [acme.people["carol"]]
    assert acme.client.post(f"{path}/account_subscription", None).body == {"account_is_subscribed": True}
    assert acme.client.get(f"{path}/subscribers").body["subscribers"] == got["subscribers"]
    assert acme.client.delete(f"{path}/account_subscription").status == 204
    assert acme.client.post(f"{path}/unsubscribe", who(("user", acme.people["carol"]))).body == NONE | {
        "deleted_count": 1
    }
    for verb in ("subscribers", "unsubscribe"):
        assert acme.client.post(f"/business_services/PNONE/{verb}", who(("user", "P"))).status == 404
    assert acme.client.get("/business_services/PNONE/subscribers").status == 404
    assert acme.client.post("/business_services/PNONE/account_subscription", None).status == 404


def test_an_incident_says_what_else_would_tell_its_subscribers(acme: Acme) -> None:
    business, id = capability(acme), acme.opens()["id"]
    for path in (f"/incidents/{id}/status_updates", f"/business_services/{business}"):
        results(acme, f"{path}/subscribers", who(("user", acme.people["carol"])))
    (shown,) = acme.client.get(f"/incidents/{id}/status_updates/subscribers").body["subscribers"]
    assert (shown["has_indirect_subscription"], shown["subscribed_via"][0]["id"]) == (True, business)


@pytest.mark.parametrize("kind", ["users", "teams"])
def test_people_and_teams_list_and_end_what_they_subscribed_to(acme: Acme, kind: str) -> None:
    mine = acme.people["carol"] if kind == "users" else team(acme, "Ops")
    id, business, path = acme.opens()["id"], capability(acme), f"/{kind}/{mine}/notification_subscriptions"
    asked = what(("incident", id), ("business_service", business), ("incident", "QNONE"), ("incident", "1"))
    assert results(acme, path, asked) == ["success", "success", "unauthorized", "unauthorized"]
    got = acme.client.get(path).body
    named = {one["subscription"]["subscribable_type"]: one["subscribable_name"] for one in got["subscriptions"]}
    assert (named, got["more"]) == ({"incident": None, "business_service": "Shopping"}, False)
    left = acme.client.post(f"{path}/unsubscribe", what(("incident", id), ("incident", "QNONE"))).body
    assert left == {"deleted_count": 1, "unauthorized_count": 1, "non_existent_count": 0}
    assert acme.client.post(f"{path}/unsubscribe", what(("incident", id))).body == NONE | {"non_existent_count": 1}
    assert len(acme.client.get(path).body["subscriptions"]) == 1
    for verb in ("", "/unsubscribe"):
        assert acme.client.post(f"/{kind}/PNONE/notification_subscriptions{verb}", asked).status == 404
    assert acme.client.get(f"/{kind}/PNONE/notification_subscriptions").status == 404


def test_a_list_costs_a_handful_of_statements(acme: Acme) -> None:
    id = acme.opens()["id"]
    everybody = [("user", one) for one in acme.people.values()]
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(*everybody[:1]))
    with acme.counting() as one:
        acme.client.get(f"/incidents/{id}/status_updates/subscribers")
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(*everybody))
    with acme.counting() as three:
        acme.client.get(f"/incidents/{id}/status_updates/subscribers")
    assert len(one) == len(three)
