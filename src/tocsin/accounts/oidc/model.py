"""What single sign-on speaks of: a provider's addresses, one attempt to sign in, and who came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Fault(Exception):
    """What a provider did wrong, in words for a person. `down`: it did not answer, and may do so later."""

    def __init__(self, what: str, down: bool = False):
        super().__init__(what)
        self.what = what
        self.down = down


class UnknownKey(Fault):
    """An id_token signed with a key that is not among those we know: the provider may have turned its keys over."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's addresses, out of its discovery document. `basic`: the client's secret goes into the header."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    basic: bool = True
    says_issuer: bool = False  # its answers to the browser carry `iss` (RFC 9207)


@dataclass(frozen=True, slots=True)
class Client:
    """Us, as a provider knows us."""

    id: str
    secret: str
    redirect_uri: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in, as the browser's signed cookie keeps it: random values, each for this once."""

    provider: str
    state: str
    nonce: str
    verifier: str
    following: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom a provider vouches for. `subject` is the account's name at the provider, which never changes."""

    subject: str
    email: str | None
    verified: bool
    name: str | None
    groups: tuple[str, ...]


def arrival(claims: Mapping[str, Any], names: Mapping[str, str]) -> Arrival:
    """The person in these claims; `names` says which claim holds the e-mail, the name and the groups."""
    email, name = claim(claims, names["email"]), claim(claims, names["name"])
    groups = claim(claims, names["groups"])
    listed = groups if isinstance(groups, list) else [groups]
    return Arrival(
        subject=claims["sub"],
        email=email.strip() if isinstance(email, str) and email.strip() else None,
        verified=claims.get("email_verified") in (True, "true"),
        name=name.strip()[:100] if isinstance(name, str) and name.strip() else None,
        groups=tuple(group for group in listed if isinstance(group, str) and group),
    )


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name; where none has it, `a.b` is `b` within `a`. None: not there."""
    if not name or name in claims:
        return claims.get(name)
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
