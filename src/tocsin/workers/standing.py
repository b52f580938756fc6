"""The headers that every answer carries, whoever gives it, and who may see what only operators should.

1. No answer is guessed to be another type or framed; none may load or run anything, unless it brings its own policy.
2. Over https, the browser is told to stay there (a year; subdomains are not ours to speak for).
3. Insiders see `/metrics` and the reasons in `/readyz`: whoever brings TOCSIN_METRICS_TOKEN; without that setting,
   whoever connects from this machine or a private network, by themselves and not through a proxy.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from tocsin.core.outbound.addresses import is_inner
from tocsin.core.settings import Settings
from tocsin.rest import address

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[str, str]

STANDING: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
}
HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Standing:
    """Adds what an answer lacks."""

    def __init__(self, app: App, settings: Settings):
        self._app = app
        self._proxies = address.proxies(settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = self._secure(scope)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = completed(message["headers"], secure)
            await send(message)

        await self._app(scope, receive, sending)

    def _secure(self, scope: Scope) -> bool:
        peer = (scope.get("client") or (None,))[0]
        return address.base(scope["scheme"], peer, headers_of(scope), self._proxies, "").startswith("https:")


def completed(headers: Any, secure: bool) -> list[tuple[bytes, bytes]]:
    """`headers` with the standing ones that they lack. An answer that may be framed says so in its own policy."""
    given = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    names = {name for name, _ in given}
    if any(name == b"content-security-policy" and b"frame-ancestors 'none'" not in value for name, value in given):
        names.add(b"x-frame-options")
    more = [(name, value) for name, value in STANDING.items() if name not in names]
    return given + more + ([HSTS] if secure and HSTS[0] not in names else [])


def headers_of(scope: Scope) -> Headers:
    """The request's headers; of repeated ones the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def is_insider(scope: Scope, token: str | None) -> bool:
    """Whether this request may see what only operators should (rule 3). `token` is the setting."""
    headers = headers_of(scope)
    if token:
        given = headers.get("authorization", "")
        return hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode("latin-1", "replace"))
    peer = (scope.get("client") or (None,))[0]
    return is_inner(peer) and not any(name in headers for name in FORWARDED)
