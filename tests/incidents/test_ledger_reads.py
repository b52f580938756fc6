"""Log entries of teams and of people, and what is written anew in one's channel (core:L5, core:L6, clients.md)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.incidents.acme import Acme
from tocsin.incidents.store import ledger
from tocsin.incidents.store.ledger import Span
from tocsin.incidents.store.tables import incidents, log_entries


@pytest.fixture
def team(acme: Acme) -> str:
    """The policy's team."""
    made = acme.client.post("/teams", {"team": {"type": "team", "name": "Core"}}).body["team"]["id"]
    assert acme.client.put(f"/teams/{made}/escalation_policies/{acme.policy}").status == 204
    return str(made)


def test_a_teams_entries_are_those_of_its_incidents_page_by_page(acme: Acme, team: str) -> None:
    for n in range(4):
        acme.triggers(f"k{n}")
    acme.becomes(acme.triggers("k0"), status="acknowledged")
    every = acme.client.get("/log_entries?limit=100").body["log_entries"]
    found = acme.client.get(f"/log_entries?team_ids[]={team}&limit=100&total=true").body
    assert (found["log_entries"], found["total"]) == (every, len(every))
    paged: list[Any] = []
    for offset in range(0, len(every) + 2, 2):
        paged += acme.client.get(f"/log_entries?team_ids[]={team}&limit=2&offset={offset}").body["log_entries"]
    assert paged == every
    assert acme.client.get("/log_entries?team_ids[]=PNONE&total=true").body["log_entries"] == []


@pytest.mark.parametrize("crowd", [0, 20_000])
def test_a_teams_newest_entries_are_right_whichever_way_they_are_read(
    acme: Acme, team: str, monkeypatch: pytest.MonkeyPatch, crowd: int
) -> None:
    monkeypatch.setattr(ledger, "CROWD", crowd)
    ids = [acme.triggers(f"k{n}") for n in range(5)]
    _spread(acme, ids)
    with acme.database.begin() as tx:
        every = tx.conn.execute(select(log_entries).order_by(log_entries.c.at.desc(), log_entries.c.id.desc())).all()
        middle = every[len(every) // 2].at
        spans = (Span(), Span(overview=True), Span(since=middle), Span(until=middle))
        for span, most in ((span, most) for span in spans for most in (1, 3, 6, 50)):
            got = tx.conn.execute(ledger.of_teams(tx.conn, [team], span, most).limit(most)).all()
            assert [row.id for row in got] == [row.id for row in every if _within(row, span)][:most]


def _spread(acme: Acme, ids: list[str]) -> None:
    """Each incident opened a day after the one before; the first one had a last entry just now."""
    with acme.database.begin() as tx:
        for n, id in enumerate(ids):
            back = timedelta(days=len(ids) - n)
            for table, names in ((incidents, ("created_at", "last_logged_at")), (log_entries, ("at",))):
                mine = table.c.id == id if table is incidents else table.c.incident_id == id
                tx.conn.execute(update(table).where(mine).values({name: table.c[name] - back for name in names}))
    acme.becomes(ids[0], status="acknowledged")


def _within(row: Any, span: Span) -> bool:
    late = span.since is None or row.at >= span.since
    early = span.until is None or row.at < span.until
    return late and early and not (span.overview and row.type in ledger.OVERLOOKED)


def test_a_persons_entries_are_what_they_did_were_told_and_were_given(acme: Acme) -> None:
    id = acme.triggers("k")
    with acme.database.begin() as tx:
        acme.pages(tx, id, "alice", {"type": "email", "address": "alice@example.com", "status": "success"})
    acme.becomes(id, assignments=[{"assignee": acme.user("bob")}])
    of = {
        name: [one["type"] for one in acme.client.get(f"/users/{acme.people[name]}/log_entries").body["log_entries"]]
        for name in ("alice", "bob", "carol")
    }
    assert of["bob"] == ["assign_log_entry"]
    assert of["alice"] == ["assign_log_entry", "notify_log_entry", "assign_log_entry"]  # she assigned it to Bob
    assert of["carol"] == []
    got = acme.client.get(f"/users/{acme.people['alice']}/log_entries?is_overview=true&total=true&limit=1").body
    assert (got["log_entries"], got["total"]) == ([], 0)
    assert acme.client.get("/users/PNONE/log_entries").status == 404


def test_what_a_person_wrote_in_the_channel_can_be_written_anew(acme: Acme) -> None:
    entry = acme.entries(acme.opens()["id"])[0]
    assert entry["channel"]["type"] == "web_trigger"
    at = f"/log_entries/{entry['id']}"
    done = acme.client.put(f"{at}/channel", {"channel": {"type": "web_trigger", "details": "It was the disk"}})
    assert (done.status, done.body) == (202, None)
    assert acme.client.get(at).body["log_entry"]["channel"]["details"] == "It was the disk"
    for wrong in ({"type": "mobile", "details": "x"}, {"type": "web_trigger"}, {"type": "email", "details": "x"}):
        assert acme.client.put(f"{at}/channel", {"channel": wrong}, lenient=True).status == 400
    by_event = acme.entries(acme.triggers("k"))[0]
    channel = {"channel": {"type": "web_trigger", "details": "x"}}
    other = acme.client.put(f"/log_entries/{by_event['id']}/channel", channel)
    assert other.errors == ["type cannot be changed: the channel of this log entry is of the type api"]
    assert acme.client.put("/log_entries/RNONE/channel", channel).status == 404
