"""Escalation as people live it: real workers, real mail, the test clock (core:P70-P74, SPINE 11)."""

from datetime import datetime, timedelta

from sqlalchemy import text

from tests.e2e.install import Install, Way

A_THEN_B = ((5, ("alice",)), (5, ("bob",)))


def test_p70_nobody_answers_so_it_climbs_twice_and_then_pages_again_every_half_hour(install: Install) -> None:
    incident = install.fire(install.service(A_THEN_B, loops=1))
    install.served.advance(minutes=20, seconds=30)
    climb = [(0, "alice"), (5, "bob"), (10, "alice"), (15, "bob")]
    assert install.pages(incident) == climb
    kinds = [(minute, kind) for minute, kind, _ in install.timeline(incident)]
    assert kinds == [
        (0, "trigger"), (0, "assign"), (5, "escalate"), (10, "repeat_escalation_path"), (10, "escalate"),
        (15, "escalate"), (20, "exhaust_escalation_path"),
    ]  # fmt: skip
    install.served.advance(minutes=61)
    again = install.pages(incident)[len(climb) :]
    assert {minute for minute, _ in again} == {50, 80}
    assert {name for _, name in again} == {"bob", "eve"}
    assert install.status(incident) == "triggered"


def test_p70_the_mails_say_who_is_paged_at_which_level_and_a_re_page_says_that_it_is_one(install: Install) -> None:
    install.fire(install.service(A_THEN_B))
    install.served.advance(minutes=41)
    assert install.mailed() == {"alice": 1, "bob": 2, "eve": 1}
    first, again = install.mails("bob")
    assert (first["X-Tocsin-Kind"], again["X-Tocsin-Kind"]) == ("page", "re-page")


def test_p71_a_level_with_nobody_is_passed_over_at_once(install: Install) -> None:
    incident = install.fire(install.service(((5, ()), (5, ("bob",)))))
    assert install.timeline(incident)[1] == (0, "assign", ("bob",))
    assert install.pages(incident) == [(0, "bob")]


def test_p72_both_of_a_level_are_paged_and_one_answer_stops_the_other_s_later_rules(install: Install) -> None:
    _later_rule(install, "alice", "bob", minutes=5)
    incident = install.fire(way := install.service(((30, ("alice", "bob")), (30, ("carol",)))))
    assert sorted(install.pages(incident)) == [(0, "alice"), (0, "bob")]
    install.served.advance(minutes=1)
    install.tell(way, "acknowledge")
    install.served.advance(hours=3)
    assert len(install.pages(incident)) == 2
    assert [kind for _, kind, _ in install.timeline(incident)].count("acknowledge") == 1


def test_a_person_s_later_rule_is_sent_while_nobody_answers(install: Install) -> None:
    _later_rule(install, "alice", minutes=5)
    incident = install.fire(install.service(((30, ("alice",)),)))
    install.served.advance(minutes=6)
    assert install.pages(incident) == [(0, "alice"), (5, "alice")]


def test_p73_an_acknowledgement_that_times_out_pages_again_and_then_climbs(install: Install) -> None:
    way = install.service(A_THEN_B, acknowledgement_timeout=1800)
    incident = install.fire(way)
    install.served.advance(minutes=1)
    install.tell(way, "acknowledge")
    assert install.status(incident) == "acknowledged"
    install.served.advance(minutes=36)
    kinds = [(minute, kind) for minute, kind, _ in install.timeline(incident)]
    assert kinds[2:] == [(1, "acknowledge"), (31, "unacknowledge"), (36, "escalate")]
    assert install.pages(incident) == [(0, "alice"), (31, "alice"), (36, "bob")]


def test_p74_low_urgency_stays_with_its_person_however_long_it_takes(install: Install) -> None:
    rule = {"type": "constant", "urgency": "low"}
    incident = install.fire(install.service(A_THEN_B, incident_urgency_rule=rule))
    install.served.advance(hours=24)
    assert install.pages(incident) == [(0, "alice")]
    assert install.timeline(incident) == [(0, "trigger", ()), (0, "assign", ("alice",))]


def test_a_level_without_delay_is_paged_and_so_is_the_next_at_once(install: Install) -> None:
    incident = install.fire(install.service(((0, ("alice",)), (5, ("bob",)), (5, ("carol",)))))
    assert install.pages(incident) == [(0, "alice"), (0, "bob")]
    install.served.advance(minutes=5)
    assert install.pages(incident)[2:] == [(5, "carol")]


def test_a_policy_whose_delays_are_all_nothing_waits_a_minute_a_round(install: Install) -> None:
    incident = install.fire(install.service(((0, ("alice",)), (0, ("bob",))), loops=2))
    install.served.advance(minutes=2, seconds=30)
    entered = [minute for minute, kind, _ in install.timeline(incident) if kind in ("assign", "escalate")]
    assert entered == [0, 0, 1, 1, 2, 2]


def test_round_robin_takes_turns(install: Install) -> None:
    way = install.service(((30, ("alice", "bob", "carol")),))
    _round_robin(install, way)
    taken = [install.timeline(install.fire(way, dedup=f"k{n}"))[1][2] for n in range(4)]
    assert taken == [("alice",), ("bob",), ("carol",), ("alice",)]


def test_what_resolves_by_itself_without_an_answer_tells_those_who_had_it(install: Install) -> None:
    incident = install.fire(install.service(auto_resolve_timeout=3600))
    install.served.advance(minutes=60)
    assert install.status(incident) == "resolved"
    page, notice = install.mails("alice")
    assert (page["X-Tocsin-Kind"], notice["X-Tocsin-Kind"]) == ("page", "notice")


def test_nobody_on_call_at_any_level_opens_it_for_the_owner_and_pages_them_again(install: Install) -> None:
    incident = install.fire(install.service(((5, ()),)))
    assert install.timeline(incident) == [(0, "trigger", ()), (0, "assign", ("eve",))]
    install.served.advance(minutes=31)
    assert install.pages(incident) == [(0, "eve"), (30, "eve")]


def test_a_day_of_silence_is_stepped_through_in_order(install: Install) -> None:
    incident = install.fire(install.service(((10, ("alice",)), (10, ("bob",))), loops=9))
    install.served.advance(hours=3, minutes=19)
    assert install.pages(incident) == [(10 * n, ("alice", "bob")[n % 2]) for n in range(20)]
    instants: list[datetime] = [entry.at for entry in install.log(incident)]
    assert instants == sorted(instants)
    assert instants[-1] - instants[0] < timedelta(hours=3, minutes=11)


def _later_rule(install: Install, *names: str, minutes: int) -> None:
    for name in names:
        _change(
            install,
            "INSERT INTO notification_rules (id, user_id, contact_method_id, urgency, start_delay_in_minutes,"
            " created_at) SELECT 'PLATER' || left(m.id, 8), m.user_id, m.id, 'high', :minutes, m.created_at"
            " FROM contact_methods m WHERE m.user_id = :user ON CONFLICT DO NOTHING",
            minutes=minutes,
            user=install.seeded.people[name],
        )


def _round_robin(install: Install, way: Way) -> None:
    _change(
        install,
        "UPDATE escalation_rules SET strategy = 'round_robin' WHERE policy_id ="
        " (SELECT escalation_policy_id FROM services WHERE id = :s)",
        s=way.service,
    )


def _change(install: Install, statement: str, **given: object) -> None:
    with install.database.begin() as tx:
        tx.conn.execute(text(statement), given)
