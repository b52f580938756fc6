"""The SQL over registered apps."""

from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from tocsin.accounts.store import people
from tocsin.oauth.store.tables import oauth_apps


def find_apps() -> Select[Any]:
    """Live apps by name."""
    found = select(oauth_apps).where(oauth_apps.c.deleted_at.is_(None))
    return found.order_by(func.lower(oauth_apps.c.name), oauth_apps.c.id)


def by_client_id(conn: Connection, client_id: str) -> Row[Any] | None:
    """The live app with this client id."""
    mine = (oauth_apps.c.client_id == client_id) & oauth_apps.c.deleted_at.is_(None)
    return conn.execute(select(oauth_apps).where(mine)).one_or_none()


def find(conn: Connection, id: str) -> Row[Any] | None:
    """The live app with this id or client id."""
    mine = (oauth_apps.c.id == id) | (oauth_apps.c.client_id == id)
    return conn.execute(select(oauth_apps).where(mine, oauth_apps.c.deleted_at.is_(None))).one_or_none()


def place(conn: Connection) -> dict[str, str]:
    """Region and subdomain of the account."""
    row = people.the_account(conn)
    return {"region": row.region, "subdomain": row.subdomain} if row else {"region": "", "subdomain": ""}
