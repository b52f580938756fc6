"""The pages in a real browser (Chromium), on a real server: live, by script and without it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.pages import PASSWORD, Pages
from tocsin.incidents.commands import verbs
from tocsin.web.app import STATIC

pytestmark = pytest.mark.real
PHONE = {"width": 390, "height": 844}


@contextmanager
def serving(site: Pages) -> Iterator[str]:
    """The site behind a real server on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.listen(100)
        server = uvicorn.Server(uvicorn.Config(site.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{port}"
        site.app.close()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def chromium(real_part: Any) -> Iterator[Browser]:
    path = real_part("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture
def base(site: Pages) -> Iterator[str]:
    with serving(site) as address:
        yield address


@pytest.fixture
def browser(chromium: Browser, base: str) -> Iterator[BrowserContext]:
    """A fresh profile on a phone; a complaint of the content policy or of a script fails the test."""
    context = chromium.new_context(base_url=base, viewport=PHONE, timezone_id="Europe/Berlin")
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield context
    context.close()
    assert complaints == []


def signed_in(context: BrowserContext, path: str = "/app") -> Page:
    """A tab of Alice's on this page."""
    page = context.new_page()
    page.goto(path)
    page.fill("#email", "alice@example.com")
    page.fill("#password", PASSWORD)
    page.click("form.sign-in button")
    page.wait_for_url("**/app*" if path == "/app" else f"**{path}")
    return page


def needs_assets() -> None:
    """Live pages need the built scripts."""
    if not (STATIC / "vendor/hx-sse.min.js").exists():
        pytest.skip("the assets are not built (scripts/build_assets.py builds them)")


def test_an_incident_arrives_by_itself(site: Pages, browser: BrowserContext) -> None:
    needs_assets()
    page = signed_in(browser)
    page.wait_for_selector("#live-state[data-state=on]")
    page.wait_for_selector("text=All quiet")
    site.incident("Disk full on db-1")
    page.wait_for_selector("text=Disk full on db-1")
    assert page.is_visible(".badge.triggered")


def test_one_acknowledges_on_the_incidents_page_and_another_sees_it(site: Pages, browser: BrowserContext) -> None:
    needs_assets()
    incident = site.incident("Disk full on db-1")
    page = signed_in(browser)
    other = browser.new_page()
    other.goto(f"/app/incidents/{incident}")
    other.wait_for_selector("#live-state[data-state=on]")
    page.click("text=Disk full on db-1")
    page.click("#do-acknowledge button")
    page.wait_for_selector("#toast >> text=You have it")
    assert site.status(incident) == "acknowledged"
    other.wait_for_selector("text=Alice acknowledged")


def test_a_note_that_is_being_written_survives_what_arrives(site: Pages, browser: BrowserContext) -> None:
    needs_assets()
    incident = site.incident()
    page = signed_in(browser, f"/app/incidents/{incident}")
    page.wait_for_selector("#live-state[data-state=on]")
    page.click("#drop-snooze summary")
    page.fill("#content", "half a thou")
    site.database.run(lambda tx: verbs.escalate(tx, site.person("eve"), [incident], 2))
    page.wait_for_selector("text=Escalated to level 2")
    assert page.input_value("#content") == "half a thou"
    assert page.is_visible("#do-snooze button >> nth=0")
    page.keyboard.press("Escape")
    page.click("form.note button")
    page.wait_for_selector(".timeline >> text=half a thou")
    assert page.input_value("#content") == ""


def test_many_are_picked_and_answered_at_once(site: Pages, browser: BrowserContext) -> None:
    needs_assets()
    ids = [site.incident(f"Number {n}") for n in range(3)]
    page = signed_in(browser)
    assert not page.is_visible("button[value=acknowledge]")
    page.check("[data-pick-all]")
    page.click("button[value=acknowledge]")
    page.wait_for_selector("#toast >> text=3 incidents acknowledged.")
    assert {site.status(id) for id in ids} == {"acknowledged"}


def test_a_link_with_acknowledge_asks_after_signing_in(site: Pages, browser: BrowserContext) -> None:
    incident = site.incident()
    page = signed_in(browser, f"/app/incidents/{incident}#acknowledge")
    page.wait_for_selector(".confirm:target >> text=Acknowledge #1?")
    assert site.status(incident) == "triggered"
    page.click(".confirm:target button")
    page.wait_for_selector("text=You have it")
    assert site.status(incident) == "acknowledged"


def test_the_link_out_of_a_mail_works_without_script(site: Pages, chromium: Browser, base: str) -> None:
    incident = site.incident()
    context = chromium.new_context(base_url=base, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(site.link(incident))
    assert site.status(incident) == "triggered"
    page.click("text=Acknowledge")
    page.wait_for_selector("text=You have it. Escalation stopped.")
    assert site.status(incident) == "acknowledged"
    context.close()


def test_the_pages_work_without_script(site: Pages, chromium: Browser, base: str) -> None:
    incident = site.incident("Disk full on db-1")
    context = chromium.new_context(base_url=base, viewport=PHONE, java_script_enabled=False)
    page = signed_in(context)
    page.click("text=Disk full on db-1")
    page.click("#do-acknowledge button")
    page.wait_for_selector("text=You have it")
    page.click("#drop-snooze summary")
    page.click("text=1 hour")
    page.wait_for_selector("text=Snoozed.")
    assert site.entries(incident)[-1].type == "snooze"
    context.close()


def test_what_came_in_runs_nowhere(site: Pages, browser: BrowserContext) -> None:
    title = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    incident = site.incident(title)
    page = signed_in(browser, f"/app/incidents/{incident}")
    page.wait_for_timeout(300)
    assert "owned" not in page.title().split("·")[1]
    assert page.inner_text("h1") == title


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(site: Pages, browser: BrowserContext, width: int) -> None:
    incident = site.incident("averylongword" * 16, body={"type": "incident_body", "details": "y" * 500})
    page = signed_in(browser)
    page.set_viewport_size({"width": width, "height": 800})
    paths = ("", f"/incidents/{incident}", "/on-call", "/services", f"/services/{site.seeded.service}")
    for path in paths:
        page.goto(f"/app{path}")
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_buttons_are_large_and_named_and_the_keyboard_is_seen(site: Pages, browser: BrowserContext) -> None:
    incident = site.incident()
    page = signed_in(browser, f"/app/incidents/{incident}")
    for button in page.query_selector_all("main button:visible, main a.button:visible, main summary.button:visible"):
        box = button.bounding_box()
        assert box
        assert box["height"] >= 44
        assert button.inner_text().strip()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
