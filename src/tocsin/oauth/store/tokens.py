"""The SQL over codes, delegations and tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, literal, null, select, union_all, update

from tocsin.accounts.store.tables import sessions, users
from tocsin.oauth.store.tables import oauth_apps, oauth_codes, oauth_delegations, oauth_tokens

_app, _delegation, _token = oauth_apps.c, oauth_delegations.c, oauth_tokens.c
WEB_CLIENT = "TocsinWeb"


def code(conn: Connection, sha256: bytes, app_id: str) -> Row[Any] | None:
    """An app's code, held until the transaction ends: of two that bring it at once, the second finds it used."""
    mine = (oauth_codes.c.sha256 == sha256) & (oauth_codes.c.app_id == app_id)
    return conn.execute(select(oauth_codes).where(mine).with_for_update()).one_or_none()


def use_code(conn: Connection, sha256: bytes, delegation_id: str) -> None:
    """Mark a code as used for this delegation."""
    conn.execute(update(oauth_codes).where(oauth_codes.c.sha256 == sha256).values(delegation_id=delegation_id))


def delegation(conn: Connection, id: str) -> Row[Any] | None:
    """A delegation, held until the transaction ends."""
    return conn.execute(select(oauth_delegations).where(_delegation.id == id).with_for_update()).one_or_none()


def live_delegation(conn: Connection, app_id: str, scopes: Sequence[str], until: datetime) -> Row[Any] | None:
    """The account's own delegation to an app that lasts until then with these scopes, if there is one."""
    found = select(oauth_delegations).where(
        _delegation.app_id == app_id, _delegation.user_id.is_(None), _delegation.revoked_at.is_(None),
        _delegation.expires_at >= until, _delegation.scopes == list(scopes),
    )  # fmt: skip
    return conn.execute(found.order_by(_delegation.created_at).limit(1)).first()


def token(conn: Connection, sha256: bytes, app_id: str | None = None, hold: bool = False) -> Row[Any] | None:
    """A token with its delegation's app, person and end; `app_id`: of this app alone."""
    columns = (_delegation.app_id, _delegation.user_id, _delegation.revoked_at, _delegation.expires_at.label("ends_at"))
    found = select(oauth_tokens, *columns).join(oauth_delegations, _delegation.id == _token.delegation_id)
    found = found.where(_token.sha256 == sha256)
    found = found.where(_delegation.app_id == app_id) if app_id else found
    return conn.execute(found.with_for_update(of=oauth_delegations) if hold else found).one_or_none()


def bearer(conn: Connection, sha256: bytes, now: datetime) -> Any:
    """What an access token that counts stands for: the app, and the person where there is one."""
    found = (
        select(
            _token.id, _token.tail, _token.scopes, _token.last_used_at, _app.id.label("app_id"),
            _app.name.label("app_name"), _app.kind, _app.scopes.label("app_scopes"), _app.role.label("app_role"),
            _delegation.user_id, users.c.name.label("user_name"), users.c.role.label("user_role"),
        )
        .join(oauth_delegations, _delegation.id == _token.delegation_id)
        .join(oauth_apps, _app.id == _delegation.app_id)
        .outerjoin(users, users.c.id == _delegation.user_id)
        .where(
            _token.sha256 == sha256, _token.use == "access", _token.expires_at > now, _delegation.expires_at > now,
            _delegation.revoked_at.is_(None), _app.deleted_at.is_(None), users.c.deleted_at.is_(None),
        )
    )  # fmt: skip
    return conn.execute(found).one_or_none()


def touch(conn: Connection, id: str, now: datetime) -> None:
    """Note that a token was used."""
    conn.execute(update(oauth_tokens).where(_token.id == id).values(last_used_at=now))


def rotate(conn: Connection, id: str, now: datetime) -> None:
    """Note that a refresh token was turned in."""
    conn.execute(update(oauth_tokens).where(_token.id == id).values(rotated_at=now))


def add_token(conn: Connection, row: dict[str, Any]) -> None:
    """Keep a token."""
    conn.execute(insert(oauth_tokens).values(row))


def drop_token(conn: Connection, id: str) -> None:
    """Forget one access token."""
    conn.execute(delete(oauth_tokens).where(_token.id == id))


def sweep(conn: Connection, before: datetime) -> int:
    """Forget codes and tokens that were over before then; how many. Delegations stay: they are the history."""
    codes = conn.execute(delete(oauth_codes).where(oauth_codes.c.expires_at < before)).rowcount
    return codes + conn.execute(delete(oauth_tokens).where(_token.expires_at < before)).rowcount


def of_user(user_id: str, now: datetime, seen_after: datetime) -> Select[Any]:
    """Everything that acts as a person: what was allowed to apps, and the sessions of a browser (type web).

    Columns: id, kind, client_id, name, scopes, created_at, expires_at, revoked_at. What has expired grants nothing
    and is not listed; what was revoked is.
    """
    allowed = (
        select(
            _delegation.id, literal("integration").label("kind"), _app.client_id, _app.name, _delegation.scopes,
            _delegation.created_at, _delegation.expires_at, _delegation.revoked_at,
        )
        .join(oauth_apps, _app.id == _delegation.app_id)
        .where(_delegation.user_id == user_id, (_delegation.expires_at > now) | _delegation.revoked_at.is_not(None))
    )  # fmt: skip
    session = sessions.c
    alive = and_(session.user_id == user_id, session.expires_at > now, session.last_seen_at > seen_after)
    signed_in = select(
        session.id, literal("web").label("kind"), literal(WEB_CLIENT).label("client_id"),
        literal("The pages").label("name"), literal(["openid"], _delegation.scopes.type).label("scopes"),
        session.created_at, session.expires_at, null().cast(session.expires_at.type).label("revoked_at"),
    ).where(alive)  # fmt: skip
    return select(union_all(allowed, signed_in).subquery("delegations"))


def live_of_user(conn: Connection, user_id: str, now: datetime) -> Sequence[Row[Any]]:
    """A person's delegations to apps that count, newest first."""
    found = (
        select(oauth_delegations, _app.name)
        .join(oauth_apps, _app.id == _delegation.app_id)
        .where(
            _delegation.user_id == user_id, _delegation.expires_at > now, _delegation.revoked_at.is_(None),
            _app.deleted_at.is_(None),
        )
    )  # fmt: skip
    return conn.execute(found.order_by(_delegation.created_at.desc(), _delegation.id)).all()


def app_name(conn: Connection, app_id: str) -> str:
    """What an app is called, the removed ones too."""
    return conn.scalar(select(_app.name).where(_app.id == app_id)) or ""


def live_of_app(conn: Connection, app_id: str) -> Sequence[Row[Any]]:
    """The delegations of an app that nobody has revoked."""
    found = select(oauth_delegations).where(_delegation.app_id == app_id, _delegation.revoked_at.is_(None))
    return conn.execute(found.order_by(_delegation.id).with_for_update()).all()


def end_sessions(conn: Connection, user_id: str) -> int:
    """Sign a person out of every browser; how many sessions ended."""
    return conn.execute(delete(sessions).where(sessions.c.user_id == user_id)).rowcount
