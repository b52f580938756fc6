"""Secrets at rest: what we must read back later (TOTP secrets, client secrets, signing keys) is stored encrypted.

In a command:   row = {"secret": tx.sealer.seal("totp", secret)}     a column made with `core.metadata.sealed`
and back:       secret = tx.sealer.open("totp", row.secret)

1. AES-256-GCM with a fresh nonce for each value; the purpose is authenticated with it, so that what was sealed for one
   purpose opens for no other. What only needs comparing (passwords, API keys, tokens) is hashed, never sealed.
2. Text form: `sealed1.<key id>.<base64url of nonce, ciphertext, tag>`. The key id is derived from the key, so every
   node and every backup names the same key alike, in whatever order it was told its keys.
3. New values are sealed with the newest key; any older key that is still set opens (TOCSIN_SECRET_KEYS_OLD).
   `tocsin reseal` brings every column made with `core.metadata.sealed` to the newest one.
4. Keys are derived (HKDF-SHA256) from the install's secret keys, one for sealing and one for signing: neither use
   can be turned against the other.
5. What cannot be opened raises `CannotOpen`, which says which key is missing and never what was sealed. It is never
   garbage: a backup restored beside another key says so.
"""

import base64
import binascii
import os
import re
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.core.errors import Unavailable

PREFIX: Final = "sealed1."
NONCE: Final = 12
SHORTEST: Final = 32
_FORM: Final = re.compile(r"sealed1\.([0-9a-f]{12})\.([A-Za-z0-9_-]+)")


class CannotOpen(Unavailable):
    """A sealed value that does not open: its key is missing, it is damaged, or it was sealed for something else.

    `key_id` is the key it names, None where it is no sealed value at all.
    """

    def __init__(self, why: str, key_id: str | None = None):
        super().__init__(why)
        self.key_id = key_id


class Sealer:
    """Seals with the newest of its keys and opens with any. `secrets`: the install's secret keys, newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = {key_id(secret): AESGCM(derived(secret, "sealing")) for secret in secrets}
        self.current: str | None = key_id(secrets[0]) if secrets else None

    def seal(self, purpose: str, plain: bytes) -> str:
        """`plain` as text to store, which opens for the same `purpose` alone."""
        if self.current is None:
            raise CannotOpen("This process was started without a secret key and can seal nothing")
        nonce = os.urandom(NONCE)
        body = nonce + self._keys[self.current].encrypt(nonce, plain, _bound(purpose, self.current))
        return f"{PREFIX}{self.current}.{_encode(body)}"

    def open(self, purpose: str, sealed: str) -> bytes:
        """What `seal` was given for this purpose, else `CannotOpen`."""
        id = key_of(sealed)
        if id is None:
            raise CannotOpen("A stored secret is no sealed value; it was changed behind Tocsin's back")
        if id not in self._keys:
            raise CannotOpen(_missing(id, list(self._keys)), id)
        body = _decode(sealed)
        try:
            return self._keys[id].decrypt(body[:NONCE], body[NONCE:], _bound(purpose, id))
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce and a tag
            raise CannotOpen("A stored secret is damaged, or was sealed for another purpose", id) from None

    def knows(self, sealed: str) -> bool:
        """Whether one of our keys sealed this (it may be damaged all the same)."""
        return key_of(sealed) in self._keys

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed this."""
        return self.current is not None and sealed.startswith(f"{PREFIX}{self.current}.")


#: Of a database that was opened without a key (schema work, tests): it seals and opens nothing.
NO_KEYS: Final = Sealer(())


def key_id(secret: str) -> str:
    """The public name of a secret key: 12 hexadecimal digits that tell nothing of it."""
    return derived(secret, "key id")[:6].hex()


def derived(secret: str, use: str) -> bytes:
    """32 bytes for this use alone. `secret` must be random, 32 characters at least: this is no password hash."""
    if len(secret) < SHORTEST:
        raise ValueError(f"a secret key must have {SHORTEST} characters at least")
    return HKDF(SHA256(), 32, salt=None, info=f"tocsin {use} 1".encode()).derive(secret.encode())


def key_of(sealed: str) -> str | None:
    """The id of the key that a sealed value names; None for what is no sealed value."""
    form = _FORM.fullmatch(sealed)
    return form.group(1) if form else None


def is_sealed(value: object) -> bool:
    """Whether this is a sealed value (audit records never show one)."""
    return isinstance(value, str) and value.startswith(PREFIX)


def _bound(purpose: str, id: str) -> bytes:
    return f"{PREFIX}{id}.{purpose}".encode()


def _missing(id: str, known: list[str]) -> str:
    ours = f"this server has {', '.join(known)}" if known else "this server was given none"
    return (
        f"A stored secret was sealed with the secret key {id}; {ours}. Set TOCSIN_SECRET_KEY to the key of the install "
        "that the data comes from, or add that key to TOCSIN_SECRET_KEYS_OLD"
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(sealed: str) -> bytes:
    text = sealed.rpartition(".")[2]
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
