"""Connect in a real browser: a product's own page on another origin, the sign-in, a service, and the keys back."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.oauth.house import House
from tests.web.pages import PASSWORD
from tests.web.test_browser import PHONE, serving
from tocsin.connect.logic import setup_url

pytestmark = pytest.mark.real


class Product(ThreadingHTTPServer):
    """A third party: a page with a Connect button, and the address that it is answered at."""

    button = ""
    answers: list[dict[str, list[str]]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Pages(BaseHTTPRequestHandler):
    """What the product shows."""

    server: Product

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/connected":
            self.server.answers.append(parse_qs(asked.query))
        said = "Connected" if asked.path == "/connected" else f'<a id="connect" href="{self.server.button}">Connect</a>'
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Eyes</title><p>{said}".encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def product() -> Iterator[Product]:
    server = Product(("127.0.0.1", 0), Pages)
    server.answers = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def chromium(real_part: Any) -> Iterator[Browser]:
    path = real_part("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def test_a_product_gets_its_keys_through_a_persons_browser(at_home: House, chromium: Browser) -> None:
    with product() as eyes, serving(at_home.site) as base:
        back = f"{eyes.address}/connected"
        app = at_home.register(name="ThousandEyes", redirect_urls=[back])
        eyes.button = setup_url(base, app["id"], f"{back}?account=7")
        page = chromium.new_context(viewport=PHONE).new_page()
        page.goto(eyes.address)
        page.click("#connect")
        page.fill("#email", "alice@example.com")
        page.fill("#password", PASSWORD)
        page.click("form.sign-in button")
        page.check("input[name=service]")
        page.click("button[value=connect]")
        page.wait_for_selector("text=Connected")
        (answer,) = eyes.answers
    (key,) = json.loads(answer["config"][0])["integration_keys"]
    assert (answer["account"], key["id"]) == (["7"], at_home.site.seeded.service)
