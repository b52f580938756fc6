"""`GET /notifications` (core:N50-N53)."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from tests.incidents.acme import Acme
from tests.incidents.conftest import acme
from tocsin.notifications.store.sends import new_send
from tocsin.notifications.store.tables import sends

__all__ = ["acme"]
WINDOW = "since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z"


def sent(acme: Acme, state: str, kind: str = "page", days: int = 0) -> None:
    """A message to Alice that was tried some days after the window began."""
    with acme.database.begin() as tx:
        row = new_send("email", acme.people["alice"], None, "alice@example.com", "high", kind, tx.now, tx.now)
        at = tx.now.replace(year=2026, month=1, day=1) + timedelta(days=days)
        tx.conn.execute(insert(sends).values(**row | {"state": state, "first_tried_at": at}))


@pytest.mark.parametrize(
    ("query", "code"),
    [("", 2003), ("since=2026-01-01", 2003), ("since=2026-02-01&until=2026-01-01", 2005), ("since=x&until=y", 2001),
     ("since=2026-01-01&until=2026-04-03", 2005), (WINDOW + "&filter=pigeon", 2001)],
)  # fmt: skip
def test_a_window_is_needed_and_is_shorter_than_three_months(acme: Acme, query: str, code: int) -> None:
    got = acme.client.get(f"/notifications?{query}")
    assert (got.status, got.code) == (400, code)


def test_what_was_tried_is_listed_newest_first(acme: Acme) -> None:
    for days, state in enumerate(("sent", "failed", "unknown")):
        sent(acme, state, days=days)
    sent(acme, "sent", kind="notice")
    got = acme.client.get(f"/notifications?{WINDOW}&include[]=users&total=true").body
    assert [one["status"] for one in got["notifications"]] == ["in_progress", "failed", "success"]
    first = got["notifications"][0]
    assert (first["type"], first["address"], first["user"]["name"]) == (
        "email_notification", "alice@example.com", "Alice",
    )  # fmt: skip
    assert got["total"] == 3
    assert acme.client.get(f"/notifications?{WINDOW}&filter=sms_notification").body["notifications"] == []
