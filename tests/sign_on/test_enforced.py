"""Single sign-on only: how it is turned on, what still opens, and what works while every provider is down."""

from typing import Any

import pytest

from tests.sign_on import provider as providers
from tests.sign_on.walk import Walk
from tests.web.pages import PASSWORD
from tocsin.accounts.commands import enforcing, sessions
from tocsin.accounts.commands.providers import drop, get
from tocsin.accounts.store.sign_in_rules import password_allowed
from tocsin.core.actor import system
from tocsin.core.clock import real_now
from tocsin.core.errors import Conflict, Forbidden, Invalid


def enforce(walk: Walk, person: str | None = "eve", only: bool = True) -> None:
    id = walk.site.seeded.people.get(person or "")
    walk.site.database.run(lambda tx: enforcing.enforce(tx, system(), only, id))


def enforced(walk: Walk) -> Walk:
    walk.comes_in("eve")
    enforce(walk)
    return walk


@pytest.mark.parametrize("who", ["nobody", "bob"])
def test_it_is_not_turned_on_before_an_admin_has_come_through(walk: Walk, who: str) -> None:
    if who == "bob":
        walk.comes_in("bob")
    with pytest.raises(Invalid, match="no owner or admin has signed in through an enabled provider"):
        enforce(walk)
    assert walk.site.try_password("alice@example.com", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("person", "why"),
    [(None, "name the owner"), ("bob", "must be the owner"), ("eve", "has no password yet")],
)
def test_it_needs_an_owner_with_a_password_for_emergencies(walk: Walk, person: str | None, why: str) -> None:
    walk.comes_in("eve")
    if why == "has no password yet":
        walk.execute("UPDATE users SET password_hash = NULL WHERE email = 'eve@example.com'")
    with pytest.raises(Invalid, match=why):
        enforce(walk, person)


def test_passwords_open_nothing_any_more_and_right_ones_look_like_wrong_ones(walk: Walk) -> None:
    enforced(walk)
    for email, password in (("alice@example.com", PASSWORD), ("alice@example.com", "wrong"), ("eve@example.com", "x")):
        answer = walk.site.try_password(email, password)
        assert (answer.status_code, "Passwords are switched off here" in answer.text) == (422, True)
    assert walk.comes_in("alice") == walk.site.seeded.people["alice"]


def test_sessions_that_began_with_a_password_end(walk: Walk) -> None:
    walk.site.sign_in("alice")
    eve = walk.site.sign_in("eve", walk.site.visitor())
    carol = walk.site.visitor()
    walk.sign_in("carol", carol)
    enforced(walk)
    assert walk.site.client.get("/app").status_code == 303
    assert (eve.get("/app").status_code, carol.get("/app").status_code) == (200, 200)


def test_the_break_glass_password_opens_and_everybody_above_hears_of_it(walk: Walk) -> None:
    walk.execute("UPDATE users SET role = 'admin' WHERE email = 'dan@example.com'")
    enforced(walk)
    walk.site.sign_in("eve")
    people = walk.site.seeded.people
    told = walk.all("SELECT body FROM effects WHERE kind = 'notice'")
    assert {row.body["notice"]["user_id"] for row in told} == {people["eve"], people["dan"]}
    assert "Eve signed in with the break-glass password" in told[0].body["notice"]["text"]
    found = walk.all("SELECT actor_id, after FROM audit_records ORDER BY id DESC LIMIT 2")
    assert (people["eve"], {"signed_in_with": "break-glass password"}) in [(row.actor_id, row.after) for row in found]


def test_no_door_beside_opens_with_a_password(walk: Walk) -> None:
    enforced(walk)
    people = walk.site.seeded.people
    with pytest.raises(Forbidden, match="passwords are switched off"), walk.site.database.begin() as tx:
        sessions.start(tx, people["alice"], real_now())
    with walk.site.database.begin() as tx:
        allowed = {name: password_allowed(tx.conn, id) for name, id in people.items()}
        assert allowed == {"alice": False, "bob": False, "carol": False, "dan": False, "eve": True}
        assert not password_allowed(tx.conn, None)


def test_a_break_glass_person_who_is_no_owner_any_more_gets_in_no_more(walk: Walk) -> None:
    enforced(walk)
    walk.execute("UPDATE users SET role = 'user' WHERE email = 'eve@example.com'")
    assert walk.site.try_password("eve@example.com", PASSWORD).status_code == 422


def test_permitted_again_passwords_open_again(walk: Walk) -> None:
    enforced(walk)
    enforce(walk, None, only=False)
    assert walk.site.try_password("alice@example.com", PASSWORD).status_code == 303
    assert walk.all("SELECT 1 FROM effects") == []


def test_the_last_way_in_of_an_admin_can_neither_be_switched_off_nor_removed(walk: Walk) -> None:
    enforced(walk)
    with pytest.raises(Conflict, match="this one cannot be disabled"):
        walk.set(enabled=False)
    with pytest.raises(Conflict, match="cannot be removed"), walk.site.database.begin() as tx:
        drop(tx, system(), get(tx.conn, walk.id))
    enforce(walk, None, only=False)
    walk.set(enabled=False)


def test_the_sign_in_page_shows_what_opens(walk: Walk) -> None:
    page = walk.site.client.get("/app/sign-in?next=/app/on-call").text
    assert f'href="/app/sign-in/with/{walk.id}?next=/app/on-call"' in page
    assert "break-glass" not in page
    enforced(walk)
    assert "The owner's break-glass password" in walk.site.client.get("/app/sign-in").text


def down(walk: Walk) -> None:
    """The provider that the site knows goes away."""
    provider = providers.made()
    server, thread = providers.serving(provider)
    walk.set_issuer(provider.issuer)
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_while_the_provider_is_down_the_page_says_so_and_the_links_in_mails_work(walk: Walk) -> None:
    enforced(walk)
    down(walk)
    answer = walk.site.client.get(f"/app/sign-in/with/{walk.id}")
    assert answer.status_code == 503
    assert "Example ID does not answer" in answer.text
    assert "links in the mails of pages work without signing in" in answer.text
    incident = walk.site.incident()
    link = walk.site.link(incident)
    assert walk.site.visitor().get(link).status_code == 200
    assert walk.site.visitor().post(link).status_code in (200, 303)
    assert walk.site.status(incident) == "acknowledged"
    assert walk.site.sign_in("eve").get("/app").status_code == 200  # the glass is broken


def lies(walk: Walk, path: str) -> None:
    def lie(_: Any) -> Any:
        return ["no object"]

    walk.provider.lies[path] = lie


@pytest.mark.parametrize("path", ["/oauth2/token", "/userinfo"])
def test_nonsense_from_the_provider_is_a_page_and_no_crash(walk: Walk, path: str) -> None:
    lies(walk, path)
    assert "Signing in through Example ID failed" in walk.refused("alice")
