"""What a token may do, and where a browser may be sent: pure decisions over text.

1. Scopes that nobody knows, and those that the app was not registered for, are dropped in silence (core:O2); `openid`
   is open to every app.
2. `write` of a classic app implies `read`; nothing else implies anything (core:Q2, core:G-23).
3. A redirect URL equals a registered one to the letter. Only the port of a loopback address is free: an app on
   somebody's desk takes the port it gets (RFC 8252, 7.3).
4. An app that acts for the account names it: `as_account-{region}.{subdomain}` (core:O4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tocsin.oauth.model import ALIASES, OPENID, RESOURCES, Kind, resource_words

_AS_ACCOUNT = "as_account-"
_LOOPBACK = ("127.0.0.1", "::1")


def granted(asked: str | None, app_scopes: Sequence[str]) -> list[str]:
    """The scopes asked for that the app may have, in the app's order; all of its own when none was asked for."""
    if not (asked or "").split():
        return list(app_scopes)
    wanted = {ALIASES.get(scope, scope) for scope in (asked or "").split()}
    return [scope for scope in (OPENID, *app_scopes) if scope in wanted]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an access token carries: `scopes` None is everything that the role permits."""

    scopes: frozenset[str] | None
    read_only: bool


def rights(kind: str, token_scopes: Iterable[str], app_scopes: Iterable[str]) -> Rights:
    """What is left of a token's scopes under the app's present ones."""
    left = frozenset(token_scopes) & (frozenset(app_scopes) | {OPENID})
    if kind == Kind.CLASSIC and left & {"read", "write"}:
        return Rights(None, read_only="write" not in left)
    odd = {alias for alias, scope in ALIASES.items() if scope in left}
    return Rights(left | odd, read_only=False)


def may_return_to(url: str, registered: Sequence[str]) -> bool:
    """Whether a browser may be sent back to `url`."""
    return url in registered or any(_same_desk(url, known) for known in registered)


def _same_desk(url: str, known: str) -> bool:
    try:
        one, other = urlsplit(url), urlsplit(known)
        ports = one.port, other.port
    except ValueError:
        return False
    if one.scheme != "http" or one.hostname not in _LOOPBACK or "@" in one.netloc or ports[0] == 0:
        return False
    return one._replace(netloc=one.hostname) == other._replace(netloc=other.hostname or "")


def account_named(asked: str | None) -> tuple[list[str], str]:
    """(`region.subdomain` of each `as_account-…` asked for, the other scopes)."""
    words = (asked or "").split()
    accounts = [word.removeprefix(_AS_ACCOUNT).lower() for word in words if word.startswith(_AS_ACCOUNT)]
    return accounts, " ".join(word for word in words if not word.startswith(_AS_ACCOUNT))


def as_account(region: str, subdomain: str) -> str:
    """The scope by which an app acts for this account."""
    return f"{_AS_ACCOUNT}{region}.{subdomain}"


def in_words(scopes: Sequence[str]) -> list[tuple[str, str]]:
    """Scopes as people read them: (resource, what may be done)."""
    if OPENID in scopes:
        scopes = [scope for scope in scopes if scope != OPENID]
        return [("Who you are", "your id in this account"), *in_words(scopes)]
    if "write" in scopes:
        return [("Everything you may see and change", "read and write, within your role")]
    if "read" in scopes:
        return [("Everything you may see", "read only, within your role")]
    verbs = {name: [verb for verb in allowed if f"{name}.{verb}" in scopes] for name, allowed in RESOURCES.items()}
    return [(resource_words(name), " and ".join(given)) for name, given in verbs.items() if given]
