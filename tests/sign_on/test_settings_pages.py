"""The pages on which admins set signing in up, without script."""

from typing import Any

import pytest

from tests.sign_on.provider import Provider, made, serving
from tests.sign_on.walk import Walk
from tests.web.pages import PASSWORD

HOME = "/app/settings/sign-in"


@pytest.fixture
def eve(walk: Walk) -> Walk:
    """The owner is signed in."""
    walk.site.sign_in("eve")
    return walk


def form(provider: Provider, **other: str) -> dict[str, str]:
    plain = {
        "name": "Second ID", "issuer": provider.issuer, "client_id": "tocsin", "client_secret": "of ours",
        "scopes": "openid email groups", "claim_email": "email", "claim_groups": "groups", "enabled": "1",
        "email_domains": "example.com, example.org", "make_people": "1", "default_role": "observer",
    }  # fmt: skip
    return plain | other


def test_a_provider_is_added_changed_and_removed_by_form(eve: Walk) -> None:
    second = made()
    server, thread = serving(second)
    answer = eve.site.post(f"{HOME}/new", form(second, roles="sre = ops = user\n\nboard=observer\n"))
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    page = eve.site.client.get(path).text
    assert "sre = ops = user\nboard = observer" in page
    assert "of ours" not in page
    assert eve.site.post(path, form(second, name="Third ID", client_secret="")).status_code == 303
    assert "Third ID" in eve.site.client.get(HOME).text
    assert eve.site.post(f"{path}/remove").headers["location"] == f"{HOME}?done=removed"
    assert "Third ID" not in eve.site.client.get(HOME).text
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"roles": "sre"}, "roles: line 1 must be like group = role"),
        ({"teams": "sre = Red = manager\nsre = Red"}, "teams: line 2 must be like group = team = role"),
        ({"teams": "sre = Red = manager"}, "teams: there is no team Red"),
        ({"name": ""}, "name should have at least 1 character"),
        ({"issuer": "https://10.1.2.3"}, "not public"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(eve: Walk, other: dict[str, str], said: str) -> None:
    answer = eve.site.post(f"{HOME}/new", form(eve.provider, client_id="typed by hand", **other))
    assert answer.status_code == 400
    assert said in answer.text
    assert "typed by hand" in answer.text
    assert "of ours" not in answer.text


def test_single_sign_on_is_enforced_and_passwords_are_permitted_again_by_form(eve: Walk) -> None:
    assert "an owner or admin must sign in through a provider once" in eve.site.client.get(HOME).text
    eve.comes_in("eve")
    people = eve.site.seeded.people
    assert eve.site.post(HOME, {"only": "1"}).status_code == 400
    answer = eve.site.post(HOME, {"only": "1", "break_glass": people["eve"]})
    assert answer.headers["location"] == f"{HOME}?done=enforced"
    assert eve.site.try_password("alice@example.com", PASSWORD, eve.site.visitor()).status_code == 422
    assert "Permit passwords again" in eve.site.client.get(HOME).text
    eve.site.post(HOME, {"only": "0"})
    assert eve.site.try_password("alice@example.com", PASSWORD, eve.site.visitor()).status_code == 303


def test_an_account_is_unlinked_and_linked_anew(eve: Walk) -> None:
    eve.comes_in("a-17", email="alice@example.com")
    identity = eve.one("SELECT id FROM identities").id
    assert eve.site.post(f"{HOME}/{eve.id}/unlink", {"identity": identity}).status_code == 303
    assert eve.comes_in("a-18", email="alice@example.com") == eve.site.seeded.people["alice"]


def test_nobody_below_the_admins_sees_any_of_it(walk: Walk) -> None:
    walk.site.sign_in("alice")
    paths = (HOME, f"{HOME}/new", f"{HOME}/{walk.id}")
    assert [walk.site.client.get(path).status_code for path in paths] == [403, 403, 403]
    posts: list[Any] = [walk.site.post(path) for path in (*paths, f"{HOME}/{walk.id}/remove")]
    assert [answer.status_code for answer in posts] == [403, 403, 403, 403]
    assert 'href="/app/settings/sign-in"' not in walk.site.client.get("/app").text


def test_a_provider_that_is_not_there_is_not_found(eve: Walk) -> None:
    assert eve.site.client.get(f"{HOME}/PNONE").status_code == 404
    assert eve.site.post(f"{HOME}/{eve.id}/unlink", {"identity": "PNONE"}).status_code == 404
