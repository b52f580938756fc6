"""The first start of an empty install: the account, its owner and two keys."""

from dataclasses import dataclass

from sqlalchemy import insert, text

from tocsin.accounts.commands import keys, users
from tocsin.accounts.store import people, tables
from tocsin.accounts.wire import UserBody
from tocsin.core import actor, audit, ids
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict
from tocsin.rest.body import read


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What the bootstrap made; the keys are seen this once."""

    user_id: str
    api_key: str
    user_api_key: str


def bootstrap(
    tx: Tx, email: str, name: str, password_hash: str | None, subdomain: str = "tocsin", time_zone: str = "UTC"
) -> Bootstrapped:
    """Account, owner, an account key and a key of the owner; `Conflict` on an install that has an account."""
    tx.conn.execute(text("LOCK TABLE account IN EXCLUSIVE MODE"))  # two first starts at once: one wins
    if people.the_account(tx.conn):
        raise Conflict("This install has an account already")
    system, id = actor.system(), ids.thing()
    row = {
        "id": id, "subdomain": subdomain, "name": subdomain, "region": "us", "time_zone": time_zone,
        "created_at": tx.now,
    }  # fmt: skip
    tx.conn.execute(insert(tables.account).values(row))
    audit.record(tx, system, "create", ("account", id, subdomain), after={"subdomain": subdomain})
    owner = read(UserBody, {"name": name, "email": email, "role": "owner", "time_zone": time_zone})
    user_id = users.insert(tx, system, owner, password_hash)
    return Bootstrapped(
        user_id,
        keys.issue(tx, system, None, "Account key from the bootstrap"),
        keys.issue(tx, system, user_id, "Owner's key from the bootstrap"),
    )
