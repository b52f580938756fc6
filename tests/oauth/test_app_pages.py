"""Registering apps and taking back what was allowed, on the pages, without script."""

import html
import re
from typing import Any

from starlette.testclient import TestClient

from tests.oauth.house import BACK, READS, House
from tests.web.pages import CSRF

FORM = {
    "name": "Reviewers", "kind": "scoped", "scope": READS,
    "redirect_urls": BACK + "\r\n http://localhost:3000/cb \n",
}  # fmt: skip
SECRET = re.compile(r'id="client-secret"[^>]* value="([^"]+)"')
CLIENT = re.compile(r'id="client-id"[^>]* value="([^"]+)"')


def post(browser: TestClient, path: str, **form: Any) -> Any:
    csrf = CSRF.search(browser.get("/app").text)
    assert csrf
    return browser.post(path, data={"csrf": csrf.group(1), **form})


def path_of(house: House) -> str:
    with house.site.database.begin() as tx:
        return "/app/apps/" + str(tx.conn.exec_driver_sql("SELECT id FROM oauth_apps").scalar_one())


def test_the_app_of_the_brief_is_registered_and_works(at_home: House) -> None:
    page = post(at_home.browser, "/app/apps", **FORM)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    secret, client = SECRET.search(page.text), CLIENT.search(page.text)
    assert secret
    assert client
    for said in ("Copy the secret now", ">us<", "as_account-us.acme escalation_policies.read", "/oauth/token"):
        assert said.strip("<>") in html.unescape(page.text)
    app = {"client_id": client.group(1), "client_secret": secret.group(1)}
    assert at_home.credentials(app, "as_account-us.acme " + " ".join(READS)).status_code == 200
    again = at_home.browser.get(path_of(at_home)).text
    assert secret.group(1) not in again
    assert secret.group(1)[-4:] in again


def test_what_is_wrong_is_said_and_what_was_typed_stays(at_home: House) -> None:
    page = post(at_home.browser, "/app/apps", **{**FORM, "redirect_urls": "http://app.example.com/cb", "scope": []})
    assert page.status_code == 400
    assert "must be https" in page.text
    assert 'value="Reviewers"' in page.text
    assert "http://app.example.com/cb</textarea>" in page.text
    assert at_home.rows("oauth_apps") == 0


def test_an_app_is_changed_on_its_page(at_home: House) -> None:
    post(at_home.browser, "/app/apps", **FORM)
    path = path_of(at_home)
    fewer = {**FORM, "name": "Flex", "scope": "users.read", "redirect_urls": BACK}
    assert post(at_home.browser, path, **fewer).headers["location"] == f"{path}?done=changed"
    page = at_home.browser.get(path).text
    assert 'value="users.read" aria-label="Users: read" checked' in page
    assert 'value="oncalls.read" aria-label="Oncalls: read" checked' not in page
    wrong = post(at_home.browser, path, **{**fewer, "scope": []})
    assert wrong.status_code == 400
    assert "choose at least one" in wrong.text


def test_a_new_secret_is_shown_once_too(at_home: House) -> None:
    first = SECRET.search(post(at_home.browser, "/app/apps", **FORM).text)
    second = SECRET.search(post(at_home.browser, f"{path_of(at_home)}/secret").text)
    assert first
    assert second
    assert first.group(1) != second.group(1)


def test_a_classic_public_app_has_no_secret(at_home: House) -> None:
    given = {**FORM, "kind": "classic", "classic": "write", "public": "1"}
    page = post(at_home.browser, "/app/apps", **given)
    assert page.status_code == 200
    assert not SECRET.search(page.text)
    assert "proves itself by PKCE" in page.text


def test_removing_asks_first_and_ends_everything(at_home: House) -> None:
    page = post(at_home.browser, "/app/apps", **FORM).text
    app = {"client_id": CLIENT.search(page).group(1), "client_secret": SECRET.search(page).group(1)}  # type: ignore[union-attr]
    token = at_home.credentials(app, "as_account-us.acme users.read").json()["access_token"]
    assert "This cannot be undone" in page
    assert post(at_home.browser, f"{path_of(at_home)}/delete").headers["location"] == "/app/apps?done=gone"
    assert at_home.rest("GET", "/users", token).status_code == 401
    assert "No app yet" in at_home.browser.get("/app/apps").text


def test_who_may_not_configure_registers_nothing(at_home: House) -> None:
    at_home.give_role("alice", "limited_user")
    assert at_home.browser.get("/app/apps").status_code == 403
    assert post(at_home.browser, "/app/apps", **FORM).status_code == 403
    assert at_home.rows("oauth_apps") == 0


def test_a_form_without_its_token_registers_nothing(at_home: House) -> None:
    assert at_home.browser.post("/app/apps", data=FORM).status_code == 403
    assert at_home.rows("oauth_apps") == 0


def test_an_admins_app_is_not_a_managers_to_change(at_home: House) -> None:
    at_home.register()
    page = post(at_home.browser, f"{path_of(at_home)}/secret")
    assert page.status_code == 403
    assert "only admins may change it" in page.text
    assert not SECRET.search(page.text)


def test_region_and_subdomain_are_the_admins_to_set(at_home: House) -> None:
    given = {"region": "eu", "subdomain": "acme-corp"}
    assert post(at_home.browser, "/app/apps/account", **given).status_code == 403
    eve = at_home.browser_of("eve")
    wrong = post(eve, "/app/apps/account", region="eu", subdomain="Acme Corp")
    assert wrong.status_code == 400
    assert "subdomain" in wrong.text
    assert post(eve, "/app/apps/account", **given).status_code == 303
    assert 'value="acme-corp"' in eve.get("/app/apps").text


def test_a_person_takes_back_what_he_allowed(at_home: House) -> None:
    assert "No app acts as you" in at_home.browser.get("/app/allowed-apps").text
    token = at_home.tokens(at_home.register())["access_token"]
    page = at_home.browser.get("/app/allowed-apps").text
    form = re.search(r'action="(/app/allowed-apps/[^"]+)"', page)
    assert form
    assert post(at_home.browser_of("bob"), form.group(1)).status_code == 404
    assert at_home.rest("GET", "/users", token).status_code == 200
    assert post(at_home.browser, form.group(1)).status_code == 303
    assert at_home.rest("GET", "/users", token).status_code == 401
