"""The key that signs id tokens (core:O6): made once, kept sealed, its public half published."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert, select, text

from tocsin.core import ids
from tocsin.core.db import Tx
from tocsin.oauth.store.tables import oauth_signing_keys

ALGORITHM = "RS256"
PURPOSE = "oauth signing key"
LIFE = timedelta(hours=1)
_LOCK = 7_246_011


def public_keys(tx: Tx) -> dict[str, Any]:
    """The JWKS. The first look makes the key: a client that fetches it ahead finds what it will need."""
    return {"keys": [row.public for row in _rows(tx) or [_made(tx)]]}


def id_token(tx: Tx, claims: dict[str, Any], at: datetime) -> str:
    """A signed token with these claims, issued at `at` (the real clock: other people's clocks check it)."""
    row = (_rows(tx) or [_made(tx)])[0]
    key = RSAKey.import_key(msgspec.json.decode(tx.sealer.open(PURPOSE, row.sealed)))
    issued = int(at.timestamp())
    whole = claims | {"iat": issued, "exp": issued + int(LIFE.total_seconds())}
    return jwt.encode({"alg": ALGORITHM, "typ": "JWT", "kid": row.id}, whole, key)


def _rows(tx: Tx) -> list[Any]:
    return list(tx.conn.execute(select(oauth_signing_keys).order_by(oauth_signing_keys.c.created_at.desc())))


def _made(tx: Tx) -> Any:
    tx.conn.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
    if present := _rows(tx):
        return present[0]
    id = ids.thing()
    key = RSAKey.generate_key(2048, {"kid": id, "use": "sig", "alg": ALGORITHM})
    secret = msgspec.json.encode(key.as_dict(private=True))
    row = {
        "id": id, "sealed": tx.sealer.seal(PURPOSE, secret), "public": key.as_dict(private=False),
        "created_at": tx.now,
    }  # fmt: skip
    tx.conn.execute(insert(oauth_signing_keys).values(row))
    return _rows(tx)[0]
