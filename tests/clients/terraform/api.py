"""The HTTP side of PagerDuty's Terraform provider: its two Go clients' headers, and what they make of answers."""

from collections.abc import Mapping
from typing import Any

import requests

from tests.clients.terraform import go

ERROR = {"error": go.Pointer({"code": int, "message": str, "errors": object})}
OLD, NEW = "heimweh/go-pagerduty(terraform)", "(linux amd64) Terraform/1.9.8 terraform-provider-pagerduty/3.30"


class Refused(Exception):
    """An answer that is no success: its status, and the error as the client decoded it."""

    def __init__(self, status: int, error: Mapping[str, Any]):
        super().__init__(f"{status} {error}")
        self.status, self.error = status, error


class Api:
    """Calls as the provider makes them, with an account's key; `agent` tells its two clients apart."""

    def __init__(self, base: str, key: str):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        accept = "application/vnd.pagerduty+json;version=2"
        self.session.headers.update({"Accept": accept, "Authorization": f"Token token={key}"})

    def call(self, method: str, path: str, body: Any = None, into: Any = None, agent: str = OLD, **headers: str) -> Any:
        """The answer decoded into Go's struct `into`; `Refused` when it is no success."""
        named = {"User-Agent": agent, "Content-Type": "application/json", **headers}
        answer = self.session.request(method, self.base + path, json=body, headers=named, timeout=60)
        if not 200 <= answer.status_code <= 299:
            raise Refused(answer.status_code, go.decode(ERROR, answer.json())["error"])
        return None if into is None else go.decode(into, answer.json(), f"{method} {path}")

    def found(self, path: str, into: Any, **more: Any) -> Any:
        """The answer to a GET; None where the provider takes 404 to mean that the thing is gone."""
        try:
            return self.call("GET", path, into=into, **more)
        except Refused as refused:
            if refused.status != 404:
                raise
            return None
