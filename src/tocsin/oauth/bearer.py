"""Whose access token is it: the port that the keyring asks after its own keys (core:O7).

1. An app's token acts as the app with its scopes, at most with the rights of who registered the app.
2. A person's token acts as that person: scopes and role must both permit it.
3. A person's token sees what the person sees. An app is on no team: private ones stay closed to it, unless an admin
   registered it.
4. Revoked, expired, of a removed app or person: it is nobody's. Nothing is remembered, so it ends at once.
5. When it was last used is written at most once a minute.
"""

from datetime import timedelta

from tocsin.accounts.store import standing
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Tx
from tocsin.oauth import logic
from tocsin.oauth.store import tokens

TOUCH = timedelta(minutes=1)


def bearer(tx: Tx, sha256: bytes) -> Actor | None:
    """The actor behind the access token with this hash."""
    row = tokens.bearer(tx.conn, sha256, tx.now)
    if row is None:
        return None
    if row.last_used_at is None or tx.now - row.last_used_at >= TOUCH:
        tokens.touch(tx.conn, row.id, tx.now)
    rights = logic.rights(row.kind, row.scopes, row.app_scopes)
    person = row.user_id is not None
    own, closed = standing.memberships(tx.conn, row.user_id if person else "")
    return Actor(
        ActorKind.USER if person else ActorKind.APP,
        row.user_id if person else row.app_id,
        row.user_name if person else row.app_name,
        role=row.user_role if person else row.app_role,
        teams=own, closed=closed, read_only=rights.read_only, scopes=rights.scopes, method="oauth", key_tail=row.tail,
    )  # fmt: skip
