"""Licences over the API (core:R7, clients.md 11)."""

from tests.accounts import people
from tests.rest_client import RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped


def test_a_role_says_which_licence_somebody_has(rest_client: RestClient, owner: Bootstrapped) -> None:
    watcher = people.add(rest_client, "Olaf", role="read_only_user")["id"]
    full, stakeholder = rest_client.get("/licenses").body["licenses"]
    assert (full["role_group"], full["current_value"], full["allocations_available"]) == ("FullUser", 1, None)
    assert (stakeholder["role_group"], stakeholder["current_value"]) == ("Stakeholder", 1)
    assert rest_client.get(f"/users/{watcher}/license").body["license"]["id"] == stakeholder["id"]
    assert rest_client.get(f"/users/{owner.user_id}/license").body["license"]["valid_roles"] == full["valid_roles"]
    assert rest_client.get("/users/PNONE/license").status == 404
    rows = rest_client.get("/license_allocations?limit=1&offset=1").body
    assert (rows["more"], rows["total"]) == (False, None)
    held = [
        (row["user"]["id"], row["license"]["id"])
        for row in rest_client.get("/license_allocations").body["license_allocations"]
    ]
    assert held == [(watcher, stakeholder["id"]), (owner.user_id, full["id"])]


def test_a_licence_that_comes_with_a_user_has_to_fit_and_is_not_echoed(rest_client: RestClient) -> None:
    full, stakeholder = rest_client.get("/licenses").body["licenses"]

    def sends(role: str, license: object) -> int:
        user = {"type": "user", "name": "N", "email": f"n{role}@example.com", "role": role, "license": license}
        reply = rest_client.post("/users", {"user": user}, lenient=True)
        assert "license" not in reply.body.get("user", {})
        return reply.status

    ref = {"id": stakeholder["id"], "type": "license_reference"}
    assert sends("read_only_user", ref) == 201
    assert sends("user", ref) == sends("user", {"id": "PNONE"}) == sends("user", 7) == 400
    assert sends("user", {"id": ""}) == sends("admin", None) == sends("observer", {"id": full["id"]}) == 201
