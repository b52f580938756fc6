"""Passwords: argon2id, never stored or logged in clear."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST = 12
_hasher = PasswordHasher()
# Checked against when nobody has the given e-mail, so that the time of an answer does not tell who exists.
_NOBODY = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """The hash to store; ValueError when the password is too short."""
    if len(password) < LEAST:
        raise ValueError(f"A password needs at least {LEAST} characters")
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; None (no password, or nobody) takes as long and is False."""
    try:
        return _hasher.verify(password_hash or _NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
