"""Business services over the API (core:C15, ei:BS1)."""

from typing import Any

from tests.rest_client import RestClient


def make(client: RestClient, name: str, **members: Any) -> dict[str, Any]:
    """A business service."""
    reply = client.post("/business_services", {"business_service": {"name": name, **members}})
    assert reply.status == 200, reply.body
    return dict(reply.body["business_service"])


def test_a_business_service_comes_back_as_terraform_made_it(rest_client: RestClient) -> None:
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Shop"}}).body["team"]
    sent = {"name": "Checkout", "description": "Managed by Terraform", "point_of_contact": "Ann"}
    made = make(rest_client, **sent, team={"id": team["id"]})
    assert {name: made[name] for name in sent} == sent
    assert (made["type"], made["html_url"], made["summary"]) == ("business_service", None, "Checkout")
    assert (made["team"]["id"], made["team"]["type"]) == (team["id"], "team_reference")
    url = f"/business_services/{made['id']}"
    assert made["self"].endswith(url)
    assert rest_client.get(url).body["business_service"] == made
    assert rest_client.put(url, {"business_service": made}, lenient=True).body["business_service"] == made
    renamed = rest_client.put(url, {"business_service": {"name": "Till"}}).body["business_service"]
    assert renamed == made | {"name": "Till", "summary": "Till"}
    assert rest_client.send("PATCH", url, {"business_service": {"name": "Till"}}).body["business_service"] == renamed
    assert [one["id"] for one in rest_client.get("/business_services?total=true").body["business_services"]] == [
        made["id"]
    ]
    assert rest_client.delete(url).status == 204
    assert rest_client.get(url).status == rest_client.delete(url).status == 404


def test_what_is_optional_may_be_empty_and_is_cleared(rest_client: RestClient) -> None:
    made = make(rest_client, "Bare", description="", team={"id": ""})
    assert (made["description"], made["point_of_contact"], made["team"]) == (None, None, None)
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Shop"}}).body["team"]
    url = f"/business_services/{made['id']}"
    given = rest_client.put(url, {"business_service": {"team": {"id": team["id"]}, "description": "x"}}, lenient=True)
    assert given.body["business_service"]["team"]["id"] == team["id"]
    cleared = rest_client.put(url, {"business_service": {"team": None, "description": None}}, lenient=True)
    assert (cleared.body["business_service"]["team"], cleared.body["business_service"]["description"]) == (None, None)


def test_what_is_wrong_is_said(rest_client: RestClient) -> None:
    def refused(**members: Any) -> list[str]:
        reply = rest_client.post("/business_services", {"business_service": members}, lenient=True)
        assert reply.status == 400
        return reply.errors

    assert refused() == ["name is required"]
    assert refused(name="x", team={"id": "PNONE"}) == ["Team Not Found"]
    assert len(refused(name="x" * 256, description=3, point_of_contact=[])) == 3
    assert refused(name="x", team={"id": ["P"]}) == ["team should be a valid string"]


def test_a_team_that_owns_one_goes_only_with_an_heir(rest_client: RestClient) -> None:
    team, heir = (
        rest_client.post("/teams", {"team": {"type": "team", "name": name}}).body["team"]["id"] for name in ("A", "B")
    )
    made = make(rest_client, "Shop", team={"id": team})
    refused = rest_client.delete(f"/teams/{team}")
    assert (refused.code, refused.errors) == (6006, ["The team owns the business service Shop"])
    assert rest_client.delete(f"/teams/{team}?reassignment_team={heir}").status == 204
    shop = rest_client.get(f"/business_services/{made['id']}").body["business_service"]
    assert shop["team"]["id"] == heir
