"""A whole server for the tests of OAuth, and a third party's app that speaks with it."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.testclient import TestClient

from tests.web.pages import CSRF, Pages
from tocsin import operations
from tocsin.accounts.commands import keys, sessions
from tocsin.core.actor import system
from tocsin.core.clock import real_now
from tocsin.core.settings import Settings
from tocsin.workers.front import Front
from tocsin.workers.health import Health

BACK = "https://app.example.com/oauth/callback"
READS = ["escalation_policies.read", "oncalls.read", "schedules.read", "users.read"]
VERIFIER = "a-verifier-that-is-long-enough-0123456789-abcdefgh"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ACTION = re.compile(r'<form class="card consent" method="post" action="([^"]+)"')


@dataclass
class House:
    """The site with REST and OAuth. `browser` is Alice's, a manager, signed in; `anybody` has no session."""

    site: Pages
    app: Any
    browser: TestClient = field(init=False)
    anybody: TestClient = field(init=False)
    owner_key: str = field(init=False)

    def __post_init__(self) -> None:
        self.anybody = TestClient(self.app, follow_redirects=False, raise_server_exceptions=False)
        self.browser = self.browser_of("alice")
        self.owner_key = self.key_of("eve")

    def browser_of(self, name: str) -> TestClient:
        """A browser in which one of the cast is signed in."""
        browser = TestClient(self.app, follow_redirects=False)
        id = self.site.seeded.people[name]
        started = self.site.database.run(lambda tx: sessions.start(tx, id, real_now()))
        browser.cookies.set("tocsin_session", started.token)
        return browser

    def key_of(self, name: str) -> str:
        """A REST key of one of the cast."""
        id = self.site.seeded.people[name]
        return self.site.database.run(lambda tx: keys.issue(tx, system(), id, f"{name}'s"))

    def give_role(self, name: str, role: str) -> None:
        """The owner gives one of the cast another role."""
        user = {"type": "user", "name": name.title(), "email": f"{name}@example.com", "role": role}
        path = f"/users/{self.site.seeded.people[name]}"
        assert self.rest("PUT", path, self.owner_key, {"user": user}).status_code == 200

    def register(self, key: str | None = None, **other: Any) -> Any:
        """An app as the owner registers it: scoped, for reading, unless said otherwise."""
        given = {"name": "Reviewers", "scopes": READS, "redirect_urls": [BACK], **other}
        answer = self.rest("POST", "/tocsin/apps", key or self.owner_key, {"app": given})
        assert answer.status_code == 201, answer.text
        return answer.json()["app"]

    def classic(self, *scopes: str, **other: Any) -> Any:
        """A classic app."""
        return self.register(name="Classic", kind="classic", scopes=list(scopes), **other)

    def rest(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> Any:
        """One REST request with a key or token."""
        return self.anybody.request(method, path, json=body, headers={"authorization": f"Bearer {token}", **headers})

    def asking(self, app: Any, **other: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        given = {
            "client_id": app["client_id"], "redirect_uri": BACK, "response_type": "code", "state": "s t/ä",
            "scope": " ".join(app["scopes"]), "code_challenge": CHALLENGE, "code_challenge_method": "S256", **other,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}

    def look(self, app: Any, **other: str | None) -> Any:
        """The consent page."""
        return self.browser.get("/oauth/authorize", params=self.asking(app, **other))

    def decide(self, app: Any, decision: str = "allow", **other: str | None) -> dict[str, str]:
        """Press a button on it; what the app's callback is told."""
        page = self.look(app, **other)
        assert page.status_code == 200, page.text
        form, csrf = ACTION.search(page.text), CSRF.search(page.text)
        assert form
        assert csrf
        action = form.group(1).replace("&amp;", "&")
        answer = self.browser.post(action, data={"csrf": csrf.group(1), "decision": decision})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(other.get("redirect_uri") or BACK)
        return told(answer)

    def token(self, **form: Any) -> Any:
        """A token request."""
        return self.anybody.post("/oauth/token", data={k: v for k, v in form.items() if v is not None})

    def exchange(self, app: Any, code: str, **other: Any) -> Any:
        """A code for tokens."""
        given = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER,
            "client_id": app["client_id"], "client_secret": app.get("client_secret"), **other,
        }  # fmt: skip
        return self.token(**given)

    def tokens(self, app: Any, **other: str | None) -> Any:
        """The whole way: consent and exchange."""
        answer = self.exchange(app, self.decide(app, **other)["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self, app: Any, token: str, **other: Any) -> Any:
        """A refresh token for a new pair."""
        given = {"client_id": app["client_id"], "client_secret": app.get("client_secret"), **other}
        return self.token(grant_type="refresh_token", refresh_token=token, **given)

    def credentials(self, app: Any, scope: str | None, **other: Any) -> Any:
        """A token for the account itself."""
        given = {"client_id": app["client_id"], "client_secret": app["client_secret"], **other}
        return self.token(grant_type="client_credentials", scope=scope, **given)

    def later(self, **duration: float) -> None:
        """Move the clock on."""
        self.site.execute(
            "UPDATE clock SET ahead = ahead + make_interval(days => :days, secs => :seconds)",
            days=int(duration.get("days", 0)), seconds=duration.get("seconds", 0),
        )  # fmt: skip

    def rows(self, table: str) -> int:
        """How many rows there are."""
        with self.site.database.begin() as tx:
            return int(tx.conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def told(answer: Any) -> dict[str, str]:
    """The parameters of a redirect."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def refused(answer: Any, status: int, error: str) -> str:
    """Checks an error of the protocol; its description."""
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "access_token" not in answer.json()
    return str(answer.json().get("error_description", ""))


@contextmanager
def house(site: Pages, settings: Settings) -> Iterator[House]:
    """The server as `main.py` puts it together, without intake and workers."""
    database = site.database
    door = operations.oauth_door(database, settings)
    front = Front(
        Health(database, True), operations.rest_app(database, settings), site.app, None, [door] if door else []
    )
    yield House(site, front)
