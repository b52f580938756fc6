"""Signing in and out, and what keeps a session safe."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given as arbitrary
from hypothesis import strategies as st

from tests.web.pages import BEFORE, CSRF, PASSWORD, Pages
from tocsin.web.security import local_path


def test_the_right_password_opens_and_leads_on(site: Pages) -> None:
    answer = site.try_password("Alice@Example.com", PASSWORD, next="/app/on-call")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/on-call")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tocsin_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert site.client.get("/app").status_code == 200


def test_over_https_the_cookie_is_secure(site: Pages) -> None:
    site.client.base_url = "https://testserver"
    answer = site.try_password("alice@example.com", PASSWORD)
    cookies = answer.headers.get_list("set-cookie")
    (session,) = [c for c in cookies if "tocsin_session=" in c]
    assert session.startswith("__Host-tocsin_session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(session.split("; "))
    assert site.client.get("/app").status_code == 200


def test_over_https_a_session_under_a_name_that_another_host_could_set_does_not_count(site: Pages) -> None:
    token = site.sign_in().cookies["tocsin_session"]
    secure = site.visitor()
    secure.base_url = "https://testserver"
    secure.cookies.set("tocsin_session", token)
    assert secure.get("/app").status_code == 303
    secure.cookies.clear()
    secure.cookies.set("__Host-tocsin_session", token)
    assert secure.get("/app").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [("alice@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("a\0b" * 999, "x" * 100_000)],
)
def test_anything_else_says_only_that_they_do_not_go_together(site: Pages, email: str, password: str) -> None:
    answer = site.try_password(email, password)
    assert answer.status_code == 422
    assert "do not go together" in answer.text
    assert "tocsin_session" not in answer.headers.get("set-cookie", "")


def test_a_guesser_is_slowed_down_even_with_the_right_password(site: Pages) -> None:
    for _ in range(5):
        assert site.try_password("alice@example.com", "wrong").status_code == 422
    answer = site.try_password("alice@example.com", PASSWORD)
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text


def test_a_sign_in_form_from_another_site_is_refused(site: Pages) -> None:
    given = {"email": "alice@example.com", "password": PASSWORD}
    assert site.client.post("/app/sign-in", data=given).status_code == 403
    form = BEFORE.search(site.client.get("/app/sign-in").text)
    assert form
    given["before"] = form.group(1)
    answer = site.client.post("/app/sign-in", data=given, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert site.client.post("/app/sign-in", data=given, headers={"origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/app//evil.example", "/app/../evil", "javascript:x",
     "/app\n/x", "/other", "/application", "/app/sign-out", "/app/live", "/app@evil.example", "", None,
     "/app" + "x" * 600],
)  # fmt: skip
def test_no_redirect_leaves_our_pages(path: str | None) -> None:
    assert local_path(path) == "/app"


@arbitrary(st.text(max_size=60) | st.from_regex(r"[/\\\\]{1,3}(app)?[/\\\\]?[\w.:@%?#-]{0,20}"))
def test_whatever_is_asked_for_the_browser_stays_with_us(asked: str) -> None:
    following = urljoin("https://tocsin.example/app/sign-in", local_path(asked))
    assert (urlsplit(following).scheme, urlsplit(following).netloc) == ("https", "tocsin.example")
    assert urlsplit(following).path.split("/")[1] == "app"
    assert not set(local_path(asked)) & set("\\\r\n\t ")


@pytest.mark.parametrize("path", ["/app", "/app/incidents/Q1#acknowledge", "/app?show=mine&page=2", "/app/on-call"])
def test_our_own_pages_are_come_back_to(path: str) -> None:
    assert local_path(path) == path


def test_a_page_without_a_session_leads_to_the_form_and_back(site: Pages) -> None:
    answer = site.client.get("/app/incidents/Q1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/sign-in?next=%2Fapp%2Fincidents%2FQ1")
    assert site.client.post("/app/incidents/Q1/resolve").status_code == 401
    assert site.client.get("/app/live").status_code == 401


def test_signing_out_ends_the_session_on_the_server(site: Pages) -> None:
    token = site.sign_in().cookies["tocsin_session"]
    assert site.post("/app/sign-out").headers["location"] == "/app/sign-in"
    site.client.cookies.set("tocsin_session", token)
    assert site.client.get("/app").status_code == 303


def test_a_form_needs_the_token_of_its_own_session(site: Pages) -> None:
    incident = site.incident()
    site.sign_in()
    path = f"/app/incidents/{incident}/resolve"
    bob = site.sign_in("bob", site.visitor())
    other = CSRF.search(bob.get("/app").text)
    assert other
    for given in ({}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": other.group(1)}, {"csrf": "é\0"}):
        assert site.client.post(path, data=given).status_code == 403
    assert site.status(incident) == "triggered"


def test_the_token_may_come_as_a_header(site: Pages) -> None:
    incident = site.incident()
    found = CSRF.search(site.sign_in().get("/app").text)
    assert found
    headers = {"x-csrf-token": found.group(1)}
    assert site.client.post(f"/app/incidents/{incident}/resolve", headers=headers).status_code == 303


def test_a_right_token_from_another_site_is_refused(site: Pages) -> None:
    incident = site.incident()
    site.sign_in()
    answer = site.post(f"/app/incidents/{incident}/resolve", headers={"sec-fetch-site": "same-site"})
    assert answer.status_code == 403
    assert site.status(incident) == "triggered"


def test_who_may_only_look_cannot_act(site: Pages) -> None:
    incident = site.incident()
    site.execute("UPDATE users SET role = 'read_only_user' WHERE email = 'alice@example.com'")
    site.sign_in()
    answer = site.post(f"/app/incidents/{incident}/acknowledge")
    assert answer.status_code == 403
    assert "Full Stakeholder" in answer.text
    assert site.status(incident) == "triggered"


def test_every_answer_carries_the_safe_headers(site: Pages) -> None:
    for path in ("/app/sign-in", "/app", "/app/nowhere", "/app/answer/x", "/app/static/tocsin.css"):
        headers = site.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "camera=()" in headers["permissions-policy"]
