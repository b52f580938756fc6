"""Whether people sign in through single sign-on only.

1. It is turned on only when it works: an owner or admin has come through an enabled provider.
2. It needs a break-glass person: the owner, with a password, who gets in while every provider is down.
3. Turning it on ends the sessions that began with a password, but for that person's.
"""

from sqlalchemy import Connection, delete, select

from tocsin.accounts.store import sign_in, sign_in_rules
from tocsin.accounts.store.sign_in_rules import KEY
from tocsin.accounts.store.tables import account, sessions, users
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import Subject, change


def enforce(tx: Tx, actor: Actor, only: bool, break_glass: str | None) -> None:
    """Enforce single sign-on with this break-glass person (a user's id), or permit passwords again."""
    if only and (wrong := _wrong(tx.conn, break_glass)):
        raise Invalid(wrong)
    row = tx.conn.execute(select(account).with_for_update()).one()
    settings = {name: value for name, value in row.settings.items() if name != KEY}
    if only:
        settings[KEY] = {"only": True, "break_glass": break_glass}
    changed = change(tx, actor, account, row, {"settings": settings}, Subject("account", row.id, row.name))
    if changed and only:
        others = (sessions.c.method == "password") & (sessions.c.user_id != break_glass)
        tx.conn.execute(delete(sessions).where(others))


def _wrong(conn: Connection, break_glass: str | None) -> list[str]:
    wrong = []
    if not sign_in.admins_linked(conn):
        wrong.append(
            "single_sign_on_only: no owner or admin has signed in through an enabled provider yet; do that first, "
            "so that somebody can"
        )
    if break_glass is None:
        return [*wrong, "break_glass: name the owner, who may use the password while the providers are down"]
    found = select(users.c.role, users.c.password_hash).where(users.c.id == break_glass, users.c.deleted_at.is_(None))
    person = conn.execute(found).one_or_none()
    if person is None or person.role != "owner":
        wrong.append("break_glass: must be the owner of the account")
    elif person.password_hash is None:
        wrong.append("break_glass: the owner has no password yet; set one first")
    return wrong


def rules_hold(conn: Connection) -> bool:
    """Whether the named break-glass person can still use the password (the ownership may have moved since)."""
    rules = sign_in_rules.read(conn)
    return not rules.only or sign_in_rules.password_allowed(conn, rules.break_glass)
