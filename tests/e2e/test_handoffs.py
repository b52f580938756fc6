"""A hand-off told by real workers on the test clock, and the calendar that the server serves (core:N31, core:S50)."""

import hashlib
import urllib.request
from datetime import timedelta
from typing import Any

from icalendar import Calendar
from sqlalchemy import insert, text

from tests.e2e.install import Install, Way, plain
from tocsin.accounts.commands import handoff_rules
from tocsin.accounts.store.people import methods_of
from tocsin.accounts.store.tables import calendar_feeds
from tocsin.accounts.wire_handoffs import HandoffRuleBody
from tocsin.core.actor import system
from tocsin.core.db import Tx
from tocsin.rest.body import read
from tocsin.schedules import commands
from tocsin.schedules.wire import ScheduleBody

TOKEN = "the-token-of-a-calendar"


def rota(tx: Tx, install: Install, way: Way) -> None:
    """Bob takes over from Alice in two hours, and wants to know half an hour before."""
    alice, bob = (install.seeded.people[name] for name in ("alice", "bob"))
    start = (tx.now - timedelta(hours=22)).isoformat()
    layer = {"name": "Days", "start": start, "rotation_virtual_start": start, "rotation_turn_length_seconds": 86_400,
             "users": [{"user": {"id": id}} for id in (alice, bob)]}  # fmt: skip
    body: Any = {"name": "Rota", "time_zone": "UTC", "schedule_layers": [layer]}
    schedule = commands.add(tx, system(), read(ScheduleBody, body).asked())
    method = {"id": methods_of(tx.conn, [bob])[0].id}
    rule = {"handoff_type": "oncall", "notify_advance_in_minutes": 30, "contact_method": method}
    handoff_rules.add(tx, system(), bob, read(HandoffRuleBody, rule))
    tx.conn.execute(
        text(
            "UPDATE escalation_rules SET targets = jsonb_build_array(jsonb_build_object('kind', 'schedule', 'id', "
            "CAST(:id AS text))) WHERE policy_id = (SELECT escalation_policy_id FROM services WHERE id = :service)"
        ),
        {"id": schedule, "service": way.service},
    )
    digest = hashlib.sha256(TOKEN.encode()).digest()
    feed = {"kind": "schedule", "subject_id": schedule, "sha256": digest, "token": "sealed", "made_at": tx.now}
    tx.conn.execute(insert(calendar_feeds).values(feed))


def test_who_takes_over_is_told_within_the_minute_and_the_calendar_says_so_too(install: Install) -> None:
    way = install.service()
    install.database.run(lambda tx: rota(tx, install, way))
    install.served.advance(minutes=89)
    assert install.mailed() == {}
    install.served.advance(minutes=1, seconds=1)
    assert install.mailed() == {"bob": 1}
    (mail,) = install.mails("bob")
    assert "You go on call for Rota on " in str(mail["Subject"])
    assert "Alice has the shift before you" in plain(mail)
    install.served.advance(hours=4)
    assert install.mailed() == {"bob": 1}
    with urllib.request.urlopen(f"{install.served.base}/private/{TOKEN}/feed") as answer:
        events = list(Calendar.from_ical(answer.read()).walk("VEVENT"))
    assert {str(event["summary"]) for event in events} == {
        "On call: Alice (Rota)", "On call: Bob (Rota)",
    }  # fmt: skip
