"""Signed, readable tokens for links that work without signing in.

1. A token is `key id . body . signature`; the key id says which key signed it, so keys can be turned over. SPINE 8.
2. What is signed includes the key id, the purpose and the expiry: a token for one purpose is worth nothing for another.
3. Time is an argument; nothing here reads a clock.
4. Signatures are compared as text and in constant time, so exactly one spelling of a token is valid.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
SHORTEST_KEY: Final = 16
LONGEST_TOKEN: Final = 4096

Reason = Literal["malformed", "unknown key", "tampered", "wrong purpose", "expired"]


class BadToken(ValueError):
    """A token that is not to be trusted; `reason` is one of `Reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Signer:
    """Signs with the current key and verifies with any of the keys it knows."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        for key_id, key in keys.items():
            if not KEY_ID.fullmatch(key_id) or len(key) < SHORTEST_KEY:
                raise ValueError(
                    f"signing key {key_id!r}: an id of letters and digits and {SHORTEST_KEY} bytes are needed"
                )
        if current not in keys:
            raise ValueError(f"signing key {current!r} is not among the keys")
        self._keys = dict(keys)
        self._current = current

    def sign(self, purpose: str, payload: dict[str, Any], now: datetime, ttl: timedelta) -> str:
        """A URL-safe token carrying `payload` (JSON) until now + ttl."""
        issued = int(now.timestamp())
        body = {"for": purpose, "iat": issued, "exp": issued + int(ttl.total_seconds()), "data": payload}
        text = json.dumps(body, separators=(",", ":"), sort_keys=True)
        head = f"{self._current}.{_encode(text.encode())}"
        return f"{head}.{_signature(self._keys[self._current], head)}"

    def verify(self, purpose: str, token: str, now: datetime) -> dict[str, Any]:
        """The payload of a token that we signed for this purpose and that has not expired, else `BadToken`."""
        key_id, body, signature = _parts(token)
        key = self._keys.get(key_id)
        if key is None:
            raise BadToken("unknown key")
        if not hmac.compare_digest(_signature(key, f"{key_id}.{body}"), signature):
            raise BadToken("tampered")
        content = _decode(body)
        if content["for"] != purpose:
            raise BadToken("wrong purpose")
        if now.timestamp() >= content["exp"]:
            raise BadToken("expired")
        payload: dict[str, Any] = content["data"]
        return payload


def _parts(token: str) -> tuple[str, str, str]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST_TOKEN or not token.isascii():
        raise BadToken("malformed")
    return parts[0], parts[1], parts[2]


def _signature(key: bytes, head: str) -> str:
    return _encode(hmac.digest(key, head.encode(), "sha256"))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(body: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError) as broken:
        raise BadToken("malformed") from broken
    return content
