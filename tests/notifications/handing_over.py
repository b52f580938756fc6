"""A schedule of Alice and Bob, and time that passes over it: what the timers of hand-offs come to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from tests.rest_client import RestClient
from tests.schedules import wired
from tocsin.core import timers
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.notifications.commands import handoffs
from tocsin.notifications.store.tables import sends
from tocsin.workers.loops import FIRED_BY

RULES = "oncall_handoff_notification_rule"


@dataclass
class HandingOver:
    """Alice is on call now; from `next_at` on Bob is, for a day, and so on. `now` is where time has come to."""

    client: RestClient
    database: Database
    people: dict[str, str]
    schedule: str
    next_at: datetime
    now: datetime

    def wants(self, name: str, minutes: int, kind: str = "both", type: str = "email") -> str:
        """Somebody makes a rule; its id."""
        at = f"/users/{self.people[name]}"
        methods = self.client.get(f"{at}/contact_methods").body["contact_methods"]
        method = next(one for one in methods if one["type"].startswith(type))
        rule = {"handoff_type": kind, "notify_advance_in_minutes": minutes, "contact_method": {"id": method["id"]}}
        made = self.client.post(f"{at}/{RULES}s", {RULES: rule}, lenient=True)
        assert made.status == 201, made.body
        return str(made.body[RULES]["id"])

    def overrides(self, name: str, start: datetime, **length: float) -> None:
        """Somebody takes over for a while."""
        given = wired.override(self.people[name], wired.stamp(start), wired.stamp(start + timedelta(**length)))
        got = self.client.post(f"/schedules/{self.schedule}/overrides", {"overrides": [given]})
        assert got.body[0]["status"] == 201, got.body

    def comes(self, at: datetime) -> list[str]:
        """Time comes to `at`, every timer fires on its way; the subjects of what was sent, in order."""
        before = {row.id for row in self.sent()}
        self.now = max(self.now, real_now())
        while due := self._due(at):
            self.now = max(self.now, due[0].due_at)
            with self.database.begin() as tx:
                moved = replace(tx, now=self.now)
                assert FIRED_BY[due[0].kind](moved, [one for one in due if one.kind == due[0].kind][:1])
        self.now = at
        return [row.notice["subject"] for row in self.sent() if row.id not in before]

    def _due(self, at: datetime) -> list[timers.Timer]:
        kinds = [*handoffs.OF_PEOPLE, *handoffs.OF_SCHEDULES]
        with self.database.begin() as tx:
            return timers.due(tx.conn, kinds, at, None, 100)

    def sent(self) -> list[Any]:
        """Every notice, oldest first."""
        with self.database.begin() as tx:
            return list(tx.conn.execute(select(sends).where(sends.c.kind == "notice").order_by(sends.c.id)))


def begun(client: RestClient, database: Database, serves: str = "service") -> HandingOver:
    """`serves`: service | disabled | nothing (a policy without) | always (a policy that tells always) | "" (none)."""
    people = wired.cast(database, "alice", "bob")
    now = real_now().replace(microsecond=0)
    start = wired.stamp(now - timedelta(hours=20))
    turns = wired.layer(people.values(), start=start, rotation_virtual_start=start)
    schedule = wired.add(client, turns)["id"]
    if serves:
        _serve(client, schedule, serves)
    return HandingOver(client, database, people, schedule, now + timedelta(hours=4), now)


def _serve(client: RestClient, schedule: str, serves: str) -> None:
    target = {"id": schedule, "type": "schedule_reference"}
    rules = [{"escalation_delay_in_minutes": 5, "targets": [target]}]
    always = "always" if serves == "always" else "if_has_services"
    body = {"type": "escalation_policy", "name": "Ops", "escalation_rules": rules,
            "on_call_handoff_notifications": always}  # fmt: skip
    policy = client.post("/escalation_policies", {"escalation_policy": body}).body["escalation_policy"]
    if serves in ("service", "disabled"):
        named = {"id": policy["id"], "type": "escalation_policy_reference"}
        made = client.post("/services", {"service": {"type": "service", "name": "Web", "escalation_policy": named}})
        if serves == "disabled":
            service = made.body["service"]
            got = client.put(f"/services/{service['id']}", {"service": service | {"status": "disabled"}}, lenient=True)
            assert got.body["service"]["status"] == "disabled"
