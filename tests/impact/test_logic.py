"""Which business services are impacted, as a pure question (ei:BS4)."""

from datetime import UTC, datetime, timedelta

from tocsin.impact.logic import behind, impacts
from tocsin.impact.model import Cause, Priority, Relation

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
P1, P3 = Priority("PP1", 1), Priority("PP3", 3)
EDGES = [
    ("service/DB", "business_service/TILL"), ("service/WEB", "business_service/TILL"),
    ("business_service/TILL", "business_service/SHOP"), ("service/WEB", "business_service/HELP"),
]  # fmt: skip


def cause(id: str, service: str, priority: Priority | None = P1, counts: bool = True, **said: str) -> Cause:
    """An open incident; the later its letter, the younger."""
    at = NOON + timedelta(minutes=ord(id))
    return Cause(id, service, at, priority, counts, {key: (Relation(value), NOON) for key, value in said.items()})


def test_impact_climbs_through_everything_that_depends() -> None:
    found = impacts([cause("a", "DB")], EDGES)
    assert set(found) == {"TILL", "SHOP"}
    assert found["SHOP"].priority == P1


def test_the_most_severe_priority_and_the_youngest_incident_count() -> None:
    causes = [cause("a", "DB", P1), cause("b", "WEB", P3)]
    found = impacts(causes, EDGES)
    assert {id: one.priority for id, one in found.items()} == {"TILL": P1, "SHOP": P1, "HELP": P3}
    assert found["SHOP"].since == causes[1].created_at
    assert behind(causes, [found["HELP"]]) == causes[1:]
    assert behind(causes, found.values()) == causes


def test_what_is_said_by_hand_wins_and_is_carried_nowhere() -> None:
    spared = cause("a", "DB", TILL="not_impacted")
    assert set(impacts([spared], EDGES)) == {"SHOP"}
    assert set(impacts([spared, cause("b", "WEB", P3)], EDGES)) == {"TILL", "SHOP", "HELP"}
    assert impacts([spared, cause("b", "WEB", P3)], EDGES)["TILL"].priority == P3
    by_hand = impacts([cause("a", "OTHER", None, False, TILL="impacted")], EDGES)
    assert set(by_hand) == {"TILL"}
    assert by_hand["TILL"].priority is None


def test_an_incident_that_does_not_count_impacts_nothing() -> None:
    assert impacts([cause("a", "DB", P3, False)], EDGES) == impacts([], EDGES) == {}
