"""Requests to addresses that somebody else chose: webhooks, workflow actions, OIDC providers (the SSRF guard).

    outbound = Outbound(settings.outbound_allow)             once, at the composition root
    outbound.check(url)                                      when an address is saved: `BadAddress` says what is wrong
    with outbound.client() as client: client.post(url, …)    an httpx2 client; `async_client()` likewise

1. A name is resolved here, once, and the connection goes to exactly the address that was judged: an answer that changes
   between check and connection (DNS rebinding) changes nothing. Host, SNI and the certificate's name stay the name's.
2. Loopback, private, link-local, multicast, metadata and every other address that is not plainly public is refused, in
   whatever form it is written; `TOCSIN_OUTBOUND_ALLOW` lists the exceptions (`addresses`).
3. No redirect is followed, unless the caller asks, and then each hop is judged like the first. No cookie is kept, no
   proxy, `.netrc` or user name in an address is used: nothing of ours goes to a host that it was not meant for.
4. An exchange ends: connecting, each read and the whole have their limits, and so have headers and body. Bodies are
   asked for and taken unpacked only, so that none grows on arrival.
5. What is refused raises `Refused`, for good; trouble on the way raises httpx2's own errors, worth another try. Neither
   tells which address a name led to: whoever may type in an address could map our network by that.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from tocsin.core.outbound.addresses import Policy, policy
from tocsin.core.outbound.limits import Limits, Refused
from tocsin.core.outbound.resolving import Resolve, system
from tocsin.core.outbound.transports import AsyncGuarded, Guarded
from tocsin.core.outbound.urls import fault

__all__ = ["BadAddress", "Limits", "Outbound", "Refused"]

HEADERS = {"user-agent": "Tocsin", "accept": "*/*", "accept-encoding": "identity"}


class BadAddress(ValueError):
    """An address that no request will be sent to; one line for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """Makes guarded clients. `allow`: names, addresses and networks of our own that may be asked all the same."""

    policy: Policy
    resolve: Resolve = system
    tls: ssl.SSLContext | None = None

    @classmethod
    def allowing(cls, allow: Iterable[str]) -> "Outbound":
        """With these exceptions; ValueError on what is no host, address or network."""
        return cls(policy(allow))

    def check(self, url: str) -> None:
        """`BadAddress` if the form of this address alone rules it out; its name is judged when it is asked."""
        if why := fault(url, self.policy):
            raise BadAddress(why)

    def client(self, limits: Limits = Limits()) -> httpx2.Client:  # noqa: B008 - frozen
        """A client for code in threads."""
        return httpx2.Client(
            transport=Guarded(self.policy, self.resolve, limits, self._tls()), headers=HEADERS,
            cookies=_no_cookies(), timeout=limits.timeout, trust_env=False, follow_redirects=False,
        )  # fmt: skip

    def async_client(self, limits: Limits = Limits()) -> httpx2.AsyncClient:  # noqa: B008 - frozen
        """A client for code on an event loop."""
        return httpx2.AsyncClient(
            transport=AsyncGuarded(self.policy, self.resolve, limits, self._tls()), headers=HEADERS,
            cookies=_no_cookies(), timeout=limits.timeout, trust_env=False, follow_redirects=False,
        )  # fmt: skip

    def _tls(self) -> ssl.SSLContext:
        return self.tls or httpx2.create_ssl_context()


def _no_cookies() -> CookieJar:
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
