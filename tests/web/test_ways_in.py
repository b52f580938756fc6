"""Ways in: invitation, password by mail, the second step; and what a stranger cannot do with them."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from tests.web.pages import BEFORE, PASSWORD, Pages
from tocsin.accounts.commands import links, second_factor, users
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.clock import real_now
from tocsin.notifications.commands.planning import plan
from tocsin.notifications.commands.sending import Addresses, claim
from tocsin.notifications.model import Message
from tocsin.notifications.store.tables import sends

NEW = "a whole new password of mine"
TOKEN = re.compile(r"/app/password/[\w.-]+")


def mails(site: Pages) -> list[Message]:
    """What the mail lane would send now."""
    urls = Addresses(
        lambda *_: "", lambda _: "", "https://t.example/app",
        lambda kind, id, now: "https://t.example" + links.path(site.signer, kind, id, now),
    )  # fmt: skip
    for _ in range(2):
        site.database.run(lambda tx: plan(tx) and None)
    with site.database.begin() as tx:
        return [message for _, message in claim(tx, "email", "test", timedelta(minutes=1), 50, urls)]


def link_of(message: Message) -> str:
    return message.html_url.removeprefix("https://t.example")


def forgot(site: Pages, email: str) -> Any:
    browser = site.visitor()
    form = BEFORE.search(browser.get("/app/sign-in/forgot").text)
    assert form
    return browser.post("/app/sign-in/forgot", data={"before": form.group(1), "email": email})


@pytest.fixture
def reset(site: Pages) -> str:
    """The path of a link that Alice asked for."""
    forgot(site, "alice@example.com")
    (mail,) = mails(site)
    return link_of(mail)


def test_a_new_person_chooses_a_password_and_is_in(site: Pages) -> None:
    site.sign_in("eve")
    given = {"name": "Nina New", "email": "nina@example.com", "role": "limited_user"}
    assert site.post("/app/people", given).headers["location"] == "/app/people?done=invited"
    assert "invited" in site.client.get("/app/people?q=nina").text
    (mail,) = mails(site)
    assert (mail.to, mail.notice_button) == ("nina@example.com", "Choose a password")
    nina = site.visitor()
    assert "Welcome" in nina.get(link_of(mail)).text
    answer = nina.post(link_of(mail), data={"password": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/app")
    assert nina.get("/app").status_code == 200
    assert "invited" not in site.client.get("/app/people?q=nina").text.replace("Invite", "")


def test_an_invitation_sent_again_voids_the_first(site: Pages) -> None:
    site.sign_in("eve")
    site.post("/app/people", {"name": "Nina", "email": "nina@example.com", "role": "user"})
    (first,) = mails(site)
    with site.database.begin() as tx:
        nina = tx.conn.scalar(text("SELECT id FROM users WHERE email = 'nina@example.com'"))
    assert site.post(f"/app/users/{nina}/invite").status_code == 303
    (second,) = mails(site)
    assert site.visitor().get(link_of(first)).status_code == 410
    assert site.visitor().get(link_of(second)).status_code == 200


def test_known_and_unknown_people_get_the_same_answer(site: Pages) -> None:
    answers = [forgot(site, email) for email in ("alice@example.com", "nobody@example.com")]
    plain = [a.text.replace("alice@", "X@").replace("nobody@", "X@") for a in answers]
    assert plain[0] == plain[1]
    assert [mail.to for mail in mails(site)] == ["alice@example.com"]


def test_a_link_works_once_and_ends_every_session(site: Pages, reset: str) -> None:
    old = site.sign_in("alice")
    other = site.visitor()
    assert other.get(reset).status_code == other.get(reset).status_code == 200
    assert other.post(reset, data={"password": NEW}).status_code == 303
    assert old.get("/app").status_code == 303
    assert other.get("/app").status_code == 200
    assert site.visitor().post(reset, data={"password": NEW + "x"}).status_code == 410
    assert site.try_password("alice@example.com", NEW, site.visitor()).status_code == 303


@pytest.mark.parametrize("password", ["short", "password1234", "alice@example.com", ""])
def test_a_bad_password_is_explained_and_the_link_stays_good(site: Pages, reset: str, password: str) -> None:
    answer = site.visitor().post(reset, data={"password": password})
    assert answer.status_code == 400
    assert 'id="wrong"' in answer.text
    assert site.visitor().post(reset, data={"password": NEW}).status_code == 303


def test_a_link_that_was_changed_is_old_or_comes_from_elsewhere_opens_nothing(site: Pages, reset: str) -> None:
    assert site.visitor().get(reset[:-2]).status_code == 400
    assert site.visitor().get("/app/password/nonsense").status_code == 400
    evil = site.visitor().post(reset, data={"password": NEW}, headers={"origin": "https://evil.example"})
    assert evil.status_code == 403
    site.execute("UPDATE account_links SET expires_at = created_at")
    assert site.visitor().post(reset, data={"password": NEW}).status_code == 410


def test_a_link_is_void_once_the_person_has_another_address(site: Pages, reset: str) -> None:
    site.execute("UPDATE users SET email = 'new@example.com' WHERE email = 'alice@example.com'")
    assert site.visitor().get(reset).status_code == 410


def test_neither_database_nor_outbox_holds_a_link_that_works(site: Pages, reset: str) -> None:
    with site.database.begin() as tx:
        stored = str(tx.conn.execute(select(sends)).all())
    assert reset.rpartition("/")[2] not in stored
    assert not TOKEN.search(stored)


def test_three_links_an_hour_are_sent_at_most(site: Pages) -> None:
    for _ in range(5):
        assert forgot(site, "alice@example.com").status_code == 200
    assert len(mails(site)) == 3


def test_a_mail_link_helps_whoever_is_under_attack(site: Pages, reset: str) -> None:
    for _ in range(6):
        site.try_password("alice@example.com", "wrong")
    assert site.try_password("alice@example.com", PASSWORD).status_code == 429
    browser = site.client
    assert browser.post(reset, data={"password": NEW}).status_code == 303
    browser.cookies.delete("tocsin_session")
    assert site.try_password("alice@example.com", NEW, browser).status_code == 303


def test_a_reset_does_not_get_around_the_second_factor(site: Pages, reset: str) -> None:
    enrol(site, "alice")
    browser = site.visitor()
    answer = browser.post(reset, data={"password": NEW})
    assert answer.headers["location"].startswith("/app/sign-in/code")
    assert browser.get("/app").status_code == 303


def enrol(site: Pages, name: str) -> pyotp.TOTP:
    """Give one of the cast a second factor (with a code of an hour ago)."""
    at = real_now() - timedelta(hours=1)
    with site.database.begin() as tx:
        user = users.get(tx.conn, site.seeded.people[name])
        second_factor.begin(tx, user)
        pending = second_factor.pending(tx, user)
        assert pending
        totp = pyotp.TOTP(pending.secret)
        actor = Actor(ActorKind.USER, user.id, user.name, role=user.role)
        assert isinstance(second_factor.confirm(tx, actor, user, totp.at(at), at), tuple)
    return totp


def step(browser: TestClient, page: str, code: str, **more: str) -> Any:
    form = BEFORE.search(browser.get(page).text)
    assert form
    return browser.post(page, data={"before": form.group(1), "code": code, **more})


def test_a_code_follows_the_password_and_leads_on(site: Pages) -> None:
    totp = enrol(site, "alice")
    answer = site.try_password("alice@example.com", PASSWORD, next="/app/on-call")
    assert answer.headers["location"] == "/app/sign-in/code?next=%2Fapp%2Fon-call"
    assert "tocsin_session=" not in str(answer.headers)
    assert step(site.client, "/app/sign-in/code", "000000").status_code == 422
    done = step(site.client, "/app/sign-in/code", totp.now(), next="/app/on-call")
    assert (done.status_code, done.headers["location"]) == (303, "/app/on-call")
    assert site.client.get("/app").status_code == 200


def test_five_wrong_codes_end_the_guessing_from_everywhere(site: Pages) -> None:
    totp = enrol(site, "alice")
    site.try_password("alice@example.com", PASSWORD)
    for _ in range(5):
        step(site.client, "/app/sign-in/code", "000000")
    other = site.visitor()
    site.try_password("alice@example.com", PASSWORD, other)
    assert step(other, "/app/sign-in/code", totp.now()).status_code == 429


@pytest.mark.parametrize("page", ["/app/sign-in/code", "/app/sign-in/enrol"])
def test_the_second_step_needs_the_first(site: Pages, page: str) -> None:
    assert site.client.get(page).headers["location"].startswith("/app/sign-in?")
    site.client.cookies.set("tocsin_half", "forged", path="/app/sign-in")
    assert site.client.get(page).headers["location"].startswith("/app/sign-in?")
    assert site.client.post(page, data={"code": "000000"}).status_code == 403


def test_where_it_is_required_sign_in_leads_to_setting_it_up(site: Pages) -> None:
    site.sign_in("eve")
    assert site.post("/app/account/second-factor", {"required": "yes"}).status_code == 303
    bob = site.visitor()
    location = site.try_password("bob@example.com", PASSWORD, bob).headers["location"]
    page = bob.get(location).text
    assert "<svg" in page
    assert " style=" not in page
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
    assert step(bob, "/app/sign-in/enrol", "000000").status_code == 422
    done = step(bob, "/app/sign-in/enrol", pyotp.TOTP(secret).now())
    assert len(re.findall(r"<li>[A-Z2-9]{4}(?:-[A-Z2-9]{4}){3}</li>", done.text)) == 10
    assert bob.get("/app").status_code == 200
