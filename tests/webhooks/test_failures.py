"""Receivers that hang, refuse, lead elsewhere or are not to be trusted; workers that die in the middle."""

import datetime as dt
import ssl
from datetime import timedelta

import pytest
import trustme
from sqlalchemy import text

from tests.webhooks.house import OUTBOUND, House
from tests.webhooks.receiver import Receiver
from tocsin.core.outbound import Outbound
from tocsin.webhooks.model import Answer, Delivered, Dropped, Retry
from tocsin.webhooks.store import queues


def test_a_failing_receiver_is_tried_again_for_two_days_with_the_same_ids(house: House) -> None:
    with Receiver(answers=[500, 429, 503]) as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        for wait in (6, 20, 80):
            assert isinstance(house.delivers()[0], Retry)
            assert house.delivers() == []
            house.later(seconds=wait)
        assert isinstance(house.delivers()[0], Delivered)
    assert len({(got.headers["x-webhook-id"], got.body) for got in receiver.got}) == 1
    assert len(receiver.got) == 4


def test_after_two_days_it_is_dropped_with_the_last_reason(house: House) -> None:
    with Receiver(answers=[500, 500]) as receiver:
        made = house.subscribes(receiver)
        house.acme.triggers("disk")
        house.delivers()
        house.later(hours=48)
        house.delivers()
        assert house.due() is None
    log = house.log(made["id"])[0]
    assert (log["state"], log["why"]) == ("dropped", "no success within 48 hours; the last: It answered 500")


def test_what_hangs_is_given_up_and_delays_nobody_else(house: House) -> None:
    house.seconds = 0.3
    with Receiver(silent=True) as slow, Receiver() as quick:
        made = house.subscribes(slow)
        house.subscribes(quick)
        for n in range(6):
            house.acme.triggers(f"disk{n}")
        house.follows()
        jobs = house.claims()
        by = [sum(job.endpoint_id == made["id"] for job in jobs), sum(job.url == quick.url for job in jobs)]
        assert by == [queues.EACH, queues.EACH]
        assert {type(one) for one in house.tries(jobs)} == {Retry, Delivered}
        left = [job.url for job in house.claims()]
        assert sorted(left) == sorted([slow.url, quick.url, quick.url])  # one at a time while it fails
    assert house.log(made["id"])[-1]["why"] == "It did not answer within 0.3 seconds"


@pytest.mark.parametrize(
    ("answer", "why"), [((301, {"location": "/other"}), "redirects are not followed"), (400, "400"), (410, "410")]
)
def test_redirects_and_refusals_are_dropped_at_once(house: House, answer: object, why: str) -> None:
    with Receiver(answers=[answer]) as receiver:
        made = house.subscribes(receiver)
        house.acme.triggers("disk")
        house.delivers()
        assert len(receiver.got) == 1
    log = house.log(made["id"])[0]
    assert (log["state"], log["attempts"]) == ("dropped", 1)
    assert why in log["why"]


def test_three_dropped_in_a_row_switch_it_off_for_a_day(house: House) -> None:
    client = house.acme.client
    with Receiver(answers=[400, 400, 200, 400, 400, 400]) as receiver:
        made = house.subscribes(receiver)
        for n in range(6):
            house.acme.triggers(f"disk{n}")
            house.delivers()
        assert len(receiver.got) == 6
        assert house.subscription(made["id"])["delivery_method"]["temporarily_disabled"] is True
        house.acme.triggers("while off")
        house.delivers()
        assert len(receiver.got) == 6
        client.post(f"/webhook_subscriptions/{made['id']}/ping", None)
        house.delivers()
        assert receiver.types[6:] == ["pagey.ping"]
        house.later(hours=24, seconds=1)
        assert house.subscription(made["id"])["delivery_method"]["temporarily_disabled"] is False
        house.acme.triggers("a day later")
        house.delivers()
        assert len(receiver.got) == 8


def test_enable_ends_it_and_what_waited_is_gone(house: House) -> None:
    with Receiver(answers=[503, 400, 400, 400]) as receiver:
        made = house.subscribes(receiver)
        for n in range(4):
            house.acme.triggers(f"disk{n}")
            house.delivers()
        assert house.due() is None
        assert [one["state"] for one in house.log(made["id"])] == ["dropped"] * 4
        assert "switched off" in house.log(made["id"])[3]["why"]
        got = house.acme.client.post(f"/webhook_subscriptions/{made['id']}/enable", None)
        assert got.body["webhook_subscription"]["delivery_method"]["temporarily_disabled"] is False
        house.acme.triggers("again")
        house.delivers()
        assert len(receiver.got) == 5


