"""Handing the account to another owner (core:R1): there is always exactly one."""

from typing import Any

from tocsin.accounts import letters
from tocsin.accounts.commands import users
from tocsin.accounts.store import tables
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, Invalid
from tocsin.core.recorded import change

MAY_BECOME = ("admin", "user")


def transfer(tx: Tx, actor: Actor, to_id: str) -> None:
    """The owner makes an admin or manager the owner, and becomes an admin. The caller has made them prove it."""
    first, second = sorted((actor.user_id or "", to_id))
    locked = {id: users.get(tx.conn, id, lock=True) for id in (first, second) if id}
    old, new = locked.get(actor.user_id or ""), locked.get(to_id)
    if old is None or old.role != "owner":
        raise Forbidden("Only the owner can hand the account over")
    if new is None or new.id == old.id or new.role not in MAY_BECOME:
        raise Invalid("The account can be handed to an admin or a manager")
    if new.password_hash is None:
        raise Invalid(f"{new.name} has not accepted the invitation yet")
    change(tx, actor, tables.users, new, {"role": "owner"}, users.subject(new))
    change(tx, actor, tables.users, old, {"role": "admin"}, users.subject(old))
    name = letters.account_name(tx)
    _tell(tx, new, f"{old.name} has made you the owner of {name} on Tocsin. You may do everything there now.")
    _tell(tx, old, f"You have made {new.name} <{new.email}> the owner of {name} on Tocsin. You are an admin now.")


def _tell(tx: Tx, user: Any, text: str) -> None:
    letters.post(tx, user, "The account has a new owner", text + "\n\nIf this was not meant, tell each other at once.")
