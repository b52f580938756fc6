"""What a provider says of itself (OpenID Connect Discovery 1.0), fetched and kept for a while.

1. The document must name the very issuer that was asked, and every address in it must be one that may be asked.
2. A process keeps documents and keys for `KEPT`. A key that is not among them makes it ask again, but not more often
   than each `AGAIN`: a forged key id makes nobody ask at will.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import Key

from tocsin.accounts.oidc.fetching import Fetcher
from tocsin.accounts.oidc.model import Fault, Metadata
from tocsin.accounts.oidc.tokens import public_keys
from tocsin.core.outbound import Outbound

KEPT: Final = timedelta(minutes=10)
AGAIN: Final = timedelta(seconds=30)
_POST = "client_secret_post"


def fetch(fetcher: Fetcher, issuer: str) -> Metadata:
    """The provider's document, checked; `Fault` says what is wrong where."""
    url = fetcher.check(
        get_well_known_url(fetcher.check(issuer, "the issuer"), external=True), "the discovery document"
    )
    found = fetcher.get(url)
    if not isinstance(found, Mapping):
        raise Fault(f"{url} is no discovery document")
    if found.get("issuer") != issuer:
        raise Fault(f"{url} names another issuer: {str(found.get('issuer'))[:200]}")
    return _metadata(fetcher, found)


def _metadata(fetcher: Fetcher, found: Mapping[str, Any]) -> Metadata:
    if "code" not in _list(found, "response_types_supported", ["code"]):
        raise Fault("it does not offer the authorization code flow (response_types_supported)")
    methods = _list(found, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" not in methods and _POST not in methods:
        raise Fault("it takes no client secret (token_endpoint_auth_methods_supported)")
    userinfo = found.get("userinfo_endpoint")
    return Metadata(
        issuer=found["issuer"],
        authorization_endpoint=fetcher.check(found.get("authorization_endpoint"), "its authorization_endpoint"),
        token_endpoint=fetcher.check(found.get("token_endpoint"), "its token_endpoint"),
        jwks_uri=fetcher.check(found.get("jwks_uri"), "its jwks_uri"),
        userinfo_endpoint=fetcher.check(userinfo, "its userinfo_endpoint") if userinfo else None,
        basic="client_secret_basic" in methods,
        says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _list(found: Mapping[str, Any], name: str, default: list[str]) -> list[Any]:
    given = found.get(name)
    return given if isinstance(given, list) else default


def directory(allow: Iterable[str]) -> "Directory":
    """A process's own; `allow` is the setting `outbound_allow`."""
    return Directory(Fetcher(Outbound.allowing(allow)))


class Directory:
    """The documents and keys that this process knows."""

    def __init__(self, fetcher: Fetcher):
        self.fetcher = fetcher
        self._documents: dict[str, tuple[datetime, Metadata]] = {}
        self._keys: dict[str, tuple[datetime, tuple[Key, ...]]] = {}

    def check(self, issuer: str, at: datetime) -> Metadata:
        """The document and the keys, fetched now: what is asked when a provider is saved."""
        metadata = fetch(self.fetcher, issuer)
        self._documents[issuer] = (at, metadata)
        self._keys[metadata.jwks_uri] = (at, public_keys(self.fetcher.get(metadata.jwks_uri)))
        return metadata

    def metadata(self, issuer: str, at: datetime) -> Metadata:
        """The document, not older than `KEPT`."""
        known = self._documents.get(issuer)
        if known is None or at - known[0] > KEPT:
            known = self._documents[issuer] = (at, fetch(self.fetcher, issuer))
        return known[1]

    def keys(self, metadata: Metadata, at: datetime, missed: bool = False) -> tuple[Key, ...]:
        """The keys, not older than `KEPT`, or than `AGAIN` when one was `missed`."""
        known = self._keys.get(metadata.jwks_uri)
        if known is None or at - known[0] > (AGAIN if missed else KEPT):
            known = (at, public_keys(self.fetcher.get(metadata.jwks_uri)))
            self._keys[metadata.jwks_uri] = known
        return known[1]
