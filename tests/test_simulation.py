"""tocsin simulate: the real deciders, run ahead over the account as it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select, update

from tests.schedules.cast import at, layer
from tests.seed import Seeded, seed
from tocsin.accounts.store.tables import contact_methods, notification_rules, users
from tocsin.core import actor, ids
from tocsin.core.db import Database, Tx, to_json
from tocsin.core.intake_log import Raw, Stored
from tocsin.core.metadata import metadata
from tocsin.escalation.store.tables import escalation_rules
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.incidents.store.tables import log_entries
from tocsin.schedules import commands
from tocsin.services.store.tables import services
from tocsin.simulation import simulate

NOW = at("2026-02-02 12:00")


@pytest.fixture
def database(pg_url: str) -> Iterator[Database]:
    """Seeded straight into the tables, so without the watch over audit records."""
    database = Database(pg_url, pool=4)
    yield database
    database.close()


def _event(key: str, **more: Any) -> dict[str, Any]:
    payload = {"summary": "disk full", "source": "db1", "severity": "critical"}
    return {"routing_key": key, "event_action": "trigger", "dedup_key": "disk", "payload": payload, **more}


def _told(got: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    """("HH:MM", name, level) of each page."""
    return [(page["at"][11:16], page["user"]["email"].partition("@")[0], page["level"]) for page in got["pages"]]


def _change(database: Database, *statements: Any) -> None:
    with database.begin() as tx:
        for statement in statements:
            tx.conn.execute(statement)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"routing_key": None}, "'routing_key' is missing or blank"),
        (
            {"event_action": "shout"},
            "'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')",
        ),
        ({"payload": {}}, "'payload.summary' is missing or blank"),
        ({"routing_key": "0" * 31}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
    ],
)
def test_an_event_that_would_be_refused_says_why(database: Database, change: dict[str, Any], reason: str) -> None:
    got = simulate(database, _event(seed(database).key) | change, NOW)
    assert (got["outcome"], got["reasons"][0], got["pages"]) == ("rejected: Event object is invalid", reason, [])


def test_an_unknown_key_leads_nowhere(database: Database) -> None:
    seed(database)
    got = simulate(database, _event("f" * 32), NOW)
    assert (got["outcome"], got["pages"]) == ("rejected: Invalid routing key", [])


def test_a_disabled_service_stores_and_pages_nobody(database: Database) -> None:
    made = seed(database)
    _change(database, update(services).values(status="disabled", name="Shop"))
    got = simulate(database, _event(made.key), NOW)
    assert (got["outcome"], got["pages"]) == ("held: Shop is disabled: stored, nobody is paged", [])


def test_maintenance_holds_it_and_what_still_fires_at_its_end_pages(database: Database) -> None:
    made = seed(database)
    window = {"id": "PW", "name": "Deploy", "start": "2026-02-02T11:00:00Z", "end": "2026-02-02T13:00:00Z"}
    _change(database, update(services).values(maintenance=[window], name="Shop"))
    got = simulate(database, _event(made.key), NOW)
    assert got["outcome"] == (
        "held: Shop is in maintenance: held until 2026-02-02T13:00:00Z by maintenance window “Deploy” (PW)"
    )
    assert _told(got)[:2] == [("13:00", "alice", 1), ("13:05", "bob", 2)]
    assert any("was held back" in reason and "still fires" in reason for reason in got["reasons"])
    assert _told(simulate(database, _event(made.key), at("2026-02-02 13:00")))[0] == ("13:00", "alice", 1)


def test_an_acknowledgement_without_an_open_alert_is_ignored(database: Database) -> None:
    got = simulate(database, _event(seed(database).key, event_action="acknowledge"), NOW)
    assert (got["outcome"], got["pages"]) == ("ignored: no open alert has this dedup_key", [])


def test_everybody_asleep_is_paged_level_by_level_and_then_again(database: Database) -> None:
    got = simulate(database, _event(seed(database).key), NOW)
    assert got["outcome"] == "incident"
    assert _told(got) == [("12:00", "alice", 1), ("12:05", "bob", 2), ("12:40", "bob", 2), ("12:40", "eve", 2)]
    assert got["pages"][0]["address"] == "alice@example.com"
    assert got["pages"][0]["why"].startswith("You are on call at level 1 of Policy")
    assert any("every level was tried and nobody answered" in reason for reason in got["reasons"])


def test_later_rules_of_a_person_stop_when_the_level_moves_on(database: Database) -> None:
    made = seed(database, [(10, ("alice",)), (10, ("bob",))])
    with database.begin() as tx:
        method = tx.conn.scalar(select(contact_methods.c.id).where(contact_methods.c.user_id == made.people["alice"]))
    rows = [{"id": ids.thing(), "user_id": made.people["alice"], "contact_method_id": method, "urgency": "high",
             "start_delay_in_minutes": n, "created_at": NOW} for n in (7, 13)]  # fmt: skip
    _change(database, insert(notification_rules).values(rows))
    got = simulate(database, _event(made.key), NOW)
    assert _told(got)[:3] == [("12:00", "alice", 1), ("12:07", "alice", 1), ("12:10", "bob", 2)]
    assert ("12:13", "alice", 1) not in _told(got)


def test_low_urgency_is_told_once_and_never_climbs(database: Database) -> None:
    made = seed(database)
    _change(database, update(services).values(incident_urgency_rule={"type": "constant", "urgency": "low"}))
    assert _told(simulate(database, _event(made.key), NOW)) == [("12:00", "alice", 1)]


def _on_schedule(database: Database, made: Seeded, **more: Any) -> None:
    """Level 1 is a schedule: Carol until 12:03, then Dan, in turns that change at that minute each day."""
    carol, dan = made.people["carol"], made.people["dan"]
    turns = layer(f"{carol} {dan}", start="2026-02-01 12:03", **more)
    with database.begin() as tx:
        asked = commands.Asked("Primary", "UTC", None, (turns,), (), ())
        id = commands.add(Tx(tx.conn, at("2026-01-01 00:00")), actor.system(), asked)
        target = [{"kind": "schedule", "id": id}]
        tx.conn.execute(update(escalation_rules).values(targets=target))


def test_schedules_are_resolved_at_each_instant(database: Database) -> None:
    made = seed(database)
    _on_schedule(database, made)
    got = simulate(database, _event(made.key), NOW)
    assert _told(got)[:2] == [("12:00", "carol", 1), ("12:05", "dan", 2)]


def test_nobody_on_call_falls_to_the_owner_until_a_shift_begins(database: Database) -> None:
    made = seed(database)
    _on_schedule(database, made, rvs="2026-02-01 12:03", end="2026-02-02 00:00")
    got = simulate(database, _event(made.key), NOW)
    assert _told(got) == [("12:00", "eve", None), ("12:30", "eve", None)]
    assert any("nobody is on call at any level" in reason for reason in got["reasons"])


def test_a_person_without_a_rule_is_named(database: Database) -> None:
    made = seed(database)
    _change(database, notification_rules.delete().where(notification_rules.c.user_id == made.people["alice"]))
    got = simulate(database, _event(made.key), NOW)
    assert _told(got)[0] == ("12:05", "bob", 2)
    assert any("alice@example.com has no notification rule for high urgency" in reason for reason in got["reasons"])


def test_deleted_people_are_passed_over(database: Database) -> None:
    made = seed(database)
    _change(database, update(users).where(users.c.id == made.people["alice"]).values(deleted_at=NOW))
    assert _told(simulate(database, _event(made.key), NOW))[0] == ("12:00", "bob", 2)


def test_a_service_can_be_named_in_place_of_its_key(database: Database) -> None:
    made = seed(database)
    event = {name: value for name, value in _event(made.key).items() if name != "routing_key"}
    assert simulate(database, event | {"service": made.service}, NOW)["outcome"] == "incident"
    got = simulate(database, event | {"service": "no such"}, NOW)
    assert got["reasons"] == ["no service 'no such' with an Events integration"]


def test_without_an_instant_it_is_now(database: Database) -> None:
    got = simulate(database, _event(seed(database).key), None)
    first = datetime.fromisoformat(got["pages"][0]["at"])
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=30)


def _happened(database: Database, event: dict[str, Any]) -> None:
    """The same event, for real."""
    raw = Raw("v2", NOW, event["routing_key"], event["dedup_key"], msgspec.Raw(to_json(event).encode()))
    with database.begin() as tx:
        take(Tx(tx.conn, NOW), [read(Stored("1.0", 1, 0, True, raw))])


def test_a_repeat_of_an_open_alert_pages_nobody(database: Database) -> None:
    event = _event(seed(database).key)
    _happened(database, event)
    got = simulate(database, event, NOW + timedelta(minutes=1))
    assert (got["outcome"], got["pages"]) == ("repeat of open alert", [])
    assert simulate(database, event | {"event_action": "resolve"}, NOW)["outcome"] == "resolved"


def test_the_simulation_says_what_then_really_happens(database: Database) -> None:
    event = _event(seed(database).key)
    foretold = simulate(database, event, NOW)["reasons"]
    _happened(database, event)
    with database.begin() as tx:
        reasons = list(tx.conn.scalars(select(log_entries.c.reason).order_by(log_entries.c.seq)))
    assert [reason.partition(" ")[2] for reason in foretold[: len(reasons)]] == reasons


def test_nothing_is_stored(database: Database) -> None:
    made = seed(database, [(0, ("alice",)), (0, ("bob",))], loops=9)
    before = _rows(database)
    assert len(simulate(database, _event(made.key), NOW)["pages"]) > 10
    assert _rows(database) == before


def _rows(database: Database) -> dict[str, int]:
    with database.begin() as tx:
        tables = [table for table in metadata.sorted_tables if not table.name.startswith("toy")]
        return {table.name: tx.conn.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
