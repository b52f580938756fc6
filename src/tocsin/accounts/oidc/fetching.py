"""Requests to a provider: JSON, short, small, and never led elsewhere (`core.outbound` sees to that).

1. https; plain http only to this machine itself, which the guard lets through where TOCSIN_OUTBOUND_ALLOW lists it.
2. What goes wrong is a `Fault` that says which address did what, and never what was sent or answered in full.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from tocsin.accounts.oidc.model import Fault
from tocsin.core.outbound import BadAddress, Limits, Outbound, Refused

LIMITS: Final = Limits(connect=5.0, read=10.0, total=10.0, most_bytes=256 * 1024)
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
SAID: Final = 200


class Fetcher:
    """Asks providers, through one guarded client of this process."""

    def __init__(self, outbound: Outbound):
        self._outbound = outbound
        self._client: httpx2.Client | None = None

    def check(self, url: Any, what: str) -> str:
        """`url` if a request may go there, else `Fault`; `what` names it for a person."""
        if not isinstance(url, str):
            raise Fault(f"{what} is missing")
        try:
            self._outbound.check(url)
        except BadAddress as error:
            raise Fault(f"{what} {url[:SAID]}: {error}") from None
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise Fault(f"{what} {url[:SAID]} must begin with https://")
        return url

    def get(self, url: str, bearer: str | None = None) -> Any:
        """The JSON document at `url`."""
        return self._json("GET", url, {"authorization": f"Bearer {bearer}"} if bearer else {}, None)

    def post(self, url: str, form: Mapping[str, str], basic: str | None = None) -> Any:
        """What `url` answers, as JSON, to a form."""
        return self._json("POST", url, {"authorization": basic} if basic else {}, form)

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def _json(self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Any:
        self._client = self._client or self._outbound.client(LIMITS)
        asked = {"accept": "application/json", **headers}
        try:
            answer = self._client.request(method, url, headers=asked, data=form)
        except Refused as error:
            raise Fault(f"{url[:SAID]} cannot be asked: {error}") from None
        except httpx2.TimeoutException:
            raise Fault(f"{url[:SAID]} did not answer within {LIMITS.total:.0f} seconds", down=True) from None
        except httpx2.HTTPError as error:
            raise Fault(f"{url[:SAID]} cannot be reached ({str(error)[:SAID] or type(error).__name__})", True) from None
        if answer.status_code != 200:
            raise Fault(f"{url[:SAID]} answered {answer.status_code}{_reason(answer)}", answer.status_code >= 500)
        return _document(answer, url)


def _document(answer: httpx2.Response, url: str) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeError):
        raise Fault(f"{url[:SAID]} answered something else than JSON") from None


def _reason(answer: httpx2.Response) -> str:
    """The provider's own error code; its description may repeat what was sent, so it is not shown."""
    try:
        said = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeError):
        return ""
    code = said.get("error") if isinstance(said, Mapping) else None
    return f" ({code[:60]})" if isinstance(code, str) and code.isprintable() else ""
