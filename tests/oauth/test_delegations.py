"""OAuth delegations by REST, held against the published document."""

import pytest

from tests.oauth.house import House
from tests.rest_client import RestClient


@pytest.fixture
def client(at_home: House) -> RestClient:
    """The API as the owner sees it."""
    return RestClient(at_home.app, at_home.owner_key)


def as_person(house: House, client: RestClient, name: str) -> RestClient:
    return client.as_key(house.key_of(name))


def alices(house: House, more: str = "") -> str:
    return f"/users/{house.site.seeded.people['alice']}/oauth_delegations{more}"


def test_apps_and_browsers_are_listed(at_home: House, client: RestClient) -> None:
    app = at_home.register()
    at_home.tokens(app)
    listed = client.get(alices(at_home)).body
    assert (listed["more"], listed["next_cursor"]) == (False, None)
    by_type = {one["delegation_type"]: one for one in listed["oauth_delegations"]}
    assert set(by_type) == {"integration", "web"}
    one = by_type["integration"]
    assert (one["client_id"], one["status"]) == (app["client_id"], "issued")
    assert one["scope"] == " ".join(app["scopes"])
    assert client.get(alices(at_home, f"/{one['id']}")).body["oauth_delegation"] == one


def test_the_list_is_filtered_and_paged(at_home: House, client: RestClient) -> None:
    app = at_home.register()
    at_home.tokens(app)
    code = at_home.decide(app)["code"]
    at_home.exchange(app, code)
    at_home.exchange(app, code)

    def found(query: str) -> int:
        return len(client.get(alices(at_home, query)).body["oauth_delegations"])

    assert [found(f"?status={status}") for status in ("issued", "revoked", "issued,revoked")] == [2, 1, 3]
    kinds = ("web", "mobile", "integration", "web,integration")
    assert [found(f"?delegation_type={kind}") for kind in kinds] == [1, 0, 2, 3]
    first = client.get(alices(at_home, "?limit=2")).body
    assert first["more"] is True
    assert found(f"?limit=2&cursor={first['next_cursor']}") == 1


BAD_FILTERS = ["?status=new", "?delegation_type=car", "?cursor=x", "?limit=0"]  # fmt: skip


def test_a_filter_that_makes_no_sense_is_refused(at_home: House, client: RestClient) -> None:
    for query in BAD_FILTERS:
        assert client.get(alices(at_home, query)).status == 400


def test_what_is_not_there_is_404(at_home: House, client: RestClient) -> None:
    assert client.get("/users/PNOBODY/oauth_delegations").status == 404
    assert client.get(alices(at_home, "/nothing")).status == 404


def test_others_do_not_see_them(at_home: House, client: RestClient) -> None:
    for name in ("alice", "bob"):
        at_home.give_role(name, "limited_user")
    assert as_person(at_home, client, "bob").get(alices(at_home)).status == 403
    assert as_person(at_home, client, "alice").get(alices(at_home)).status == 200


def test_signing_out_of_the_pages(at_home: House, client: RestClient) -> None:
    alice = at_home.site.seeded.people["alice"]
    assert at_home.browser.get("/app").status_code == 200
    assert client.delete(f"/oauth_delegations?user_id={alice}&type=mobile").body == {"status": "ok"}
    assert at_home.browser.get("/app").status_code == 200
    assert client.delete(f"/oauth_delegations?user_id={alice}&type=web,mobile").body == {"status": "ok"}
    assert at_home.browser.get("/app").status_code == 303


BAD_SIGN_OUTS = ["", "?type=web", "?user_id=PNOBODY", "?user_id=PNOBODY&type=web"]  # fmt: skip


def test_signing_nobody_out_is_refused(at_home: House, client: RestClient) -> None:
    for query in BAD_SIGN_OUTS:
        assert client.delete(f"/oauth_delegations{query}").status == 400
        alice = at_home.site.seeded.people["alice"]
        assert client.delete(f"/oauth_delegations?user_id={alice}&type=integration").status == 400


def test_only_admins_sign_others_out(at_home: House, client: RestClient) -> None:
    people = at_home.site.seeded.people
    bob = as_person(at_home, client, "bob")
    assert bob.delete(f"/oauth_delegations?user_id={people['alice']}&type=web").status == 403
    assert bob.delete(f"/oauth_delegations?user_id={people['bob']}&type=web").status == 200


def test_no_request_is_ever_pending(at_home: House, client: RestClient) -> None:
    path = "/oauth_delegations/revocation_requests/status"
    assert client.get(path).body["pending_requests"] == 0
    assert client.get(f"{path}?requested_at_end=soon").status == 400
    assert as_person(at_home, client, "bob").get(path).status == 403
