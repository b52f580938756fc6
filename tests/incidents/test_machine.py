"""Anything in any order: the world's own check runs after every step (SPINE 9, SPINE 11)."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests import world
from tests.services.test_urgency import OFFICE, RAISE, hours
from tests.world import CAST, World, trigger
from tocsin.incidents.model import Status, TimerKind
from tocsin.services.logic import hold_of

KEYS = st.sampled_from(["disk", "cpu", "net"])
VIA = st.sampled_from(["api", "other"])
PEOPLE = st.sampled_from(CAST)
LEVEL = st.tuples(st.sampled_from([0, 0, 1, 5, 30]), st.lists(PEOPLE, min_size=1, max_size=3, unique=True))
RULES = st.lists(
    st.tuples(st.sampled_from(["high", "low"]), st.sampled_from([0, 0, 1, 7]), st.sampled_from(["mail", "phone"])),
    max_size=4,
)
URGENCY_RULES: list[dict[str, Any]] = [
    {"type": "constant", "urgency": "high"}, {"type": "constant", "urgency": "low"},
    {"type": "constant", "urgency": "severity_based"}, OFFICE,
]  # fmt: skip
PLACES = st.integers(0, 5)


class Paging(RuleBasedStateMachine):
    """One service, three keys, five people, any answers, gaps and edits."""

    @initialize(levels=st.lists(LEVEL, min_size=1, max_size=3), loops=st.integers(0, 2), repage=st.booleans())
    def begin(self, levels: list[Any], loops: int, repage: bool) -> None:
        self.w = World(levels=levels, loops=loops, repage=timedelta(minutes=30) if repage else None)

    @rule(keys=st.lists(KEYS, min_size=1, max_size=4), via=VIA, severity=st.sampled_from(["critical", "info"]))
    def triggers(self, keys: list[str], via: str, severity: str) -> None:
        self.w.happens(*(trigger(key, severity=severity, via=via) for key in keys))

    @rule(key=KEYS, via=VIA, again=st.booleans(), acknowledges=st.booleans())
    def answers(self, key: str, via: str, again: bool, acknowledges: bool) -> None:
        said = (world.acknowledge if acknowledges else world.resolve)(key, via)
        self.w.happens(said, *([trigger(key, via=via)] if again else []))

    @rule(urgency=st.sampled_from([None, "high", "low"]), users=st.lists(PEOPLE, max_size=2, unique=True))
    def opened_by_hand(self, urgency: str | None, users: list[str]) -> None:
        self.w.opens("by hand", users=users, urgency=urgency)

    @rule(minutes=st.sampled_from([0, 1, 4, 5, 6, 29, 30, 31, 240, 1500]), late=st.booleans())
    def time_passes(self, minutes: int, late: bool) -> None:
        if late:
            self.w.sleep(minutes=minutes)
        self.w.advance(minutes=0 if late else minutes)

    @precondition(lambda self: self.w.incidents)
    @rule(
        n=PLACES, by=PEOPLE,
        verb=st.sampled_from(["acknowledge", "acknowledge", "unacknowledge", "resolve", "delegate", "reopen"]),
    )  # fmt: skip
    def acts(self, n: int, by: str, verb: str) -> None:
        getattr(self.w, verb)(by, number=self.some(n))

    @precondition(lambda self: self.w.incidents)
    @rule(n=PLACES, by=PEOPLE, to=PEOPLE, level=st.integers(0, 4), urgency=st.sampled_from(["high", "low"]))
    def steers(self, n: int, by: str, to: str, level: int, urgency: str) -> None:
        number = self.some(n)
        match level:
            case 0:
                self.w.reassign(by, [to], number)
            case 1:
                self.w.set_urgency(by, urgency, number)
            case _:
                self.w.escalate_to(level - 1, by, number)

    @precondition(lambda self: self.w.incidents)
    @rule(n=PLACES, by=PEOPLE, minutes=st.sampled_from([1, 30, 600]), reopens=st.booleans())
    def snoozes_or_takes_back(self, n: int, by: str, minutes: int, reopens: bool) -> None:
        number = self.some(n)
        if reopens:
            self.w.reopen(by, "acknowledged", number)
        else:
            self.w.snooze(by, minutes, number)

    @precondition(lambda self: self.two_open())
    @rule(by=PEOPLE)
    def merges(self, by: str) -> None:
        one, other = self.two_open()[:2]
        self.w.merge(by, source=one, target=other)

    @rule(away=st.sets(PEOPLE), managers=st.sampled_from([(), ("carol",)]))
    def people_come_and_go(self, away: set[str], managers: tuple[str, ...]) -> None:
        self.w.away, self.w.managers = away, managers

    @rule(levels=st.lists(LEVEL, min_size=1, max_size=3), loops=st.integers(0, 2), ring=st.sets(st.integers(0, 2)))
    def the_policy_is_edited(self, levels: list[Any], loops: int, ring: set[int]) -> None:
        self.w.levels, self.w.loops, self.w.ring = levels, loops, tuple(ring)

    @rule(rule=st.sampled_from(URGENCY_RULES), ack=st.sampled_from([None, 60, 1800]), end=st.sampled_from([None, 3600]))
    def the_service_is_edited(self, rule: dict[str, Any], ack: int | None, end: int | None) -> None:
        office = {"support_hours": hours("09:00:00", "17:00:00"), "scheduled_actions": [RAISE]}
        self.w.set(urgency_rule=rule, acknowledgement_timeout=ack, auto_resolve_timeout=end, **office)

    @rule(status=st.sampled_from(["active", "active", "disabled"]))
    def the_service_is_disabled_or_not(self, status: str) -> None:
        self.w.set(status=status)

    @rule(id=st.sampled_from("VW"), minutes=st.sampled_from([0, 5, 30, 60]), after=st.sampled_from([0, 0, 5, 29, 30]))
    def maintenance_is_planned_moved_or_ended(self, id: str, minutes: int, after: int) -> None:
        if minutes:
            self.w.window(minutes, after, id)
        else:
            self.w.end_window(id)

    @rule(who=PEOPLE, rules=RULES, works=st.booleans())
    def rules_change_and_mail_dies(self, who: str, rules: list[Any], works: bool) -> None:
        self.w.pager.rules[who], self.w.pager.works = rules, works

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "w"):
            self.w.check()
            self.what_is_high_and_open_is_heard_again()
            self.what_fires_and_is_not_held_has_an_incident()

    def what_fires_and_is_not_held_has_an_incident(self) -> None:
        """Once what is due has happened: a service that nothing holds back has no alert without an incident."""
        if self.w.look_at is not None and self.w.look_at <= self.w.now:
            return  # a look is due, and comes first of all
        hold = hold_of(self.w.service, self.w.now)
        for alert in self.w.alerts.values():
            if alert.status == "triggered" and alert.incident_id is None:
                assert hold is not None
                assert (alert.held_by, alert.held_until, alert.held_why) == (hold.by, hold.until, hold.why)

    def what_is_high_and_open_is_heard_again(self) -> None:
        """With re-paging on, nothing urgent is ever more than a level's time away from its next step."""
        for incident in self.w.incidents.values():
            if incident.status is not Status.TRIGGERED or incident.urgency == "low" or self.w.repage is None:
                continue
            kinds = (TimerKind.ESCALATE, TimerKind.REPAGE)
            due = [self.w.timers[incident.id, kind] for kind in kinds if (incident.id, kind) in self.w.timers]
            assert len(due) == 1
            assert due[0] <= max(self.w.now, incident.updated_at) + timedelta(minutes=30)

    def some(self, n: int) -> int:
        """The number of one of the incidents, the latest more often."""
        numbers = sorted((incident.number for incident in self.w.incidents.values()), reverse=True)
        return numbers[n % len(numbers)]

    def two_open(self) -> list[int]:
        found = [i.number for i in self.w.incidents.values() if i.status is not Status.RESOLVED]
        return found if len(found) > 1 else []


TestPaging = Paging.TestCase
TestPaging.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
