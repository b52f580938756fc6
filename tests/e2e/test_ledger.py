"""The ledger alone tells it all: who was paged when, and the times that analytics need (SPINE 4, ei:A10b)."""

from datetime import timedelta
from typing import Any

from tests.e2e.install import Install


def test_times_to_answer_and_to_resolve_and_every_page_follow_from_the_log_entries_alone(install: Install) -> None:
    way = install.service(((5, ("alice",)), (5, ("bob",)), (30, ("carol",))))
    first = install.fire(way, dedup="one")
    install.served.advance(minutes=7)
    second = install.fire(way, dedup="two")
    install.served.advance(minutes=1)
    install.tell(way, "acknowledge", "one")
    install.served.advance(minutes=20)
    install.tell(way, "resolve", "one")
    install.tell(way, "resolve", "two")
    ledger = install.rows("SELECT * FROM log_entries WHERE incident_id IS NOT NULL ORDER BY incident_id, seq")
    by_incident = {id: [entry for entry in ledger if entry.incident_id == id] for id in (first, second)}
    assert _minutes_to(by_incident[first], "acknowledge") == 8
    assert _minutes_to(by_incident[second], "acknowledge") is None
    resolved = [_minutes_to(entries, "resolve") for entries in by_incident.values()]
    assert resolved == [28, 21]
    assert _paged(install, by_incident[first]) == [(0, "alice"), (5, "bob")]
    assert _paged(install, by_incident[second]) == [(7, "alice"), (12, "bob"), (17, "carol")]
    for entries in by_incident.values():
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert all(entry.reason and entry.actor_name and entry.cause for entry in entries)
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def _minutes_to(entries: list[Any], kind: str) -> int | None:
    """Whole minutes from the trigger to the first entry of this type."""
    at = next((entry.at for entry in entries if entry.type == kind), None)
    return int((at - entries[0].at) / timedelta(minutes=1)) if at else None


def _paged(install: Install, entries: list[Any]) -> list[tuple[int, str]]:
    sent = [entry for entry in entries if entry.type == "notify" and entry.details["status"] == "success"]
    return [(install.minute(entry.at), install.names[entry.user_id]) for entry in sent]
