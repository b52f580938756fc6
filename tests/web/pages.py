"""A site for the tests of pages: the cast with passwords, an incident, and a browser's manners without a browser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text, update
from starlette.testclient import TestClient

from tests.seed import Seeded, seed
from tocsin.accounts import passwords
from tocsin.accounts.store.tables import users
from tocsin.core import heartbeats
from tocsin.core.actor import Actor, ActorKind, integration
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer
from tocsin.core.settings import Settings
from tocsin.core.signing import Signer
from tocsin.incidents.commands.opening import NewIncident, create
from tocsin.notifications.links import Action, answer_url
from tocsin.operations import web_pages
from tocsin.web.app import WebApp

PASSWORD = "a password of twelve and more"
HASH = passwords.hashed(PASSWORD)
SMTP = "smtp://mail.example:25"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
BEFORE = re.compile(r'name="before" value="([^"]+)"')


@dataclass
class Pages:
    """A site on a fresh database; `client` is a browser without script, nobody signed in."""

    database: Database
    seeded: Seeded
    app: WebApp
    signer: Signer
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.visitor()

    def visitor(self) -> TestClient:
        """Another browser."""
        return TestClient(self.app, follow_redirects=False)

    def sign_in(self, name: str = "alice", client: TestClient | None = None) -> TestClient:
        """Sign one of the cast in."""
        browser = client or self.client
        answer = self.try_password(f"{name}@example.com", PASSWORD, browser)
        assert answer.status_code == 303, answer.text
        return browser

    def try_password(self, email: str, password: str, client: TestClient | None = None, **more: str) -> Any:
        """Fill in the sign-in form and send it."""
        browser = client or self.client
        form = BEFORE.search(browser.get("/app/sign-in").text)
        assert form
        given = {"email": email, "password": password, "before": form.group(1), **more}
        return browser.post("/app/sign-in", data=given)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Send a form with this session's token."""
        found = CSRF.search(self.client.get("/app").text)
        assert found
        return self.client.post(path, data={"csrf": found.group(1), **(data or {})}, **more)

    def incident(self, title: str = "Disk full on db-1", **more: Any) -> str:
        """Open an incident as an integration does; its id."""
        by = integration(self.seeded.integration, "Events API v2")
        new = NewIncident(title, self.seeded.service, **more)
        return self.database.run(lambda tx: create(tx, by, new)).id

    def person(self, name: str) -> Actor:
        """One of the cast as an actor on the pages."""
        return Actor(ActorKind.USER, self.seeded.people[name], name.title(), "website")

    def status(self, incident_id: str) -> str:
        """Where an incident is."""
        with self.database.begin() as tx:
            return str(tx.conn.scalar(text("SELECT status FROM incidents WHERE id = :id"), {"id": incident_id}))

    def entries(self, incident_id: str) -> list[Any]:
        """The incident's ledger."""
        with self.database.begin() as tx:
            query = text("SELECT * FROM log_entries WHERE incident_id = :id ORDER BY seq")
            return list(tx.conn.execute(query, {"id": incident_id}))

    def execute(self, statement: str, **values: Any) -> None:
        """Change a row behind the pages' back."""
        with self.database.begin() as tx:
            tx.conn.execute(text(statement), values)

    def link(self, incident_id: str, name: str = "alice", action: Action = "acknowledge") -> str:
        """The path of a link out of a mail."""
        url = answer_url(self.signer, "", incident_id, self.seeded.people[name], action, "send", real_now())
        return url


def pages(url: str, folder: Path, **settings: Any) -> Pages:
    """A site with the cast, their passwords, a live worker and a real mail server (by name only)."""
    database = Database(url, sealer=Sealer(["a secret key for the tests of Tocsin"]))
    seeded = seed(database)
    with database.begin() as tx:
        tx.conn.execute(update(users).values(password_hash=HASH))
        heartbeats.beat(tx.conn, "worker-1", "worker", "here")
    signer = Signer({"1": b"a key for the tests of pages"}, "1")
    chosen = Settings(**{"data_dir": folder, "smtp_url": SMTP, **settings})
    return Pages(database, seeded, web_pages(database, chosen, signer), signer)
