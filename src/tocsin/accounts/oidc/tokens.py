"""What an id_token is worth: nothing, until everything about it is right (OpenID Connect Core, section 3.1.3.7).

1. Signed by one of the provider's public keys with one of `ALGORITHMS`: never `none`, never a shared secret.
2. From this issuer, for us (`aud`; `azp` where there are several), for this attempt (`nonce`), and still good (`exp`).
3. An id_token that fails is a `Fault` that says why; what it says of a person is not looked at.
"""

import base64
import binascii
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from tocsin.accounts.oidc.model import Fault, UnknownKey

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
)  # fmt: skip
LEEWAY: Final = 60
MOST_KEYS: Final = 50


@dataclass(frozen=True, slots=True)
class Expected:
    """What an id_token must say to be taken."""

    issuer: str
    client_id: str
    nonce: str
    at: datetime


def public_keys(document: Any) -> tuple[Key, ...]:
    """The keys of a JWKS that may sign id_tokens; those of other kinds or uses are passed over."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise Fault("its key document is no JWKS: there is no list of keys in it")
    keys = [key for given in listed[:MOST_KEYS] if (key := _public(given)) is not None]
    if not keys:
        raise Fault("its key document holds no RSA or EC key for signatures")
    return tuple(keys)


def _public(given: Any) -> Key | None:
    if not isinstance(given, Mapping) or given.get("use", "sig") != "sig" or given.get("kty") not in ("RSA", "EC"):
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in given.items() if name != "d"})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, (RSAKey, ECKey)) else None


def checked(id_token: Any, keys: Sequence[Key], expected: Expected, access_token: str = "") -> dict[str, Any]:
    """The claims of an id_token that holds good, else `Fault`; `UnknownKey` when no key of these signed it."""
    token = _verified(id_token, keys)
    claims = token.claims
    if not isinstance(claims, dict):
        raise Fault("its id_token holds no claims")
    _for_us(claims, expected)
    _in_time(claims, expected.at)
    given = claims.get("at_hash")
    if given and access_token and not _hash_fits(given, access_token, token.header["alg"]):
        raise Fault("its id_token belongs to another access token (at_hash)")
    return claims


def _verified(id_token: Any, keys: Sequence[Key]) -> jwt.Token:
    if not isinstance(id_token, str):
        raise Fault("its answer holds no id_token")
    header = _header(id_token)
    if header.get("alg") not in ALGORITHMS:
        raise Fault(f"its id_token is signed with {str(header.get('alg'))[:20]}, which is not trusted")
    wanted = header.get("kid")
    candidates = [key for key in keys if wanted is None or key.kid == wanted]
    for key in candidates:
        try:
            return jwt.decode(id_token, key, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            continue
    if candidates and wanted is not None:
        raise Fault("the signature of its id_token is wrong")
    raise UnknownKey("its id_token is signed with a key that is not in its key document")


def _header(id_token: str) -> Mapping[str, Any]:
    head = id_token.partition(".")[0]
    try:
        header = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, binascii.Error):
        header = None
    if not isinstance(header, Mapping):
        raise Fault("its id_token cannot be read")
    return header


def _for_us(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise Fault(f"its id_token comes from another issuer, {str(claims.get('iss'))[:200]}")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise Fault("its id_token is meant for another application (aud)")
    if claims.get("azp", expected.client_id) != expected.client_id or (len(audiences) > 1 and "azp" not in claims):
        raise Fault("its id_token was given to another application (azp)")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Fault("its id_token belongs to another attempt to sign in (nonce)")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Fault("its id_token names nobody (sub)")


def _in_time(claims: Mapping[str, Any], at: datetime) -> None:
    now = at.timestamp()
    if not _number(claims.get("exp")) or claims["exp"] + LEEWAY <= now:
        raise Fault("its id_token has expired, or says no end (exp); compare the clocks of both servers")
    for name in ("iat", "nbf"):
        if name in claims and (not _number(claims[name]) or claims[name] - LEEWAY > now):
            raise Fault(f"its id_token is from the future ({name}); compare the clocks of both servers")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _hash_fits(given: Any, access_token: str, algorithm: str) -> bool:
    right: bytes = create_half_hash(access_token, algorithm) or b""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), right)
