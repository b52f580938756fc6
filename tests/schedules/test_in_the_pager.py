"""Schedules as targets of a policy, through the real intake and back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from tests.schedules.cast import at, layer
from tests.seed import Seeded, seed
from tocsin.core import actor
from tocsin.core.db import Database, Tx, to_json
from tocsin.core.intake_log import Raw, Stored
from tocsin.core.timers import due
from tocsin.escalation.store.tables import escalation_rules
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.incidents.commands.due import EVENTS, fire
from tocsin.incidents.store.tables import incidents
from tocsin.incidents.store.uses import uses_of_schedule
from tocsin.schedules import commands

NOW = at("2026-02-02 12:00")


@pytest.fixture
def database(pg_url: str) -> Iterator[Database]:
    """Seeded straight into the tables, so without the watch over audit records."""
    database = Database(pg_url, pool=4)
    yield database
    database.close()


def _scheduled(database: Database) -> tuple[Seeded, str]:
    """Both levels point at one schedule: Carol until 12:03, then Dan."""
    made = seed(database)
    turns = layer(f"{made.people['carol']} {made.people['dan']}", start="2026-02-01 12:03")
    with database.begin() as tx:
        asked = commands.Asked("Primary", "UTC", None, (turns,), (), ())
        id = commands.add(Tx(tx.conn, at("2026-01-01 00:00")), actor.system(), asked)
        tx.conn.execute(update(escalation_rules).values(targets=[{"kind": "schedule", "id": id}]))
    return made, id


def _happens(database: Database, key: str, action: str, **payload: Any) -> None:
    event = {"routing_key": key, "event_action": action, "dedup_key": "disk", "payload": payload}
    raw = Raw("v2", NOW, key, "disk", msgspec.Raw(to_json(event).encode()))
    with database.begin() as tx:
        take(Tx(tx.conn, NOW), [read(Stored("1.0", 1, 0, True, raw))])


def _trigger(database: Database, key: str) -> None:
    _happens(database, key, "trigger", summary="disk full", source="db1", severity="critical")


def _assigned(database: Database) -> list[str]:
    with database.begin() as tx:
        [given] = tx.conn.scalars(select(incidents.c.assignments)).all()
    return [assignment["user_id"] for assignment in given]


def test_each_level_goes_to_whoever_has_the_turn_when_it_is_entered(database: Database) -> None:
    made, _ = _scheduled(database)
    _trigger(database, made.key)
    assert _assigned(database) == [made.people["carol"]]
    later = NOW + timedelta(minutes=5)
    with database.begin() as tx:
        assert fire(Tx(tx.conn, later), due(tx.conn, list(EVENTS), later, None, 10)) == 1
    assert _assigned(database) == [made.people["dan"]]


def test_a_schedule_in_the_snapshot_of_an_open_incident_stays_until_it_is_resolved(database: Database) -> None:
    made, id = _scheduled(database)
    _trigger(database, made.key)
    with database.begin() as tx:
        tx.conn.execute(update(escalation_rules).values(targets=[{"kind": "user", "id": made.people["bob"]}]))
        [reason] = uses_of_schedule(tx.conn, id)
    assert reason.startswith("Schedule can't be deleted if it's being used by an escalation policy snapshot")
    with database.begin() as tx:
        assert uses_of_schedule(tx.conn, "POTHER") == []
    _happens(database, made.key, "resolve")
    with database.begin() as tx:
        assert uses_of_schedule(tx.conn, id) == []
