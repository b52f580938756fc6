"""From the button to the session: who is let in, and what is not believed."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from tests.sign_on.provider import NEW_KEY, Provider
from tests.sign_on.walk import Walk
from tocsin.accounts.oidc.discovery import AGAIN

FUTURE = 4_000_000_000


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "another attempt to sign in (nonce)"),
        ({"nonce": None}, "another attempt to sign in (nonce)"),
        ({"aud": "somebody-else"}, "another application (aud)"),
        ({"aud": ["tocsin", "somebody-else"]}, "another application (azp)"),
        ({"azp": "somebody-else"}, "another application (azp)"),
        ({"exp": 1_000_000_000}, "has expired"),
        ({"exp": None}, "has expired"),
        ({"iat": FUTURE}, "is from the future (iat)"),
        ({"iss": "https://other.example"}, "another issuer, https://other.example"),
        ({"sub": ""}, "names nobody (sub)"),
        ({"at_hash": "bm90IHRoaXMgb25l"}, "another access token (at_hash)"),
        ({"alg": "none", "key": None}, "signed with none, which is not trusted"),
        ({"kid": "nobody-knows"}, "a key that is not in its key document"),
    ],
)
def test_an_id_token_with_anything_wrong_lets_nobody_in(walk: Walk, claims: dict[str, Any], why: str) -> None:
    walk.provider.says(**claims)
    page = walk.refused("alice")
    assert why in page
    assert "Signing in through Example ID failed" in page
    assert walk.all("SELECT 1 FROM identities") == []
    assert walk.all("SELECT 1 FROM sessions") == []


def test_an_honest_token_signed_the_same_way_opens(walk: Walk) -> None:
    walk.provider.says()
    assert walk.comes_in("alice") == walk.site.seeded.people["alice"]


def test_somebody_new_is_made_and_lands_where_he_wanted(walk: Walk) -> None:
    answer = walk.sign_in("nina", following="/app/on-call", name="Nina New")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/on-call")
    assert "Nina New" in walk.site.client.get("/app").text
    made = walk.one("SELECT * FROM users WHERE email = 'nina@example.com'")
    assert (made.name, made.role) == ("Nina New", "limited_user")
    assert len(walk.all("SELECT 1 FROM notification_rules WHERE user_id = :id", id=made.id)) == 2


def test_the_session_says_how_it_began_and_the_records_who_vouched(walk: Walk) -> None:
    id = walk.comes_in("nina")
    assert [row.method for row in walk.all("SELECT method FROM sessions")] == ["identity_provider"]
    records = walk.all("SELECT * FROM audit_records WHERE root_id = :id", id=id)
    assert {row.resource_type for row in records} >= {"user", "identity", "email_contact_method"}
    vouched = [row for row in records if row.resource_type != "session"]
    assert {(row.method, row.actor_name) for row in vouched} == {("identity_provider", "Example ID")}
    begun = [(row.method, row.actor_name) for row in records if row.resource_type == "session"]
    assert begun == [("identity_provider", "Nina")]


def test_who_is_here_already_is_found_by_e_mail_once_and_by_subject_from_then_on(walk: Walk) -> None:
    assert walk.comes_in("a-17", email="Alice@Example.com") == walk.site.seeded.people["alice"]
    assert walk.comes_in("a-17", email="alice.married@example.com") == walk.site.seeded.people["alice"]
    assert len(walk.all("SELECT 1 FROM users")) == 5


def test_another_account_with_a_linked_persons_e_mail_is_not_that_person(walk: Walk) -> None:
    walk.comes_in("a-17", email="alice@example.com")
    assert "linked to another account of Example ID" in walk.refused("a-18", email="alice@example.com")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"email_verified": False}, "has not verified alice@example.com"),
        ({"email_verified": "yes"}, "has not verified"),
        ({"email": ""}, "sent no e-mail address"),
        ({"email": ["alice@example.com"]}, "sent no e-mail address"),
        ({"email": "alice@evil.example"}, "People of evil.example are not let in"),
        ({"email": "@example.com"}, "sent what cannot be used"),
    ],
)
def test_an_e_mail_that_nobody_vouches_for_opens_nothing(walk: Walk, claims: dict[str, Any], why: str) -> None:
    assert why in walk.refused("alice", **claims)
    assert walk.all("SELECT 1 FROM identities") == []


def test_an_unverified_e_mail_opens_where_the_provider_is_trusted(walk: Walk) -> None:
    walk.set(trust_unverified_email=True)
    assert walk.comes_in("alice", email_verified=False) == walk.site.seeded.people["alice"]


def test_nobody_new_is_made_where_that_is_off(walk: Walk) -> None:
    walk.set(make_people=False)
    assert "Nobody here has the e-mail address nina@example.com" in walk.refused("nina")
    assert walk.comes_in("bob") == walk.site.seeded.people["bob"]


def test_a_removed_person_is_neither_let_in_nor_made_again(walk: Walk) -> None:
    walk.comes_in("alice")
    walk.execute("UPDATE users SET deleted_at = now() WHERE email IN ('alice@example.com', 'bob@example.com')")
    for name in ("alice", "bob"):
        assert "was removed from this account" in walk.refused(name)
    assert len(walk.all("SELECT 1 FROM users")) == 5


def test_who_was_taken_back_is_linked_anew(walk: Walk) -> None:
    old = walk.comes_in("alice")
    walk.execute("UPDATE users SET deleted_at = now() WHERE id = :id", id=old)
    walk.execute(
        "INSERT INTO users (id, name, email, role, time_zone, color, created_at) "
        "VALUES ('PNEW', 'Alice', 'alice@example.com', 'user', 'UTC', 'red', now())"
    )
    assert walk.comes_in("alice") == "PNEW"


def test_an_answer_counts_once(walk: Walk) -> None:
    walk.provider.knows("alice")
    back, browser = walk.granted("alice"), walk.site.client
    cookie = browser.cookies["tocsin_attempt"]
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403
    answer = walk.site.visitor().get(back, headers={"cookie": f"tocsin_attempt={cookie}"})
    assert answer.status_code == 403
    assert "is over already" in answer.text


def test_an_answer_counts_in_its_own_browser_alone(walk: Walk) -> None:
    walk.provider.knows("alice")
    back, other = walk.granted("alice"), walk.site.visitor()
    assert other.get(back).status_code == 403
    walk.off(other)
    assert other.get(back).status_code == 403
    assert "tocsin_session" not in other.cookies


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=", "?state=%00&code=x", "?error=access_denied"])
def test_an_answer_that_nobody_asked_for_is_refused(walk: Walk, query: str) -> None:
    answer = walk.site.client.get(f"/app/sign-in/callback{query}")
    assert answer.status_code == 403
    assert "was not begun in this browser" in answer.text


def test_who_says_no_at_the_provider_is_told_so(walk: Walk) -> None:
    state = parse_qs(urlsplit(walk.off()).query)["state"][0]
    answer = walk.site.client.get("/app/sign-in/callback", params={"state": state, "error": "access_denied"})
    assert answer.status_code == 403
    assert "it did not let you through (access_denied)" in answer.text


def test_words_of_the_provider_are_shown_as_words(walk: Walk) -> None:
    state = parse_qs(urlsplit(walk.off()).query)["state"][0]
    said = {"state": state, "error": "server_error", "error_description": "<script>alert(1)</script>"}
    answer = walk.site.client.get("/app/sign-in/callback", params=said)
    assert "server_error: &lt;script&gt;" in answer.text


def test_an_answer_from_another_issuer_is_a_mix_up(walk: Walk) -> None:
    walk.provider.knows("alice")
    answer = walk.site.client.get(walk.granted("alice") + "&iss=https%3A%2F%2Fevil.example")
    assert (answer.status_code, "comes from another issuer" in answer.text) == (403, True)


def test_the_request_carries_state_nonce_and_a_pkce_challenge(walk: Walk) -> None:
    asked = parse_qs(urlsplit(walk.off()).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert asked["redirect_uri"] == ["http://testserver/app/sign-in/callback"]
    assert asked["scope"] == ["openid email profile"]
    assert asked["state"] != asked["nonce"]
    assert len({parse_qs(urlsplit(walk.off()).query)["state"][0] for _ in range(3)}) == 3


def test_userinfo_that_speaks_of_somebody_else_is_not_believed(walk: Walk) -> None:
    walk.provider.says(email=None, email_verified=None)
    walk.provider.lies["/userinfo"] = lambda said: said | {"sub": "somebody", "email": "eve@example.com"}
    assert "userinfo endpoint speaks of somebody else" in walk.refused("alice")


def test_claims_that_the_token_lacks_come_from_userinfo(walk: Walk) -> None:
    walk.provider.says(email=None, email_verified=None)
    assert walk.comes_in("alice") == walk.site.seeded.people["alice"]
    assert "/userinfo" in walk.provider.asked


def test_keys_are_kept_and_asked_for_again_when_they_turn_over(walk: Walk) -> None:
    walk.comes_in("alice")
    assert walk.provider.asked.count("/jwks") == 1  # when it was saved
    walk.provider.says(key=NEW_KEY, kid="new")
    walk.provider.lies["/jwks"] = lambda keys: {"keys": [*keys["keys"], NEW_KEY.as_dict(private=False)]}
    assert "not in its key document" in walk.refused("bob")  # a forged key id makes nobody ask all the time
    with time_machine.travel(datetime.now(UTC) + AGAIN + timedelta(seconds=1)):
        walk.comes_in("bob")
    assert walk.provider.asked.count("/jwks") == 2


def test_a_provider_that_is_switched_off_or_gone_lets_nobody_in(walk: Walk) -> None:
    walk.provider.knows("alice")
    back = walk.granted("alice")
    walk.set(enabled=False)
    answer = walk.site.client.get(back)
    assert (answer.status_code, "Example ID is switched off here" in answer.text) == (403, True)
    assert walk.site.client.get(f"/app/sign-in/with/{walk.id}").status_code == 403
    assert walk.site.client.get("/app/sign-in/with/nothing%00").status_code == 403
    assert "Continue with" not in walk.site.client.get("/app/sign-in").text


def test_what_a_code_is_worth_is_the_providers_word(walk: Walk, provider: Provider) -> None:
    state = parse_qs(urlsplit(walk.off()).query)["state"][0]
    began = time.monotonic()
    answer = walk.site.client.get("/app/sign-in/callback", params={"state": state, "code": "made-up"})
    assert (answer.status_code, "answered 400 (invalid_grant)" in answer.text) == (403, True)
    assert time.monotonic() - began < 5
