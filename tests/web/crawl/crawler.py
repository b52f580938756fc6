"""Follows everything that an owner can reach and attacks each page and form once; what is open is a `fault`."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from starlette.testclient import TestClient

from tests.web.crawl.reading import CANARY, HERE, HOST, Form, Reader, path, pattern

EVIL = "https://evil.example/"
REDIRECTS = (
    "next",
    "url",
    "return",
    "return_to",
    "redirect",
    "redirect_uri",
    "redirect_url",
    "continue",
    "to",
)
QUERIES = (
    "q",
    "query",
    "show",
    "page",
    "sort",
    "status",
    "since",
    "until",
    "team",
    "service",
    "done",
    "error",
    "email",
)
AWAY = (EVIL, "//evil.example/", "/\\evil.example/", "https:evil.example", "/app/..//evil.example", "/%09/evil.example")
ELSEWHERE = (
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": EVIL[:-1]}, {"origin": "null"},
)  # fmt: skip
#: No session stands behind these forms, so that another site could abuse nothing: the token in the address is all.
OWN_AUTHORITY = ("/app/answer/", "/app/unsubscribe/")
MOST_PER_PATTERN = 4


class Crawler:
    """`heal` makes the session good again, whatever a form has done to it."""

    def __init__(self, client: TestClient, heal: Callable[[], None]):
        self.client, self.heal = client, heal
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.visited: dict[str, int] = {}
        self.places: set[str] = set()
        self.forms: dict[tuple[str, str, tuple[str, ...]], tuple[Form, str]] = {}

    def run(self, begin: Iterable[str]) -> "Crawler":
        """Everything reachable from these paths."""
        waiting, seen = [urljoin(HERE, place) for place in begin], set[str]()
        while waiting:
            url = waiting.pop(0)
            if url in seen or self.visited.get(pattern(url), 0) >= MOST_PER_PATTERN:
                continue
            seen.add(url)
            waiting += sorted(self.page(url) - seen)
        for form, found_on in list(self.forms.values()):
            self.refused(form, found_on)
        for form, found_on in list(self.forms.values()):
            self.filled(form, found_on)
        return self

    def check(self, good: bool, fault: str) -> None:
        """Count a check; note what is open."""
        self.counts["checks"] += 1
        if not good:
            self.faults.append(fault)

    def page(self, url: str) -> set[str]:
        """One page: as it is, then attacked if it is the first of its kind; the links on it."""
        if "/app/live" in url:
            return set()
        self.heal()
        first = pattern(url) not in self.visited
        self.visited[pattern(url)] = self.visited.get(pattern(url), 0) + 1
        self.places.add(path(url))
        answer = self.client.get(url)
        self.counts["pages"] += 1
        found = self.answer(answer, f"GET {url}")
        for form in found.forms if found else ():
            self.forms.setdefault(form.shape, (form, url))
        if first:
            self.attacked(url, answer.status_code)
        target = answer.headers.get("location")
        return (found.links if found else set()) | ({urljoin(url, target)} if target else set())

    def answer(self, answer: Any, what: str) -> Reader | None:
        """What must hold of every answer; the page in it, if it is one."""
        headers, told = answer.headers, f"{what} ({answer.status_code})"
        self.check(answer.status_code < 500, f"{told}: broken: {answer.text[:200]}")
        self.check(headers.get("x-content-type-options") == "nosniff", f"{told}: no nosniff")
        policy = headers.get("content-security-policy", "")
        self.check("frame-ancestors 'none'" in policy or "sandbox" in policy, f"{told}: may be framed: {policy!r}")
        self.check("default-src 'none'" in policy, f"{told}: policy {policy!r}")
        self.check("unsafe" not in policy or "sandbox" in policy, f"{told}: unsafe policy {policy!r}")
        self.check("max-age=" in headers.get("strict-transport-security", ""), f"{told}: no HSTS")
        self.check("referrer-policy" in headers, f"{told}: no referrer policy")
        self.check("server" not in headers and "x-powered-by" not in headers, f"{told}: names its server")
        self.check("access-control-allow-origin" not in headers, f"{told}: open to other origins")
        for cookie in headers.get_list("set-cookie"):
            self.cookie(cookie, told)
        place = urljoin(str(answer.request.url), headers.get("location", ""))
        self.check(urlsplit(place)[:2] == ("https", HOST), f"{told}: leads to {place}")
        if not headers.get("content-type", "").startswith("text/html"):
            return None
        found = Reader(str(answer.request.url), answer.text)
        if "sandbox" not in policy:  # a letter is shown as it was sent, in a frame that runs and loads nothing
            self.check(not found.faults, f"{told}: {'; '.join(found.faults)}")
        if path(str(answer.request.url)).startswith("/app"):
            self.check("no-store" in headers.get("cache-control", ""), f"{told}: may be kept by a cache")
        return found

    def cookie(self, cookie: str, told: str) -> None:
        """A cookie goes over https alone; one that scripts cannot read carries the browser's vouching name."""
        words = {word.strip().lower() for word in cookie.split(";")[1:]}
        harmless = cookie.startswith(("tocsin_theme=", "tocsin_zone="))
        self.check("secure" in words, f"{told}: cookie without Secure: {cookie}")
        self.check(harmless or "httponly" in words, f"{told}: scripts can read {cookie}")
        self.check(harmless or cookie.startswith("__"), f"{told}: another host could set {cookie}")
        self.check(bool(words & {"samesite=lax", "samesite=strict"}), f"{told}: cookie without SameSite: {cookie}")

    def attacked(self, url: str, status: int) -> None:
        """Hostile queries, open redirects, other methods."""
        known = dict(parse_qsl(urlsplit(url).query))
        hostile = dict.fromkeys((*QUERIES, *known), CANARY)
        self.answer(self.client.get(f"{HERE}{path(url)}?{urlencode(hostile)}"), f"GET {path(url)} with a hostile query")
        for away in AWAY:
            query = urlencode({**known, **dict.fromkeys(REDIRECTS, away)})
            self.answer(self.client.get(f"{HERE}{path(url)}?{query}"), f"GET {path(url)}?{query}")
        override = {"x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-http-method": "DELETE"}
        again = self.client.get(url, headers=override)
        self.check(again.status_code == status, f"GET {url}: a header overrides the method ({again.status_code})")
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            answer = self.client.request(method, url)
            self.check(answer.status_code in (401, 404, 405), f"{method} {url}: {answer.status_code}")
            self.answer(answer, f"{method} {url}")

    def refused(self, form: Form, found_on: str) -> None:
        """A form sent by another site, or without its token, changes nothing."""
        self.counts["forms"] += 1
        if form.method != "post" or path(form.action).startswith(OWN_AUTHORITY):
            return
        self.heal()
        good = self.fresh(form, found_on).filled()
        tokens = [name for name in ("csrf", "before") if good.get(name)]
        self.check(bool(tokens), f"the form {form.shape} on {found_on} has no token")
        bare = {name: value for name, value in good.items() if name not in tokens}
        tries = [(bare, {}), (bare | dict.fromkeys(tokens, ""), {}), (bare | dict.fromkeys(tokens, "x" * 32), {})]
        tries += [(good, headers) for headers in ELSEWHERE]
        tries += [(bare | {"_method": "POST"}, {}), (bare, {"x-csrf-token": "x" * 32})]
        for data, headers in tries:
            answer = self.client.post(form.action, data=data, headers=headers)
            what = f"POST {path(form.action)} from {found_on} with {sorted(data)} and {headers}"
            self.check(answer.status_code == 403, f"{what}: {answer.status_code}, not 403")
            self.answer(answer, what)
        query = urlencode(good)
        self.answer(self.client.get(f"{form.action}?{query}"), f"GET {path(form.action)} with the form's fields")

    def filled(self, form: Form, found_on: str) -> None:
        """The form as a person would send it, with hostile text in every field: no reflection, no crash, no way out."""
        long = 5000 if form.method == "post" else 500  # a query is no place for more
        for text in (CANARY, EVIL, "\x00\ud7ff" + "é" * long, ""):
            self.heal()
            data = self.fresh(form, found_on).filled(text)
            data |= {name: EVIL for name in REDIRECTS if name in data}
            send = self.client.post if form.method == "post" else None
            answer = send(form.action, data=data) if send else self.client.get(form.action, params=data)
            self.answer(answer, f"{form.method.upper()} {path(form.action)} from {found_on} filled with {text[:20]!r}")

    def fresh(self, form: Form, found_on: str) -> Form:
        """The same form as its page has it now, with a token of the present session."""
        again = Reader(found_on, self.client.get(found_on).text).forms
        return next((one for one in again if one.shape == form.shape), form)
