"""Apps and delegations on the wire: bodies in, objects out.

1. A scoped app is confidential and names scopes of the published list; a classic one has `read`, `write` or both.
2. A redirect URL is absolute and has no fragment; it is https, or plain http on the loopback for an app on one's desk.
"""

import re
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, field_validator, model_validator

from tocsin.oauth.model import ALIASES, CLASSIC_SCOPES, SCOPES, Kind
from tocsin.rest.body import Body, read
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
MOST_URLS, LONGEST_URL = 20, 2000


def url_fault(url: str, callback: bool = True) -> str | None:
    """What is wrong with an address that a browser is to be sent to; None when nothing is."""
    if (
        not url.isascii()
        or not url.isprintable()
        or any(char in url for char in ' "<>\\^`{|}')
        or len(url) > LONGEST_URL
    ):
        return "may hold only the characters of a URL"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if not host or parts.scheme not in ("https", "http"):
        return "must be an absolute URL, like https://app.example.com/callback"
    if not _HOST.fullmatch(parts.netloc.rpartition("@")[2]):
        return "must name a host of letters, digits, dots and hyphens"
    if parts.username is not None or parts.password is not None:
        return "may not contain a user name or password"
    if callback and "#" in url:
        return "may not contain a fragment (#)"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "must be https (plain http only on localhost, 127.0.0.1 and [::1])"
    return None


class AppBody(Body):
    """An app as it is registered; `redirect_uris` is read like `redirect_urls` (SPINE 12)."""

    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(None, max_length=1024)
    kind: Kind = Kind.SCOPED
    confidential: bool = True
    scopes: tuple[str, ...] = Field((), max_length=200)
    redirect_urls: tuple[str, ...] = Field(
        (), max_length=MOST_URLS, validation_alias=AliasChoices("redirect_urls", "redirect_uris")
    )
    setup_url: str | None = None

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("cannot be empty")
        return name.strip()

    @field_validator("redirect_urls")
    @classmethod
    def _safe(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        faults = [f"{url[:200]} {fault}" for url in urls if (fault := url_fault(url))]
        if faults:
            raise ValueError("; ".join(faults))
        return tuple(dict.fromkeys(urls))

    @field_validator("setup_url")
    @classmethod
    def _setup(cls, url: str | None) -> str | None:
        fault = url_fault(url, callback=False) if url else None
        if fault:
            raise ValueError(fault)
        return url or None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = SCOPES if self.kind is Kind.SCOPED else CLASSIC_SCOPES
        named = [ALIASES.get(scope, scope) for scope in self.scopes]
        if unknown := sorted(set(named) - set(known)):
            raise ValueError(f"scopes: a {self.kind} app knows no {', '.join(unknown)}"[:1000])
        if not named:
            raise ValueError("scopes: choose at least one")
        if self.kind is Kind.SCOPED and not self.confidential:
            raise ValueError("confidential must be true: an app with Scoped OAuth keeps a secret")
        if not self.confidential and not self.redirect_urls:
            raise ValueError("redirect_urls: a public app works through the browser alone, so it needs one")
        return self

    def row(self) -> dict[str, Any]:
        """The columns that the registration decides."""
        named = {ALIASES.get(scope, scope) for scope in self.scopes}
        known = SCOPES if self.kind is Kind.SCOPED else CLASSIC_SCOPES
        return {
            "name": self.name, "description": self.description, "kind": self.kind.value,
            "confidential": self.confidential, "scopes": [scope for scope in known if scope in named],
            "redirect_uris": list(self.redirect_urls), "setup_url": self.setup_url,
        }  # fmt: skip


def shown(row: Any) -> dict[str, Any]:
    """An app as the body that would make it."""
    names = ("name", "description", "kind", "confidential", "scopes", "setup_url")
    return {name: getattr(row, name) for name in names} | {"redirect_urls": row.redirect_uris}


def changed(row: Any, given: Mapping[str, Any]) -> AppBody:
    """The app as it would be with the members given."""
    return read(AppBody, given, shown(row))


def app(row: Any, place: Mapping[str, str], people: Mapping[str, Any], secret: str | None = None) -> Thing:
    """An app; `client_secret` is there once, in the answer that made it. `place` is the account's region, subdomain."""
    by = people.get(row.created_by)
    fields: dict[str, Any] = {
        "name": row.name, "description": row.description, "kind": row.kind, "client_id": row.client_id,
        "confidential": row.confidential, "secret_tail": row.secret_tail, "scopes": row.scopes,
        "redirect_urls": row.redirect_uris, "setup_url": row.setup_url, "region": place.get("region"),
        "subdomain": place.get("subdomain"), "created_at": row.created_at,
        "created_by": Ref("user", by.id, by.name, gone=by.deleted_at is not None) if by else None,
    }  # fmt: skip
    if secret:
        fields["client_secret"] = secret
    return Thing("app", row.id, row.name, fields, path=f"/tocsin/apps/{row.id}", page=f"/apps/{row.id}")


def delegation(call: Call, row: Any, status: str) -> dict[str, Any]:
    """A delegation in the document's schema (its example says `type` where the schema says `delegation_type`)."""
    return {
        "id": row.id, "delegation_type": row.kind, "client_id": row.client_id,
        "scope": " ".join(row.scopes), "status": status, "created_at": row.created_at, "expires_at": row.expires_at,
        "self": f"{call.links.base}/users/{call.id}/oauth_delegations/{row.id}",
    }  # fmt: skip
