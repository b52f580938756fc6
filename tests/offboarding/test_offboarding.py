"""Somebody leaves: nothing that is open, scheduled or on a policy is left dangling (core:P62)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests import audited
from tests.seed import Seeded, seed
from tocsin.accounts.commands import keys, sessions, teams
from tocsin.accounts.store import people, tables
from tocsin.accounts.wire import TeamBody
from tocsin.core.actor import Actor, ActorKind, system
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.effects import effects
from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.incidents.commands import verbs
from tocsin.incidents.commands.opening import NewIncident, create
from tocsin.incidents.model import Via
from tocsin.incidents.store.audit import silent
from tocsin.incidents.store.incidents import load
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.commands.planning import plan
from tocsin.notifications.store.tables import sends
from tocsin.offboarding.commands import offboard
from tocsin.schedules import commands as schedules
from tocsin.schedules.logic import who
from tocsin.schedules.store.loading import load as load_schedules
from tocsin.schedules.wire import ScheduleBody
from tocsin.upkeep.doctor import people as examined


@dataclass
class Firm:
    """The cast: Alice on level 1 of the policy, Bob on level 2; Eve owns the account."""

    database: Database
    seeded: Seeded

    def id(self, name: str) -> str:
        return self.seeded.people[name]

    def actor(self, name: str, role: str = "admin") -> Actor:
        return Actor(ActorKind.USER, self.id(name), name.title(), "website", role)

    def incident(self, **more: Any) -> str:
        new = NewIncident("Disk full", self.seeded.service, **more)
        return self.database.run(lambda tx: create(tx, system(), new)).id

    def leaves(self, name: str, stand_in: str | None = "carol", by: str = "eve") -> Any:
        to = self.id(stand_in) if stand_in else None
        audited.forget(self.database.engine)
        standing = self.database.run(lambda tx: offboard(tx, self.actor(by, "owner"), self.id(name), to))
        with self.database.begin() as tx:
            assert audited.unrecorded(tx.conn) == []
        return standing

    def look(self, incident_id: str) -> Any:
        with self.database.begin() as tx:
            return load(tx.conn, [incident_id])[incident_id]

    def paged(self) -> list[str]:
        """Who is paged by what was decided since this was last asked."""
        with self.database.begin() as tx:
            found = [row.body["page"]["user_id"] for row in tx.conn.execute(select(effects).order_by(effects.c.id))
                     if row.kind == "page"]  # fmt: skip
            tx.conn.execute(effects.delete())
        return [name for user in found for name, id in self.seeded.people.items() if id == user]

    def assert_nothing_dangles(self, name: str) -> None:
        """No row that still matters names this person; the auditor and the doctor have nothing to say."""
        with self.database.begin() as tx:
            for statement in LEFT_BEHIND:
                assert tx.conn.execute(text(statement), {"id": self.id(name)}).all() == [], statement
            assert silent(tx.conn) == []
            assert [found for found in examined(tx, CHANNELS) if found.level == "red"] == []


LEFT_BEHIND = (
    "SELECT id FROM incidents WHERE status <> 'resolved' AND (assignments::text LIKE '%' || :id || '%'"
    " OR acknowledgements::text LIKE '%' || :id || '%')",
    "SELECT p.id FROM policy_snapshots p JOIN incidents i ON i.snapshot_id = p.id AND i.status <> 'resolved'"
    " WHERE p.body::text LIKE '%' || :id || '%'",
    "SELECT r.id FROM escalation_rules r WHERE r.targets::text LIKE '%' || :id || '%'",
    "SELECT l.layer_id FROM schedule_layers l WHERE l.users::text LIKE '%' || :id || '%' AND \"end\" IS NULL",
    'SELECT id FROM schedule_overrides WHERE user_id = :id AND "end" > clock_timestamp()',
    "SELECT id FROM sends WHERE user_id = :id AND state IN ('waiting', 'unknown')",
    "SELECT id FROM sessions WHERE user_id = :id",
    "SELECT id FROM api_keys WHERE user_id = :id AND revoked_at IS NULL",
    "SELECT user_id FROM team_members WHERE user_id = :id",
    "SELECT id FROM users WHERE id = :id AND deleted_at IS NULL",
)


@pytest.fixture
def firm(pg_url: str) -> Iterator[Firm]:
    database = Database(pg_url, pool=4)
    yield Firm(database, seed(database))
    database.close()


def weekly(firm: Firm, *names: str) -> str:
    """A schedule of these people, a day each, on the first level of the policy."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10, hours=3)
    layer = {
        "name": "Days", "start": start.isoformat(), "rotation_virtual_start": start.isoformat(),
        "rotation_turn_length_seconds": 86_400, "users": [{"user": {"id": firm.id(name)}} for name in names],
    }  # fmt: skip
    asked = ScheduleBody.model_validate({"name": "Rota", "time_zone": "UTC", "schedule_layers": [layer]}).asked()
    return firm.database.run(lambda tx: schedules.add(tx, system(), asked))


