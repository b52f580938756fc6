"""Somebody walks through a sign-in without a browser's script: to the provider, and back."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from starlette.testclient import TestClient

from tests.sign_on.provider import Provider
from tests.web.pages import Pages
from tocsin.accounts.commands import providers
from tocsin.accounts.wire_sign_in import ProviderBody
from tocsin.core.actor import system
from tocsin.rest.body import read

FIELDS: dict[str, Any] = {
    "name": "Example ID", "client_id": "tocsin", "client_secret": "s3cret/&+ of ours", "email_domains": ["example.com"],
    "make_people": True,
}  # fmt: skip


@dataclass
class Walk:
    """A site with one provider; `id` is its id."""

    site: Pages
    provider: Provider
    id: str = field(init=False)
    behind: set[str] = field(default_factory=set)  # tables that the test itself changes behind the commands' back

    def __post_init__(self) -> None:
        directory = self.site.app.site.providers
        body = read(ProviderBody, FIELDS | {"issuer": self.provider.issuer})
        self.id = self.site.database.run(lambda tx: providers.add(tx, system(), body, directory))

    def set(self, **fields: Any) -> None:
        """Change the provider's settings."""
        body = read(ProviderBody, {**FIELDS, "issuer": self.provider.issuer, **fields})
        row = self.one("SELECT * FROM sign_in_providers WHERE id = :id", id=self.id)
        directory = self.site.app.site.providers
        self.site.database.run(lambda tx: providers.edit(tx, system(), row, body, directory))

    def set_issuer(self, issuer: str) -> None:
        """Another address, behind the commands' back."""
        self.execute("UPDATE sign_in_providers SET issuer = :issuer", issuer=issuer)

    def execute(self, statement: str, **values: Any) -> None:
        """Change rows behind the commands' back."""
        self.behind.add(statement.replace("INSERT INTO", "UPDATE").split()[1])
        self.site.execute(statement, **values)

    def off(self, client: TestClient | None = None, following: str = "/app") -> str:
        """The address at the provider that the button leads to."""
        answer = (client or self.site.client).get(f"/app/sign-in/with/{self.id}", params={"next": following})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def granted(self, subject: str, client: TestClient | None = None, following: str = "/app") -> str:
        """The path that the provider sends the browser back to."""
        parts = urlsplit(self.provider.grants(self.off(client, following), subject))
        assert parts.netloc == "testserver"
        return f"{parts.path}?{parts.query}"

    def sign_in(self, subject: str, client: TestClient | None = None, following: str = "/app", **claims: Any) -> Any:
        """All of it, for an account with these claims; the last answer."""
        self.provider.knows(subject, **claims)
        browser = client or self.site.client
        return browser.get(self.granted(subject, browser, following))

    def comes_in(self, subject: str, **claims: Any) -> str:
        """Sign in, in a browser of his own; the person's id."""
        answer = self.sign_in(subject, self.site.visitor(), **claims)
        assert answer.status_code == 303, answer.text
        found = self.one("SELECT user_id FROM identities WHERE subject = :subject", subject=subject)
        return str(found.user_id)

    def refused(self, subject: str, status: int = 403, **claims: Any) -> str:
        """Try to sign in; what the page says."""
        answer = self.sign_in(subject, **claims)
        assert answer.status_code == status
        assert "tocsin_session" not in answer.headers.get("set-cookie", "")
        return str(answer.text)

    def one(self, query: str, **values: Any) -> Any:
        """One row, or None."""
        with self.site.database.begin() as tx:
            return tx.conn.execute(text(query), values).one_or_none()

    def all(self, query: str, **values: Any) -> list[Any]:
        """Rows."""
        with self.site.database.begin() as tx:
            return list(tx.conn.execute(text(query), values))
