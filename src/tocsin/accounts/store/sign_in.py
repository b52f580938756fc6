"""The SQL over sign-in providers and the accounts at them that people are linked to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tocsin.accounts.store.sign_in_tables import identities, sign_in_providers, used_states
from tocsin.accounts.store.tables import team_members, users

Rows = Sequence[Row[Any]]


def find_providers() -> Select[Any]:
    """All providers by name."""
    return select(sign_in_providers).order_by(func.lower(sign_in_providers.c.name), sign_in_providers.c.id)


def enabled_providers(conn: Connection) -> Rows:
    """Those that people may use, by name."""
    return conn.execute(find_providers().where(sign_in_providers.c.enabled)).all()


def taken(conn: Connection, column: str, value: str, but: str | None) -> bool:
    """Whether another provider has this name or issuer."""
    same = func.lower(sign_in_providers.c[column]) == value.lower()
    found = select(sign_in_providers.c.id).where(same)
    return conn.execute(found.where(sign_in_providers.c.id != but) if but else found).first() is not None


def identity(conn: Connection, provider_id: str, subject: str) -> Row[Any] | None:
    """Who this account of a provider's is linked to."""
    i = identities.c
    found = select(identities).where(i.provider_id == provider_id, i.subject == subject)
    return conn.execute(found).one_or_none()


def identity_of(conn: Connection, provider_id: str, user_id: str) -> Row[Any] | None:
    """The account of a provider's that this person is linked to."""
    i = identities.c
    found = select(identities).where(i.provider_id == provider_id, i.user_id == user_id)
    return conn.execute(found.limit(1)).one_or_none()


def find_identities(provider_id: str) -> Select[Any]:
    """The accounts of a provider's that are linked, with their people, by name."""
    return (
        select(identities, users.c.name, users.c.deleted_at)
        .join(users, users.c.id == identities.c.user_id)
        .where(identities.c.provider_id == provider_id)
        .order_by(func.lower(users.c.name), identities.c.id)
    )


def admins_linked(conn: Connection, but: str | None = None) -> bool:
    """Whether an owner or admin has signed in through an enabled provider (other than `but`)."""
    p = sign_in_providers.c
    found = (
        select(users.c.id)
        .join(identities, identities.c.user_id == users.c.id)
        .join(sign_in_providers, p.id == identities.c.provider_id)
        .where(p.enabled, users.c.role.in_(("owner", "admin")), users.c.deleted_at.is_(None))
    )
    return conn.execute(found.where(p.id != but) if but else found).first() is not None


def removed_by_email(conn: Connection, email: str) -> bool:
    """Whether somebody with this e-mail was here and is removed."""
    gone = (func.lower(users.c.email) == email.lower()) & users.c.deleted_at.is_not(None)
    return conn.execute(select(users.c.id).where(gone)).first() is not None


def given_teams(conn: Connection, provider_id: str, user_id: str) -> dict[str, str]:
    """{team id: role} of the memberships that this provider's groups gave."""
    m = team_members.c
    found = select(m.team_id, m.role).where(m.user_id == user_id, m.given_by == provider_id)
    return {row.team_id: row.role for row in conn.execute(found)}


def mark_given(conn: Connection, provider_id: str, team_id: str, user_id: str) -> None:
    """Note that this provider's groups gave a membership; whoever changes it by hand makes it his own again."""
    m = team_members.c
    given = update(team_members).where(m.team_id == team_id, m.user_id == user_id)
    conn.execute(given.values(given_by=provider_id))


def use_up(conn: Connection, sha256: bytes, at: datetime) -> bool:
    """Mark a state as used; False if it was used before."""
    new = insert(used_states).values(sha256=sha256, at=at).on_conflict_do_nothing()
    return conn.execute(new.returning(used_states.c.sha256)).first() is not None