def turns(firm: Firm, schedule: str, now: datetime) -> list[str]:
    """Who is on call at noon of the next three weeks."""
    named = {id: name for name, id in firm.seeded.people.items()}
    with firm.database.begin() as tx:
        loaded = load_schedules(tx.conn, [schedule])[schedule]
    return [named[user] for day in range(21) for user in who(loaded, now + timedelta(days=day, minutes=1))]


def test_an_open_incident_goes_to_the_stand_in_who_is_paged_and_climbs_on(firm: Firm) -> None:
    incident = firm.incident()
    assert firm.paged() == ["alice"]
    firm.leaves("alice")
    found = firm.look(incident)
    assert (found.assignees, found.status, found.assigned_via) == ((firm.id("carol"),), "triggered", Via.POLICY)
    assert firm.paged() == ["carol"]
    firm.assert_nothing_dangles("alice")


def test_what_the_leaver_acknowledged_is_open_again(firm: Firm) -> None:
    incident = firm.incident()
    firm.database.run(lambda tx: verbs.acknowledge(tx, firm.actor("alice"), [incident]))
    firm.paged()
    firm.leaves("alice")
    assert (firm.look(incident).status, firm.paged()) == ("triggered", ["carol"])
    firm.assert_nothing_dangles("alice")


def test_an_incident_that_may_yet_reach_the_leaver_finds_the_stand_in_and_pages_nobody_now(firm: Firm) -> None:
    incident = firm.incident()
    firm.paged()
    firm.leaves("bob")
    assert (firm.look(incident).assignees, firm.paged()) == ((firm.id("alice"),), [])
    assert firm.look(incident).snapshot.levels[1].targets[0].id == firm.id("carol")
    firm.assert_nothing_dangles("bob")


def test_what_somebody_else_acknowledged_stays_acknowledged(firm: Firm) -> None:
    incident = firm.incident()
    firm.database.run(lambda tx: verbs.reassign(tx, firm.actor("eve"), [incident], [firm.id("alice"), firm.id("dan")]))
    firm.database.run(lambda tx: verbs.acknowledge(tx, firm.actor("dan"), [incident]))
    firm.paged()
    firm.leaves("alice")
    assert (firm.look(incident).status, firm.look(incident).assignees) == ("acknowledged", (firm.id("dan"),))
    assert firm.paged() == []
    firm.assert_nothing_dangles("alice")


def test_a_direct_assignment_of_low_urgency_is_handed_over_as_well(firm: Firm) -> None:
    firm.database.run(lambda tx: tx.conn.execute(text("UPDATE services SET incident_urgency_rule = "
                      "'{\"type\": \"constant\", \"urgency\": \"low\"}'")) and None)  # fmt: skip
    incident = firm.incident()
    firm.database.run(lambda tx: verbs.reassign(tx, firm.actor("eve"), [incident], [firm.id("alice")]))
    firm.paged()
    firm.leaves("alice")
    assert (firm.look(incident).assignees, firm.paged()) == ((firm.id("carol"),), ["carol"])
    firm.assert_nothing_dangles("alice")


def test_resolved_incidents_keep_their_history(firm: Firm) -> None:
    incident = firm.incident()
    firm.database.run(lambda tx: verbs.resolve(tx, firm.actor("alice"), [incident]))
    before = firm.look(incident)
    firm.leaves("alice")
    assert firm.look(incident) == before


def test_nobody_elses_turn_moves_on_a_schedule(firm: Firm) -> None:
    rota, now = weekly(firm, "alice", "bob", "dan"), real_now()
    before = turns(firm, rota, now)
    firm.leaves("alice")
    assert turns(firm, rota, now) == ["carol" if name == "alice" else name for name in before]
    assert set(before) == {"alice", "bob", "dan"}
    firm.assert_nothing_dangles("alice")


@pytest.mark.parametrize("days", [0, 1, 2])
def test_whoever_is_on_call_now_the_cover_has_no_hole(firm: Firm, days: int) -> None:
    names = ("alice", "bob", "dan")
    rota, now = weekly(firm, *names[days:], *names[:days]), real_now()
    firm.leaves("alice")
    assert len(turns(firm, rota, now)) == 21


def test_overrides_of_the_leaver_change_hands_at_their_place(firm: Firm) -> None:
    rota, now = weekly(firm, "bob"), real_now()

    def override(name: str, hours: float, until: float) -> None:
        with firm.database.begin() as tx:
            row = schedules.get(tx.conn, rota, lock=True)
            start, end = now + timedelta(hours=hours), now + timedelta(hours=until)
            schedules.add_override(tx, system(), row, firm.id(name), start, end)

    override("alice", 0, 72)
    override("dan", 24, 30)
    override("alice", 240, 250)
    before = turns(firm, rota, now)
    firm.leaves("alice")
    assert turns(firm, rota, now) == ["carol" if name == "alice" else name for name in before]
    firm.assert_nothing_dangles("alice")


