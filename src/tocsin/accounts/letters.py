"""Mails about somebody's own account, put in the outbox in the transaction of what they tell (HOUSE rule 2).

1. They go to the address of the account alone, never to a contact method: others may read those.
2. A link in them is named here and made when the mail is sent: neither the database nor a backup holds one that works.
"""

from collections.abc import Mapping
from typing import Any

from tocsin.accounts.store import people
from tocsin.core import effects
from tocsin.core.db import Tx

LETTER = "letter"


def post(tx: Tx, user: Any, subject: str, text: str, link: Mapping[str, str] | None = None, button: str = "") -> None:
    """A mail to this person; `link` is {"kind", "id"} of an account link, which `button` says in words."""
    letter = {
        "user_id": user.id, "address": user.email, "subject": subject, "text": text, "link": link, "button": button,
    }  # fmt: skip
    effects.put(tx.conn, [(LETTER, user.id, {"letter": letter})], tx.now)


def account_name(tx: Tx) -> str:
    """What the account is called in mails."""
    account = people.the_account(tx.conn)
    return account.name if account else "Tocsin"
