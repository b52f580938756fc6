"""`tocsin simulate`: whom an event would page, without storing or sending anything."""

import json
from pathlib import Path

import pytest

from tests.cli.tocsin import tocsin
from tests.seed import seed
from tocsin.core.db import Database


@pytest.fixture
def event(tmp_path: Path, pg_url: str) -> Path:
    database = Database(pg_url)
    key = seed(database).key
    database.close()
    path = tmp_path / "event.json"
    payload = {"summary": "disk full", "source": "db1", "severity": "critical"}
    path.write_text(json.dumps({"routing_key": key, "event_action": "trigger", "payload": payload}))
    return path


def test_it_says_who_when_which_channel_and_why(event: Path, tmp_path: Path, pg_url: str) -> None:
    ran = tocsin("simulate", "--event", str(event), "--json", place=tmp_path, TOCSIN_DATABASE_URL=pg_url)
    told = [(page["user"]["email"], page["level"], page["channel"], page["address"]) for page in ran.json["pages"][:2]]
    assert told == [
        ("alice@example.com", 1, "email", "alice@example.com"),
        ("bob@example.com", 2, "email", "bob@example.com"),
    ]
    assert ran.json["outcome"] == "incident"
    assert ran.json["pages"][0]["why"].startswith("You are on call at level 1")


def test_the_table_shows_the_same_to_a_person(event: Path, tmp_path: Path, pg_url: str) -> None:
    words = ["simulate", "--event", str(event), "--at", "2026-03-29T02:30:00Z"]
    ran = tocsin(*words, place=tmp_path, TOCSIN_DATABASE_URL=pg_url)
    assert "alice@example.com" in ran.out
    assert "2026-03-29T02:30:00Z" in ran.out


def test_what_is_no_event_or_no_time_is_one_line(event: Path, tmp_path: Path, pg_url: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[1")
    for words in (["--event", str(bad)], ["--event", str(event), "--at", "noon"], ["--event", str(tmp_path / "none")]):
        assert tocsin("simulate", *words, place=tmp_path, TOCSIN_DATABASE_URL=pg_url).refusal
