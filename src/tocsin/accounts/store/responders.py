"""Who can be told: living people, managers of teams, the owner."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tocsin.accounts.store.tables import account, team_members, users


def living(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that are people of the account now."""
    wanted = list(ids)
    return set(conn.scalars(select(users.c.id).where(users.c.id.in_(wanted), users.c.deleted_at.is_(None))))


def owner_id(conn: Connection) -> str | None:
    """The account's owner."""
    query = select(users.c.id).where(users.c.role == "owner", users.c.deleted_at.is_(None)).limit(1)
    found: str | None = conn.scalar(query)
    return found


def managers(conn: Connection, team_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The living managers of each team."""
    query = (
        select(team_members.c.team_id, team_members.c.user_id)
        .join(users, users.c.id == team_members.c.user_id)
        .where(
            team_members.c.team_id.in_(list(team_ids)), team_members.c.role == "manager", users.c.deleted_at.is_(None)
        )
        .order_by(team_members.c.user_id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in conn.execute(query):
        found[row.team_id] = (*found.get(row.team_id, ()), row.user_id)
    return found


def held(conn: Connection) -> bool:
    """Whether this install is held after a restore: it takes events, but sends nothing and fires no timer."""
    return conn.scalar(select(account.c.id).where(account.c.held).limit(1)) is not None


def account_settings(conn: Connection) -> dict[str, object]:
    """The account's own settings (repage_minutes …)."""
    found: dict[str, object] | None = conn.scalar(select(account.c.settings).limit(1))
    return found or {}
