"""Where a browser may be sent back to, and with what: pure decisions over text (core:O9-O11, ei:TE4).

1. What comes before query and fragment equals that of a URL registered for the app; a query that was registered must be
   there as well. Everything else in the address is the product's own and comes back as it was sent.
2. `config`, `error` and `error_description` are our words: if the product's address brings some of its own, those go,
   so that nobody can put keys of his into the answer.
3. The answer names a service twice, as `name` and `Name`: the published examples differ (core:O10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, urlencode

import msgspec

from tocsin.oauth.logic import may_return_to
from tocsin.oauth.wire import url_fault

PATH = "/install/integration"
DENIED = "access_denied"
_OURS = frozenset({"config", "error", "error_description"})


@dataclass(frozen=True, slots=True)
class Back:
    """An address that was found good, in its parts: the path with host, the query without our words, the fragment."""

    place: str
    query: str
    fragment: str

    def with_(self, **answer: str) -> str:
        """The address with these parameters besides its own."""
        query = "&".join(filter(None, (self.query, urlencode(answer, quote_via=quote))))
        return f"{self.place}?{query}{self.fragment}"


def setup_url(base: str, app_id: str, redirect: str) -> str:
    """What a product's "Connect" button leads to: `base` is the address of this install."""
    return f"{base}{PATH}?{urlencode({'app_id': app_id, 'redirect_uri': redirect}, quote_via=quote, safe='')}"


def redirect_of(query: Mapping[str, Sequence[str]]) -> str | None:
    """The address that a request names: `redirect_uri`, or `redirect_url` as others write it; None when they differ."""
    given = {value for name in ("redirect_uri", "redirect_url") for value in query.get(name, ()) if value}
    return given.pop() if len(given) == 1 else None


def back(given: str, registered: Sequence[str]) -> Back | str:
    """The address as `Back` if the app may be answered there, else what is wrong with it."""
    if fault := url_fault(given, callback=False):
        return f"its redirect address {fault}"
    whole, hash, fragment = given.partition("#")
    place, _, query = whole.partition("?")
    if not any(_fits(place, query, *known.partition("?")[::2]) for known in registered):
        return "its redirect address is not one of those registered for it"
    own = "&".join(part for part in query.split("&") if part and _name(part) not in _OURS)
    return Back(place, own, hash + fragment)


def _fits(place: str, query: str, known: str, asked: str) -> bool:
    present = query.split("&")
    return may_return_to(place, [known]) and all(part in present for part in asked.split("&") if part)


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).strip().lower()


@dataclass(frozen=True, slots=True)
class Given:
    """A key that was given: of which service."""

    key: str
    service_id: str
    service: str


def config(given: Sequence[Given], subdomain: str, name: str) -> str:
    """The `config` that the product reads (core:O10)."""
    keys = [
        {"integration_key": one.key, "name": one.service, "Name": one.service, "id": one.service_id, "type": "service"}
        for one in given
    ]
    answer = {"integration_keys": keys, "account": {"subdomain": subdomain, "name": name}}
    return msgspec.json.encode(answer).decode()