def test_a_worker_that_dies_with_a_delivery_in_hand_loses_nothing(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        house.follows()
        (dead,) = house.claims()
        assert house.claims() == []
        house.execute("UPDATE webhook_queues SET lease_until = lease_until - interval '10 minutes'")
        (again,) = house.claims()
        assert (again.webhook_id, again.body, again.attempt) == (dead.webhook_id, dead.body, 2)
        assert house.settles(dead, Delivered(Answer(200))) is False
        assert isinstance(house.tries([again])[0], Delivered)
        assert house.claims() == []


def test_what_a_process_held_that_is_known_dead_is_tried_at_once(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        house.follows()
        assert len(house.claims()) == 1
        house.database.run(lambda tx: queues.free(tx.conn, "worker"))
        assert len(house.claims()) == 1


def test_addresses_of_our_own_network_are_refused_when_saved_and_when_sent(house: House) -> None:
    body = {
        "type": "webhook_subscription", "events": ["incident.triggered"], "filter": {"type": "account_reference"},
        "delivery_method": {"type": "http_delivery_method", "url": "http://169.254.169.254/latest"},
    }  # fmt: skip
    got = house.acme.client.post("/webhook_subscriptions", {"webhook_subscription": body})
    assert got.status == 400
    assert "not public" in got.errors[0]
    with Receiver() as receiver:
        made = house.subscribes(receiver)
        house.acme.triggers("disk")
        house.outbound = Outbound(Outbound.allowing(()).policy, tls=OUTBOUND.tls)
        assert isinstance(house.delivers()[0], Dropped)
        assert receiver.got == []
    assert "not public" in house.log(made["id"])[0]["why"]


@pytest.mark.parametrize(("days", "outcome"), [(365, Dropped), (-2, Retry)], ids=["not trusted", "expired"])
def test_tls_that_fails_is_dropped_unless_a_certificate_has_just_expired(
    house: House, days: int, outcome: type[object]
) -> None:
    authority, ours = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = dt.datetime.now(dt.UTC) + timedelta(days=days)
    authority.issue_cert("127.0.0.1", not_after=ends).configure_cert(ours)
    known = ssl.create_default_context()
    if outcome is Retry:
        authority.configure_trust(known)
    house.outbound = Outbound(OUTBOUND.policy, tls=known)
    with Receiver(tls=ours) as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        (got,) = house.delivers()
    assert isinstance(got, outcome), got
    assert "certificate" in got.why  # type: ignore[attr-defined]


def test_nobody_listening_is_worth_another_try(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
    house.acme.triggers("disk")
    assert isinstance(house.delivers()[0], Retry)


MANY_INCIDENTS = """
INSERT INTO incidents SELECT (jsonb_populate_record(i, jsonb_build_object(
    'id', 'Q' || lpad(n::text, 13, '0'), 'number', 100 + n, 'incident_key', NULL))).*
FROM incidents i, generate_series(1, 500) n WHERE i.number = 1
"""
MANY_NOTES = """
INSERT INTO log_entries (id, incident_id, service_id, seq, at, type, actor_kind, actor_name, channel, cause, reason,
    assignees, details, xid)
SELECT 'R' || lpad(n::text, 25, '0'), i.id, i.service_id, 3 + n / 500, i.created_at, 'annotate', 'user', 'Alice', 'api',
    'request', 'noted', '[]', '{"content": "x"}', pg_current_xact_id()::text::bigint - 2000 + n / 5 - n % 2 * 3
FROM generate_series(0, 9999) n JOIN incidents i ON i.id = 'Q' || lpad((1 + n % 500)::text, 13, '0')
"""


def test_a_backlog_is_followed_in_lots_without_a_gap_or_a_double(house: House) -> None:
    made = house.subscribes("https://hooks.example.com/", "incident.annotated")
    house.acme.triggers("disk")
    house.execute(MANY_INCIDENTS)
    house.execute(MANY_NOTES)
    house.execute("UPDATE webhook_cursor SET xid = xid - 3000")
    assert house.follows() >= 15
    house.execute("UPDATE webhook_cursor SET xid = xid - 200")  # what lies there is met again
    house.follows()
    with house.database.begin() as tx:
        rows = tx.conn.execute(text("SELECT source, subject FROM webhook_deliveries ORDER BY position")).all()
    assert len(rows) == len({row.source for row in rows}) == 10_000
    last: dict[str, str] = {}
    assert all(last.get(row.subject, "") < row.source and not last.update({row.subject: row.source}) for row in rows)
    assert house.subscription(made["id"])["active"]


def test_an_install_that_is_held_neither_follows_nor_sends(house: House) -> None:
    with Receiver() as receiver:
        house.subscribes(receiver)
        house.acme.triggers("disk")
        house.follows()
        house.execute("UPDATE account SET held = true")
        house.acme.triggers("cpu")
        assert house.delivers() == []
        house.execute("UPDATE account SET held = false")
        house.delivers()
        assert len(receiver.got) == 2
