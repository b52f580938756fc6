"""The authorization code flow with PKCE: to the provider, and back with somebody it vouches for (OIDC Core, 3.1).

1. State binds the answer to the browser, the nonce the id_token to the attempt, the verifier the code to us.
2. Claims that the id_token lacks come from the userinfo endpoint, if that speaks of the same subject.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tocsin.accounts.oidc.discovery import Directory
from tocsin.accounts.oidc.model import Arrival, Attempt, Client, Fault, Metadata, UnknownKey, arrival, claim
from tocsin.accounts.oidc.tokens import Expected, checked


def attempt(provider: str, following: str) -> Attempt:
    """A new attempt."""
    return Attempt(provider, secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), following)


def address(metadata: Metadata, client: Client, made: Attempt) -> str:
    """Where the browser is sent."""
    url: str = prepare_grant_uri(
        metadata.authorization_endpoint, client.id, "code", redirect_uri=client.redirect_uri,
        scope=list(client.scopes), state=made.state, nonce=made.nonce,
        code_challenge=create_s256_code_challenge(made.verifier), code_challenge_method="S256",
    )  # fmt: skip
    return url


def code_of(answer: Mapping[str, str], metadata: Metadata) -> str:
    """The code that the browser brought back (its state is checked before), else `Fault` with the provider's reason."""
    named = "iss" in answer or metadata.says_issuer
    if named and not hmac.compare_digest(answer.get("iss", "").encode(), metadata.issuer.encode()):
        raise Fault("the answer comes from another issuer")
    if "error" in answer:
        raise Fault(_refusal(answer))
    if not answer.get("code"):
        raise Fault("its answer holds no code")
    return answer["code"]


def _refusal(answer: Mapping[str, str]) -> str:
    if answer["error"] == "access_denied":
        return "it did not let you through (access_denied)"
    more = answer.get("error_description", "")
    said = f"{answer['error']}: {more}" if more else answer["error"]
    return f"it says {''.join(c for c in said if c.isprintable())[:300]}"


def arrived(
    directory: Directory, metadata: Metadata, client: Client, made: Attempt, code: str, names: Mapping[str, str],
    at: datetime,
) -> Arrival:  # fmt: skip
    """Whom the provider vouches for; `Fault` when anything about it is wrong."""
    tokens = _exchanged(directory, metadata, client, made, code)
    access = tokens.get("access_token")
    access = access if isinstance(access, str) and access.isascii() and access.isprintable() else ""
    expected = Expected(metadata.issuer, client.id, made.nonce, at)
    try:
        claims = checked(tokens.get("id_token"), directory.keys(metadata, at), expected, access)
    except UnknownKey:
        claims = checked(tokens.get("id_token"), directory.keys(metadata, at, missed=True), expected, access)
    return arrival(_completed(directory, metadata, claims, names, access), names)


def _exchanged(directory: Directory, metadata: Metadata, client: Client, made: Attempt, code: str) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri,
        "code_verifier": made.verifier,
    }  # fmt: skip
    basic = None
    if metadata.basic:
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"  # RFC 6749, 2.3.1: encoded, then joined
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client.id, "client_secret": client.secret}
    tokens = directory.fetcher.post(metadata.token_endpoint, form, basic)
    if not isinstance(tokens, Mapping):
        raise Fault("its token endpoint answered no object")
    return tokens


def _completed(
    directory: Directory, metadata: Metadata, claims: Mapping[str, Any], names: Mapping[str, str], access: str
) -> Mapping[str, Any]:
    wanted = [name for name in names.values() if name]
    if all(claim(claims, name) is not None for name in wanted) or not metadata.userinfo_endpoint or not access:
        return claims
    more = directory.fetcher.get(metadata.userinfo_endpoint, bearer=access)
    if not isinstance(more, Mapping) or more.get("sub") != claims["sub"]:
        raise Fault("its userinfo endpoint speaks of somebody else")
    if claim(claims, names["email"]) is not None:
        more = {name: value for name, value in more.items() if name != "email_verified"}
    return {**more, **claims}
