"""The client of all REST tests: it speaks real ASGI, and every exchange passes the oracle."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from tests import oracle

SEEN: Counter[str] = Counter()


@dataclass
class Reply:
    """An answer: status, decoded body and headers."""

    status: int
    body: Any
    headers: Any

    @property
    def errors(self) -> list[str]:
        """The list of an error object."""
        return list(self.body["error"]["errors"])

    @property
    def code(self) -> int:
        """The code of an error object."""
        return int(self.body["error"]["code"])


@dataclass
class RestClient:
    """Sends as one key; `as_key` makes the client of another."""

    app: Any
    key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    published: bool = True  # False: the paths are a test's own, so the oracle does not know them

    def as_key(self, key: str | None, **headers: str) -> "RestClient":
        """The same API seen with another key."""
        return RestClient(self.app, key, headers, self.published)

    def send(self, method: str, url: str, body: Any = None, lenient: bool = False, **headers: str) -> Reply:
        """One exchange; `lenient` skips the check of the *request* against the document, for sloppy clients."""
        named = {name.replace("_", "-"): value for name, value in {**self.headers, **headers}.items()}
        if self.key is not None:
            named.setdefault("authorization", f"Token token={self.key}")
        content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        client = TestClient(self.app, raise_server_exceptions=False)
        got = client.request(method, url, content=content, headers=named, follow_redirects=False)
        decoded = got.json() if got.content else None
        sent = body if isinstance(body, (dict, list)) else None
        if method != "HEAD" and self.published:
            oracle.check(method, url, sent, got.status_code, decoded, lenient or isinstance(body, bytes))
        SEEN[f"{method} {got.status_code // 100}xx"] += 1
        return Reply(got.status_code, decoded, got.headers)

    def get(self, url: str, **headers: str) -> Reply:
        """GET."""
        return self.send("GET", url, None, **headers)

    def post(self, url: str, body: Any, lenient: bool = False, **headers: str) -> Reply:
        """POST."""
        return self.send("POST", url, body, lenient, **headers)

    def put(self, url: str, body: Any = None, lenient: bool = False, **headers: str) -> Reply:
        """PUT."""
        return self.send("PUT", url, body, lenient, **headers)

    def delete(self, url: str, **headers: str) -> Reply:
        """DELETE."""
        return self.send("DELETE", url, None, **headers)
