"""A mail server in trouble delays pages and never loses one; a storm becomes few mails (core:N54, SPINE 3, SPINE 9)."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.install import Install, Way, plain
from tests.e2e.served import trigger

LOW = {"type": "constant", "urgency": "low"}


@pytest.fixture(autouse=True)
def _mail_works_again(install: Install) -> Iterator[None]:
    yield
    install.postbox.refuse = None
    install.postbox.come_back()


@pytest.mark.parametrize("reply", ["421 4.3.2 too busy", "450 4.2.0 greylisted", "550 5.7.1 relaying denied"])
def test_a_server_that_refuses_for_now_delays_the_page(install: Install, reply: str) -> None:
    install.postbox.refuse = reply
    incident = install.fire(install.service())
    install.served.advance(minutes=10)
    assert install.mails("alice") == []
    install.postbox.refuse = None
    install.served.advance(minutes=6)
    assert len(install.mails("alice")) == 1
    assert install.told(incident) == ["delayed", "success"]
    (delayed, _) = [entry for entry in install.log(incident) if entry.type == "notify"]
    assert reply.split()[1] in delayed.reason


def test_a_server_that_is_down_delays_the_page_and_the_first_mail_after_it_tells_of_all(install: Install) -> None:
    install.postbox.go_down()
    way = install.service()
    incidents = [install.fire(way, f"problem {n}", f"k{n}") for n in range(3)]
    install.served.advance(minutes=9)
    install.postbox.come_back()
    install.served.advance(minutes=6)
    (digest,) = install.mails("alice")
    assert digest["X-Tocsin-Total"] == "3"
    assert all(install.told(incident)[-1] == "success" for incident in incidents)
    assert install.told(incidents[0])[0] == "delayed"


def test_what_was_acknowledged_while_mail_was_down_is_not_sent_late(install: Install) -> None:
    install.postbox.go_down()
    way = install.service()
    first, _ = install.fire(way, dedup="over"), install.fire(way, dedup="open")
    install.tell(way, "acknowledge", "over")
    install.postbox.come_back()
    install.served.advance(minutes=6)
    (page,) = install.mails("alice")
    assert page["X-Tocsin-Total"] == "1"
    assert page["X-Tocsin-Incident"] != first


def test_an_address_that_does_not_exist_is_told_on_the_timeline_and_the_next_level_is_paged(install: Install) -> None:
    install.postbox.refuse = "550 5.1.1 no such mailbox"
    incident = install.fire(install.service(((5, ("alice",)), (5, ("bob",)))))
    install.postbox.refuse = None
    install.served.advance(minutes=5)
    assert install.told(incident) == ["failed", "success"]
    assert install.mailed() == {"bob": 1}


def test_while_mail_fails_the_server_stays_ready_and_says_so(install: Install) -> None:
    install.postbox.refuse = "451 4.3.0 no disk"
    install.fire(install.service())
    status, ready = install.served.call("GET", "/readyz")
    assert status == 200
    assert any(said.startswith("email: 1 failures in a row") and "no disk" in said for said in ready["degraded"])
    assert 'tocsin_channel_failures{channel="email"} 1.0' in _metrics(install)
    install.postbox.refuse = None
    install.served.advance(minutes=1)
    assert install.served.call("GET", "/readyz")[1]["degraded"] == []
    assert 'tocsin_channel_failures{channel="email"} 0.0' in _metrics(install)


def test_a_page_of_high_urgency_does_not_wait_for_those_of_low(install: Install) -> None:
    low, high = install.service(incident_urgency_rule=LOW), install.service()
    for n in range(3):
        install.fire(low, dedup=f"low{n}")
    assert len(install.mails("alice")) == 1
    install.fire(high, "burning")
    assert "burning" in install.mails("alice")[-1]["Subject"]


def test_the_first_page_of_high_urgency_is_tried_although_many_of_low_are_due_with_it(install: Install) -> None:
    install.postbox.refuse = "451 later"
    install.fire(install.service(((30, ("alice", "bob", "carol", "dan")),), incident_urgency_rule=LOW), "low")
    install.fire(install.service(((30, ("eve",)),)), "high")
    install.postbox.refuse = None
    install.served.advance(minutes=1)
    assert len(install.mails("eve")) == 1


def test_a_storm_is_at_most_three_mails_in_two_minutes_and_the_digest_lists_50(install: Install) -> None:
    way = install.service()
    _storm(install, way, 300)
    install.served.advance(minutes=2)
    mails = install.mails("alice")
    assert 1 <= len(mails) <= 3
    totals = [int(mail["X-Tocsin-Total"]) for mail in mails]
    assert sum(totals) == 300
    digest = plain(mails[totals.index(max(totals))])
    assert len(re.findall(r"/app/incidents/\w+", digest)) == 50
    assert f"{max(totals) - 50} more" in digest


def test_every_incident_of_a_storm_has_its_page_in_the_ledger(install: Install) -> None:
    way = install.service()
    _storm(install, way, 120)
    install.served.advance(minutes=2)
    (found,) = install.rows(
        "SELECT count(*) AS incidents, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM log_entries l WHERE"
        " l.incident_id = i.id AND l.type = 'notify' AND l.details->>'status' = 'success')) AS paged FROM incidents i"
    )
    assert (found.incidents, found.paged) == (120, 120)


def _storm(install: Install, way: Way, size: int) -> None:
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda n: install.send(trigger(way.key, f"problem {n}", f"s{n}")), range(size)))


def _metrics(install: Install) -> str:
    return str(install.served.text("/metrics"))
