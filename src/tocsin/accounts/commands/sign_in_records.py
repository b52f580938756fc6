"""Audit records of signing in and out, of attempts that failed, and of keys that are used after their end.

1. A failed attempt is recorded for the person whose e-mail was given. What else was typed there is not: people type
   passwords into the wrong field. Attempts that the throttle refuses are not recorded, so a flood fills nothing.
2. Nobody has proven who he is when an attempt fails, so such a record names no actor.
"""

import dataclasses
from typing import Any

from tocsin.accounts.store import people, tables
from tocsin.core import ids
from tocsin.core.actor import Actor, ActorKind, system
from tocsin.core.db import Tx
from tocsin.core.recorded import Subject, live, note


def signed_in(
    tx: Tx, user_id: str, session_id: str, address: str | None, request_id: str | None, user_agent: str | None,
    way: str = "password",
) -> None:  # fmt: skip
    """A session began; `way`: password | identity_provider | link."""
    user = live(tx.conn, tables.users, user_id)
    name, role = (user.name, user.role) if user else ("", "")
    method = "identity_provider" if way == "identity_provider" else "browser"
    who = Actor(
        ActorKind.USER, user_id, name, "website", role, request_id=request_id, address=address, method=method
    )  # fmt: skip
    said = {"way": way, "browser": (user_agent or "")[:500] or None}
    note(tx, who, "create", Subject("session", session_id, name, ("user", user_id)), None, said)


def failed(tx: Tx, user: Any, address: str | None, request_id: str | None, wrong: str = "password") -> None:
    """An attempt to sign in failed; `user` is the row that the e-mail belongs to, None for nobody's.

    `wrong` is what was not right: password, or code when the password was.
    """
    nobody = _nobody(address, request_id)
    if user is not None:
        about = Subject("sign_in_failure", ids.thing(), user.name, ("user", user.id))
    else:
        account = people.the_account(tx.conn)
        about = Subject("sign_in_failure", ids.thing(), None, ("account", account.id if account else "none"))
    note(tx, nobody, "create", about, None, {"email": user.email if user else "of nobody here", "wrong": wrong})


def signed_out(tx: Tx, actor: Actor, session_id: str, user_id: str) -> None:
    """A session was ended."""
    note(tx, actor, "delete", Subject("session", session_id, actor.name, ("user", user_id)))


def refused_key(tx: Tx, key: Any, address: str | None, request_id: str | None) -> None:
    """Somebody used a key that was revoked, or whose person is gone."""
    nobody = dataclasses.replace(_nobody(address, request_id), method="api_token", key_tail=key.tail)
    root = ("user", key.user_id) if key.user_id else ("api_key", key.id)
    note(tx, nobody, "create", Subject("refused_key", ids.thing(), key.description, root), None, {"tail": key.tail})


def _nobody(address: str | None, request_id: str | None) -> Actor:
    return dataclasses.replace(
        system("website"), name="Somebody", method="browser", address=address, request_id=request_id
    )
