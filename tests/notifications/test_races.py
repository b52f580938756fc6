"""What happens at once to one bundle of pages: both messages become one, and nothing waits for a lease to end."""

from datetime import timedelta
from typing import Any

from tests.seed import seed
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx
from tocsin.notifications.store import sends
from tocsin.notifications.store.sends import Bundle


def test_two_that_open_a_message_for_one_bundle_at_once_end_with_one(pg_url: str) -> None:
    database = Database(pg_url, pool=4)
    user = seed(database).people["alice"]
    bundle: Bundle = ("PMETHOD", "high")
    tries: list[dict[Bundle, str]] = []

    def opened(tx: Tx) -> dict[str, Any]:
        now = real_now()
        row = sends.new_send(
            "email", user, bundle[0], "a@example.com", bundle[1], "page", now + timedelta(hours=1), now
        )
        sends.add(tx.conn, [row])
        return row

    def plans(tx: Tx) -> dict[Bundle, str]:
        tries.append(sends.waiting(tx.conn, [bundle]))
        if not tries[-1]:
            database.run(opened)  # somebody else is quicker
            opened(tx)
        return tries[-1]

    assert list(database.run(plans)) == [bundle]
    database.close()
    assert tries[0] == {}
    assert len(tries) == 2