def test_a_stand_in_who_is_on_the_level_already_is_there_once(firm: Firm) -> None:
    with firm.database.begin() as tx:
        tx.conn.execute(text("UPDATE escalation_rules SET targets = jsonb_build_array("
            "jsonb_build_object('kind', 'user', 'id', CAST(:a AS text)), jsonb_build_object('kind', 'user', 'id', "
            "CAST(:c AS text))) WHERE position = 0"), {"a": firm.id("alice"), "c": firm.id("carol")})  # fmt: skip
    incident = firm.incident()
    firm.leaves("alice")
    assert firm.look(incident).assignees == (firm.id("carol"),)
    firm.assert_nothing_dangles("alice")


def test_without_a_choice_the_owner_takes_over_and_is_told_by_mail(firm: Firm) -> None:
    incident = firm.incident()
    firm.leaves("alice", None)
    assert firm.look(incident).assignees == (firm.id("eve"),)
    firm.database.run(lambda tx: plan(tx) and None)
    with firm.database.begin() as tx:
        told = tx.conn.execute(select(sends.c.address, sends.c.notice).where(sends.c.kind == "notice")).all()
    assert [(row.address, row.notice["subject"]) for row in told] == [("eve@example.com", "You took over from Alice")]


def test_keys_sessions_and_waiting_pages_end(firm: Firm) -> None:
    firm.incident()
    firm.database.run(lambda tx: plan(tx) and None)
    firm.database.run(lambda tx: keys.issue(tx, system(), firm.id("alice"), "mine"))
    firm.database.run(lambda tx: sessions.start(tx, firm.id("alice"), real_now()))
    firm.leaves("alice")
    firm.assert_nothing_dangles("alice")


def test_a_team_keeps_a_manager(firm: Firm) -> None:
    team = firm.database.run(lambda tx: teams.add(tx, system(), TeamBody(name="Ops")))
    firm.database.run(lambda tx: teams.put_member(tx, system(), teams.get(tx.conn, team), firm.id("alice"), "manager"))
    firm.leaves("alice")
    with firm.database.begin() as tx:
        members = [(row.user_id, row.role) for row in tx.conn.execute(people.find_members(team))]
    assert members == [(firm.id("carol"), "manager")]


def test_policies_and_schedules_say_in_the_audit_who_handed_them_over(firm: Firm) -> None:
    weekly(firm, "alice")
    firm.leaves("alice")
    with firm.database.begin() as tx:
        query = text("SELECT resource_type, action FROM audit_records WHERE actor_id = :eve ORDER BY id")
        records = [tuple(row) for row in tx.conn.execute(query, {"eve": firm.id("eve")})]
    assert ("escalation_policy", "update") in records
    assert ("schedule_layer", "update") in records
    assert ("user", "delete") in records


@pytest.mark.parametrize(
    ("leaver", "stand_in", "by", "refusal"),
    [("eve", "carol", "alice", Invalid), ("alice", "alice", "eve", Invalid), ("alice", None, "alice", Invalid)],
)
def test_the_owner_oneself_and_the_leaver_as_stand_in_are_refused(
    firm: Firm, leaver: str, stand_in: str | None, by: str, refusal: type[Exception]
) -> None:
    incident = firm.incident()
    with pytest.raises(refusal):
        firm.leaves(leaver, stand_in, by)
    assert firm.look(incident).assignees == (firm.id("alice"),)


def test_a_manager_cannot_off_board_an_admin_and_strangers_do_not_exist(firm: Firm) -> None:
    with firm.database.begin() as tx:
        tx.conn.execute(tables.users.update().where(tables.users.c.id == firm.id("alice")).values(role="admin"))
    with pytest.raises(Forbidden):
        firm.database.run(lambda tx: offboard(tx, firm.actor("bob", "user"), firm.id("alice"), firm.id("carol")))
    with pytest.raises(NotFound):
        firm.database.run(lambda tx: offboard(tx, firm.actor("eve", "owner"), "PNOBODY", None))


def test_a_stakeholder_cannot_take_over(firm: Firm) -> None:
    with firm.database.begin() as tx:
        mine = tables.users.c.id == firm.id("carol")
        tx.conn.execute(tables.users.update().where(mine).values(role="read_only_user"))
    with pytest.raises(Invalid, match="stakeholder"):
        firm.leaves("alice")


def test_an_incident_opened_at_the_same_instant_is_not_left_behind(firm: Firm) -> None:
    """The leaver is still on the policy when it is decided; off-boarding waits for it and sees it."""
    with firm.database.begin() as tx:
        create(tx, system(), NewIncident("Just now", firm.seeded.service))
        waits = text("SET LOCAL lock_timeout = '100ms'")

        def hurried(other: Any) -> None:
            other.conn.execute(waits)
            offboard(other, firm.actor("eve", "owner"), firm.id("alice"), firm.id("carol"))

        with pytest.raises(Exception, match="lock timeout"), firm.database.begin() as other:
            hurried(other)
    firm.leaves("alice")
    firm.assert_nothing_dangles("alice")
