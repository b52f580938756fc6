"""The crawl of `test_crawl.py` can fail: a page or site with each fault is noticed."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.web.crawl.crawler import Crawler
from tests.web.crawl.reading import CANARY, HERE, Reader
from tests.workers.listening import echo
from tocsin.web.security import SafeHeaders

PAGE = f"{HERE}/app/x"


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        (f"<p>{CANARY}</p>", "unescaped text"),
        (f'<input value="{CANARY}">', "unescaped text"),
        (f"<input value='{CANARY}'>", "unescaped text"),
        (f"<input value={CANARY}>", "unescaped text"),
        ("<script>alert(1)</script>", "inline script"),
        ("<style>p {}</style>", "inline style"),
        ('<p style="color: red">', "has style"),
        ('<p onclick="x()">', "has onclick"),
        ('<p hx-on:click="x()">', "has hx-on:click"),
        ('<p data-hx-vals="js:{a: 1}">', "a script in an attribute"),
        ('<a href="javascript:x">', "a link to 'javascript:"),
        ('<a href=" JaVaScRiPt:x">', "a script in an attribute"),
        ('<script src="https://cdn.example/x.js"></script>', "loads"),
        ('<script src="http://testserver/x.js"></script>', "loads"),
        ('<img src="//evil.example/x.png">', "loads"),
        ('<base href="https://evil.example/">', "loads"),
        ('<link rel="stylesheet" href="https://cdn.example/x.css">', "loads"),
        ('<meta http-equiv="Refresh" content="0; url=/x">', "a meta refresh"),
        ('<form method="post" action="https://evil.example/">', "a form that goes to"),
        ("<pre>Traceback (most recent call last)</pre>", "shows Traceback"),
    ],
)
def test_a_fault_of_a_page_is_seen(html: str, fault: str) -> None:
    assert fault in "; ".join(Reader(PAGE, html).faults)


def test_a_sound_page_has_no_fault() -> None:
    html = '<a href="https://elsewhere.example/">x</a><img src="data:image/png;base64,x"><script src="/a.js"></script>'
    assert Reader(PAGE, f"{html}<p>&lt;x-canary&gt;</p>").faults == []


def leaky(request: Request) -> Response:
    """Reflects, redirects and takes forms from anybody."""
    if target := request.query_params.get("next"):
        return RedirectResponse(target)
    form = '<form method="post" action="/app/leaky"><input name="csrf" value="t"><input name="q"></form>'
    return HTMLResponse(form + request.query_params.get("q", ""), headers={"set-cookie": "tocsin_session=x"})


@pytest.fixture
def found() -> Iterator[str]:
    """What a crawl finds on a leaky site."""
    app = Starlette(routes=[Route("/app/leaky", leaky, methods=["GET", "POST", "DELETE"])])
    with TestClient(SafeHeaders(app), base_url=HERE, follow_redirects=False) as client:
        yield "\n".join(Crawler(client, lambda: None).run(["/app/leaky"]).faults)


@pytest.mark.parametrize(
    "fault",
    ["leads to https://evil.example/", "cookie without Secure", "scripts can read", "another host could set",
     "cookie without SameSite", "no HSTS", "DELETE https://testserver/app/leaky: 200", "200, not 403",
     "with ['csrf', 'q'] and {'origin': 'https://evil.example'}"],
)  # fmt: skip
def test_a_fault_of_a_site_is_seen(found: str, fault: str) -> None:
    assert fault in found


def test_an_answer_without_headers_is_seen() -> None:
    client = TestClient(echo, base_url=HERE)
    found = "\n".join(Crawler(client, lambda: None).run(["/app"]).faults)
    for fault in ("no nosniff", "may be framed", "no referrer policy", "policy ''"):
        assert fault in found
