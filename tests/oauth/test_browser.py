"""The consent page and the pages of apps in a real browser (Chromium)."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.oauth.house import House
from tests.oauth.serving import served
from tests.web.pages import PASSWORD

pytestmark = pytest.mark.real
PHONE = {"width": 390, "height": 844}


class Callback(BaseHTTPRequestHandler):
    """The third party's address to come back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>app</title><p>Welcome back")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def callback() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def chromium(real_part: Any) -> Iterator[Browser]:
    path = real_part("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture
def browser(chromium: Browser, at_home: House) -> Iterator[BrowserContext]:
    """A phone, nobody signed in; a complaint of the content policy fails the test."""
    with served(at_home) as base:
        context = chromium.new_context(base_url=base, viewport=PHONE)
        context.set_default_timeout(30_000)
        complaints: list[str] = []
        context.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        yield context
        context.close()
        assert complaints == []


def sign_in(page: Page, name: str = "alice") -> None:
    page.fill("#email", f"{name}@example.com")
    page.fill("#password", PASSWORD)
    page.click("form.sign-in button")


def asked(house: House, callback: str) -> tuple[Any, str]:
    app = house.register(redirect_urls=[callback])
    return app, "/oauth/authorize?" + urlencode(house.asking(app, redirect_uri=callback))


@pytest.mark.parametrize("decision", ["Allow", "Deny"])
def test_a_person_signs_in_decides_and_is_back_at_the_app(
    at_home: House, browser: BrowserContext, callback: str, decision: str
) -> None:
    app, path = asked(at_home, callback)
    page = browser.new_page()
    page.goto(path)
    sign_in(page)
    page.wait_for_selector("text=Allow Reviewers to act as you?")
    page.click(f"button:has-text('{decision}')")
    page.wait_for_selector("text=Welcome back")
    told = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert told["state"] == "s t/ä"
    if decision == "Deny":
        assert told["error"] == "access_denied"
    else:
        assert at_home.exchange(app, told["code"], redirect_uri=callback).status_code == 200


def test_a_manager_registers_an_app_on_a_phone(at_home: House, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto("/app/apps/new")
    sign_in(page)
    page.fill("#name", "Reviewers")
    assert not page.is_visible("text=It runs in a browser")
    for title in ("Escalation policies", "Oncalls", "Schedules", "Users"):
        page.check(f"input[aria-label='{title}: read']")
    page.click("text=Register app")
    secret = page.input_value("#client-secret")
    app = {"client_id": page.input_value("#client-id"), "client_secret": secret}
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    given = at_home.credentials(app, "as_account-us.acme users.read oncalls.read").json()
    assert at_home.rest("GET", "/oncalls", given["access_token"]).status_code == 200
    page.click("text=Remove app")
    page.click(".confirm:target button")
    page.wait_for_selector("text=No app yet")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(at_home: House, browser: BrowserContext, callback: str, width: int) -> None:
    app, path = asked(at_home, callback)
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    sign_in(page, "eve")
    page.wait_for_selector("text=to act as you?")
    for place in (path, "/app/apps", "/app/apps/new", f"/app/apps/{app['id']}", "/app/allowed-apps"):
        page.goto(place)
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
