"""The one password that still opens while single sign-on is enforced, and the noise that its use makes.

1. A session that would begin with a password is refused here, whoever let it through, unless `sign_in_rules` allow it.
2. Each use is an audit record, and a mail to the owner and every admin, the user himself too: a thief is seen.
"""

from sqlalchemy import select

from tocsin.accounts.store import people, sign_in_rules
from tocsin.accounts.store.tables import users
from tocsin.core import effects
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden
from tocsin.core.recorded import Subject, note

SUBJECT = "The break-glass password was used to sign in"


def check(tx: Tx, user_id: str, address: str | None) -> None:
    """A session is about to begin with a password: `Forbidden` where it may not, recorded and told where enforced."""
    if not sign_in_rules.password_allowed(tx.conn, user_id):
        raise Forbidden("People here sign in through single sign-on; passwords are switched off")
    if sign_in_rules.read(tx.conn).only:
        _tell(tx, user_id, address)


def _tell(tx: Tx, user_id: str, address: str | None) -> None:
    user = people.live_users(tx.conn, [user_id])[user_id]
    actor = Actor(ActorKind.USER, user.id, user.name, "website", user.role, address=address, method="browser")
    note(tx, actor, "update", Subject("user", user.id, user.name), None, {"signed_in_with": "break-glass password"})
    text = (
        f"{user.name} signed in with the break-glass password{f' from {address}' if address else ''}, although single "
        "sign-on is enforced.\n\nIf nobody of you did this, end the session and change the password now."
    )
    above = select(users.c.id).where(users.c.role.in_(("owner", "admin")), users.c.deleted_at.is_(None))
    told = [(user.id, {"user_id": id, "subject": SUBJECT, "text": text}) for id in tx.conn.scalars(above)]
    effects.put(tx.conn, (("notice", subject, {"notice": notice}) for subject, notice in told), tx.now)
