"""One sign-in in real Chromium: cookies, redirects and the content policy are the browser's own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from tests.sign_on.walk import Walk

pytestmark = pytest.mark.real


@contextmanager
def served(walk: Walk) -> Iterator[str]:
    """The site behind a real server on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        app = walk.site.app
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        app.close()
        server.should_exit = True
        thread.join(10)


def test_somebody_new_signs_in_through_the_provider(walk: Walk, real_part: Any) -> None:
    walk.provider.knows("nina", name="Nina New")
    path = real_part("chromium", "chromium-browser", "google-chrome")
    with served(walk) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(base_url=base)
        page.route("https://**", lambda route: route.abort())  # the mock's stylesheet is on the Internet
        page.goto("/app/on-call")
        page.click("text=Continue with Example ID")
        page.fill("input[name=sub]", "nina")
        page.click("text=Authorize >> nth=-1")
        page.wait_for_url(f"{base}/app/on-call")
        assert page.is_visible("[aria-label='Account of Nina New']")
        assert {cookie["name"] for cookie in page.context.cookies()} >= {"tocsin_session"}
        assert "tocsin_attempt" not in {cookie["name"] for cookie in page.context.cookies()}
        browser.close()
