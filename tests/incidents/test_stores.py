"""Incidents, alerts and the auditor's check in PostgreSQL, through the commands that use them."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import text

from tests.seed import Seeded, seed
from tocsin.core import timers
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Database
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.incidents.commands import due, verbs
from tocsin.incidents.model import Incident, Status
from tocsin.incidents.store import alerts, incidents
from tocsin.incidents.store.audit import silent


@pytest.fixture
def db(pg_url: str) -> Iterator[Database]:
    database = Database(pg_url, pool=3)
    yield database
    database.close()


@pytest.fixture
def shop(db: Database) -> Seeded:
    return seed(db)


def person(shop: Seeded, name: str = "alice") -> Actor:
    return Actor(ActorKind.USER, shop.people[name], name.title(), "website")


def happens(db: Database, shop: Seeded, *said: tuple[str, str]) -> None:
    """(action, dedup_key) each, in one transaction."""
    with db.begin() as tx:
        read_ = []
        for n, (action, key) in enumerate(said):
            payload = {"summary": f"{key} is broken", "source": "web-1", "severity": "critical"}
            body = json.dumps({"event_action": action, "payload": payload}).encode()
            raw = Raw("v2", tx.now, shop.key, key, msgspec.Raw(body))
            read_.append(read(Stored(f"{key}.{n}", 1, n, False, raw)))
        take(tx, read_)


def found(db: Database) -> list[Incident]:
    with db.begin() as tx:
        ids = list(tx.conn.scalars(text("SELECT id FROM incidents ORDER BY number")))
        loaded = incidents.load(tx.conn, ids)
        return [loaded[id] for id in ids]


def run(db: Database, statement: str) -> None:
    with db.begin() as tx:
        assert tx.conn.execute(text(statement)).rowcount


def silent_now(db: Database) -> list[str]:
    with db.begin() as tx:
        return silent(tx.conn)


def test_an_incident_comes_back_from_the_database_as_it_was_decided(db: Database, shop: Seeded) -> None:
    run(db, "UPDATE services SET acknowledgement_timeout = 1800, auto_resolve_timeout = 3600")
    happens(db, shop, ("trigger", "disk"))
    id = found(db)[0].id
    alice = person(shop)
    with db.begin() as tx:
        after = [verbs.acknowledge(tx, alice, [id])[id], incidents.load(tx.conn, [id])[id]]
        after += [verbs.snooze(tx, alice, [id], 60)[id], incidents.load(tx.conn, [id])[id]]
        after += [verbs.resolve(tx, alice, [id])[id], incidents.load(tx.conn, [id])[id]]
    assert after[::2] == after[1::2]
    assert after[2].acknowledgements[0].name == "Alice"
    assert after[2].snoozed_until is not None


def test_what_happened_is_one_ledger_without_gaps(db: Database, shop: Seeded) -> None:
    happens(db, shop, ("trigger", "disk"), ("trigger", "disk"))
    with db.begin() as tx:
        verbs.acknowledge(tx, person(shop), [found(db)[0].id])
    with db.begin() as tx:
        rows = tx.conn.execute(text("SELECT seq, type FROM log_entries ORDER BY seq")).all()
    assert [tuple(row) for row in rows] == [(1, "trigger"), (2, "assign"), (3, "trigger"), (4, "acknowledge")]


def test_flapping_in_one_transaction_keeps_one_open_alert(db: Database, shop: Seeded) -> None:
    happens(db, shop, ("trigger", "k"), ("resolve", "k"), ("trigger", "k"), ("resolve", "k"), ("trigger", "k"))
    assert [incident.status for incident in found(db)] == ["resolved", "resolved", "triggered"]
    with db.begin() as tx:
        assert alerts.is_open(tx.conn, shop.integration, "k")
        assert len(alerts.open_alerts(tx.conn, [(shop.integration, "k")])) == 1


def test_a_held_alert_opens_its_incident_with_the_next_repeat(db: Database, shop: Seeded) -> None:
    run(db, "UPDATE services SET status = 'disabled'")
    happens(db, shop, ("trigger", "disk"))
    assert found(db) == []
    run(db, "UPDATE services SET status = 'active'")
    happens(db, shop, ("trigger", "disk"), ("trigger", "disk"))
    assert [incident.trigger_count for incident in found(db)] == [2]
    with db.begin() as tx:
        assert not alerts.open_alerts(tx.conn, [(shop.integration, "disk")])[shop.integration, "disk"].suppressed


def test_resolving_leaves_no_timer_and_no_open_alert(db: Database, shop: Seeded) -> None:
    happens(db, shop, ("trigger", "disk"))
    id = found(db)[0].id
    with db.begin() as tx:
        verbs.resolve(tx, person(shop), [id])
        assert timers.of(tx.conn, [id]) == []
        assert not alerts.is_open(tx.conn, shop.integration, "disk")
    assert found(db)[0].alerts_triggered == 0


def test_a_due_timer_climbs_once_and_a_stale_one_does_nothing(db: Database, shop: Seeded) -> None:
    happens(db, shop, ("trigger", "disk"))
    id = found(db)[0].id
    with db.begin() as tx:
        old = timers.of(tx.conn, [id])
    with db.begin() as tx:
        assert due.fire(tx, old) == 1
        assert due.fire(tx, old) == 0
    assert found(db)[0].assignees == (shop.people["bob"],)


def test_looking_again_and_paging_again_due_at_once_still_climbs(db: Database, shop: Seeded) -> None:
    run(db, "UPDATE users SET deleted_at = created_at WHERE name IN ('Alice', 'Bob')")
    happens(db, shop, ("trigger", "disk"))
    run(db, "UPDATE users SET deleted_at = NULL WHERE name IN ('Alice', 'Bob')")
    with db.begin() as tx:
        id = found(db)[0].id
        assert due.fire(tx, timers.of(tx.conn, [id])) == 2
        assert [timer.kind for timer in timers.of(tx.conn, [id])] == ["incident.escalate"]


def test_the_auditor_is_content_with_every_state(db: Database, shop: Seeded) -> None:
    happens(db, shop, *(("trigger", key) for key in "abcd"))
    ids = [incident.id for incident in found(db)]
    with db.begin() as tx:
        verbs.acknowledge(tx, person(shop), ids[:2])
        verbs.snooze(tx, person(shop), ids[:1], 60)
        verbs.resolve(tx, person(shop), ids[2:3])
    assert silent_now(db) == []
    assert {incident.status for incident in found(db)} == set(Status)


@pytest.mark.parametrize(
    "broken",
    [
        "DELETE FROM timers",
        "UPDATE timers SET kind = 'incident.resolve'",
        "UPDATE incidents SET status = 'acknowledged', acknowledgement_timeout = 60",
        "UPDATE incidents SET status = 'acknowledged', snoozed_until = created_at",
    ],
)
def test_the_auditor_finds_what_would_fall_silent(db: Database, shop: Seeded, broken: str) -> None:
    happens(db, shop, ("trigger", "disk"))
    assert silent_now(db) == []
    run(db, broken)
    assert silent_now(db) == [found(db)[0].id]


def test_low_urgency_is_no_reason_to_rest_at_high_urgency(db: Database, shop: Seeded) -> None:
    run(db, """UPDATE services SET incident_urgency_rule = '{"type": "constant", "urgency": "low"}'""")
    happens(db, shop, ("trigger", "disk"))
    assert silent_now(db) == []
    run(db, "UPDATE incidents SET urgency = 'high'")
    assert len(silent_now(db)) == 1
