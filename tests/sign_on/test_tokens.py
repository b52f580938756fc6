"""What an id_token is worth, decided without a provider: algorithms, keys, and rubbish."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tocsin.accounts.oidc.model import Fault, UnknownKey
from tocsin.accounts.oidc.tokens import ALGORITHMS, Expected, checked, public_keys

AT = datetime(2026, 1, 1, tzinfo=UTC)
RSA = RSAKey.generate_key(2048, {"kid": "r"})
EC = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
EXPECTED = Expected("https://id.example.com", "tocsin", "once", AT)
CLAIMS = {
    "iss": "https://id.example.com", "aud": "tocsin", "nonce": "once", "sub": "a-17", "exp": AT.timestamp() + 300,
    "iat": AT.timestamp(),
}  # fmt: skip


def token(alg: str, key: Any, kid: str | None = "r", **claims: Any) -> str:
    return jwt.encode({"alg": alg} | ({"kid": kid} if kid else {}), {**CLAIMS, **claims}, key, algorithms=[alg])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_trusted_algorithm_is_verified(alg: str) -> None:
    key: Any = ECKey.generate_key(EC[alg], {"kid": "r"}) if alg in EC else RSA
    keys = public_keys({"keys": [key.as_dict(private=False)]})
    assert checked(token(alg, key), keys, EXPECTED)["sub"] == "a-17"


def test_a_shared_secret_made_of_the_public_key_signs_nothing() -> None:
    parts = [{"alg": "HS256", "kid": "r"}, CLAIMS]
    head = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    signature = hmac.digest(RSA.as_pem(private=False), head.encode(), "sha256")
    forged = f"{head}.{urlsafe_b64encode(signature).decode().rstrip('=')}"
    with pytest.raises(Fault, match="signed with HS256, which is not trusted"):
        checked(forged, [RSA], EXPECTED)


def test_another_key_under_a_known_id_is_a_wrong_signature() -> None:
    with pytest.raises(Fault, match="the signature of its id_token is wrong") as wrong:
        checked(token("RS256", RSAKey.generate_key(2048)), [RSA], EXPECTED)
    assert not isinstance(wrong.value, UnknownKey)


def test_without_a_key_id_every_key_is_tried() -> None:
    keys = [RSAKey.generate_key(2048), ECKey.generate_key("P-256"), RSA]
    assert checked(token("RS256", RSA, kid=None), keys, EXPECTED)["sub"] == "a-17"


@pytest.mark.parametrize(("exp", "good"), [(-59, True), (-60, False), (-61, False)])
def test_the_end_has_a_minute_of_grace(exp: int, good: bool) -> None:
    given = token("RS256", RSA, exp=AT.timestamp() + exp)
    if good:
        assert checked(given, [RSA], EXPECTED)
    else:
        with pytest.raises(Fault, match="has expired"):
            checked(given, [RSA], EXPECTED)


@pytest.mark.parametrize(
    "rubbish", ["", ".", "..", "a.b.c", "é.é.é", "e30.e30.", "W10.W10.W10", None, 7, ["x"], "x" * 99_999]
)
def test_rubbish_is_a_fault_and_no_crash(rubbish: Any) -> None:
    with pytest.raises(Fault):
        checked(rubbish, [RSA], EXPECTED)


@pytest.mark.parametrize("exp", [True, "soon", None, [], float("nan")])
def test_an_end_that_is_no_number_is_no_end(exp: Any) -> None:
    with pytest.raises(Fault):
        checked(token("RS256", RSA, exp=exp), [RSA], EXPECTED)


def test_a_token_cut_short_or_grown_by_a_character_is_refused() -> None:
    good = token("RS256", RSA)
    for bad in (good[:-2], good + "AA", good.replace(".", "..", 1), good[1:]):
        with pytest.raises(Fault):
            checked(bad, [RSA], EXPECTED)
