"""Responder requests over the wire, and down to the mail (core:I100-I104, SPINE 3)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.accounts import people
from tests.incidents.acme import Acme
from tests.rest_client import Reply
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.incidents.store.audit import silent
from tocsin.notifications.commands import planning, sending
from tocsin.notifications.commands.sending import Addresses
from tocsin.notifications.model import Message, Sent
from tocsin.notifications.store.tables import items

URLS = Addresses(
    lambda *given: "https://x/answer", lambda id: f"https://x/{id}", "https://x",
    reply=lambda incident, user, action, send, request, now: f"https://x/{action}/{request}",
)  # fmt: skip


def ask(acme: Acme, id: str, *targets: tuple[str, str], by: str = "alice", **more: Any) -> Reply:
    wanted = [{"responder_request_target": {"id": one, "type": f"{kind}_reference"}} for kind, one in targets]
    body = {"requester_id": acme.people.get(by, by), "message": "Join us", "responder_request_targets": wanted, **more}
    return acme.client.post(f"/incidents/{id}/responder_requests", body, lenient=True)


def cancel(acme: Acme, id: str, *targets: tuple[str, str]) -> Reply:
    wanted = [{"id": one, "type": f"{kind}_reference"} for kind, one in targets]
    body = {"requester_id": acme.people["alice"], "responder_request_targets": wanted}
    return acme.client.put(f"/incidents/{id}/responder_requests/cancel", body)


def answers(acme: Acme, id: str, name: str, state: str) -> Reply:
    body = {"responder_reply": {"state": state}}
    return acme.acting(name).put(f"/tocsin/incidents/{id}/responder_reply", body)


def handed_over(acme: Acme) -> list[Message]:
    """Plan what waits, and hand every mail over."""
    acme.database.run(planning.plan)

    def deliver(tx: Tx) -> list[Message]:
        later = Tx(tx.conn, real_now() + timedelta(minutes=2))
        ready = sending.claim(later, "email", "w", timedelta(minutes=1), 50, URLS)
        for send, _ in ready:
            sending.settle(later, send, Sent("ok"))
        return [message for _, message in ready]

    return acme.database.run(deliver)


def to(messages: list[Message], name: str) -> list[Message]:
    return [message for message in messages if message.kind != "notice" and message.to == f"{name}@example.com"]


def test_people_and_policies_are_asked_and_stand_in_the_incident(acme: Acme) -> None:
    id = acme.opens()["id"]
    got = ask(acme, id, ("user", acme.people["carol"]), ("escalation_policy", acme.policy))
    assert got.status == 200
    made = got.body["responder_request"]
    assert (made["message"], made["requester"]["summary"], made["incident"]["id"]) == ("Join us", "Alice", id)
    first, second = (one["responder_request_target"] for one in made["responder_request_targets"])
    assert (first["type"], first["incidents_responders"][0]["state"]) == ("user", "pending")
    assert (second["summary"], second["incidents_responders"][0]["user"]["summary"]) == ("Ops", "Alice")
    shown = acme.incident(id)
    assert {one["user"]["summary"] for one in shown["incidents_responders"]} == {"Carol", "Alice"}
    assert shown["incidents_responders"][1]["escalation_policy_requests"] == ["Ops"]
    assert shown["responder_requests"] == [made]
    entry = acme.entries(id)[-1]
    assert (entry["type"], entry["summary"]) == ("annotate_log_entry", "Alice asked Carol, Ops for help")
    assert acme.client.get(f"/log_entries/{entry['id']}").status == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"requester_id": None}, 2011), ({"requester_id": "PNONE"}, 1008), ({"message": None}, 2001),
        ({"message": "x" * 5001}, 2001), ({"responder_request_targets": []}, 2001),
        ({"responder_request_targets": [{"id": "PNONE", "type": "user"}]}, 2013),
        ({"responder_request_targets": [{"id": "PNONE", "type": "escalation_policy_reference"}]}, 1014),
        ({"responder_request_targets": [{"id": "PNONE", "type": "schedule"}]}, 2001),
        ({"responder_request_targets": [7]}, 2001),
        ({"responder_request_targets": [{"responder_request_target": 1}]}, 2001),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_asks_nobody(acme: Acme, more: dict[str, Any], code: int) -> None:
    id = acme.opens()["id"]
    got = ask(acme, id, ("user", acme.people["carol"]), **more)
    assert (got.status, got.code) == (400, code), got.body
    assert acme.incident(id)["responder_requests"] == []


def test_nobody_is_asked_for_what_is_over_or_not_there(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    assert (ask(acme, id, ("user", acme.people["carol"])).code, ask(acme, "QNONE", ("user", "P")).status) == (1001, 404)


def test_the_mail_says_who_asks_in_which_words_where_to_meet_and_how_to_answer(acme: Acme) -> None:
    id = acme.opens(
        conference_bridge={"conference_number": "+1 555 0100", "conference_url": "https://meet.example.com/1"}
    )["id"]
    ask(acme, id, ("user", acme.people["carol"]))
    (message,) = to(handed_over(acme), "carol")
    told = message.incidents[0].asked
    assert told is not None
    assert (message.kind, told.by, told.message) == ("request", "Alice", "Join us")
    assert (told.conference_number, told.conference_url) == ("+1 555 0100", "https://meet.example.com/1")
    assert told.join_url.startswith("https://x/join/P")
    acme.database.run(planning.plan)
    assert [entry["type"] for entry in acme.entries(id)][-1] == "notify_log_entry"


def test_a_page_that_waits_survives_the_acknowledgement_of_another_and_dies_with_the_request(acme: Acme) -> None:
    first, second = acme.opens()["id"], acme.opens("Other")["id"]
    for id in (first, second):
        ask(acme, id, ("user", acme.people["carol"]))
        acme.database.run(planning.plan)
        acme.becomes(id, status="acknowledged")
    assert [
        one["result"] for one in cancel(acme, second, ("user", acme.people["carol"])).body["responder_request_targets"]
    ] == ["cancelled"]
    (message,) = to(handed_over(acme), "carol")
    assert [one.id for one in message.incidents] == [first]
    with acme.database.begin() as tx:
        dropped = tx.conn.execute(
            select(items.c.reason).where(items.c.incident_id == second, items.c.state == "dropped")
        )
        assert "the request for help is answered or taken back" in dropped.scalars().all()


def test_a_request_beside_an_assignment_is_a_page_of_its_own(acme: Acme) -> None:
    id = acme.opens()["id"]
    acme.database.run(planning.plan)
    ask(acme, id, ("user", acme.people["bob"]))
    acme.becomes(id, assignments=[{"assignee": acme.user("bob")}])
    asked = [one.asked is not None for message in to(handed_over(acme), "bob") for one in message.incidents]
    assert sorted(asked) == [False, True]


def test_whoever_is_asked_answers_by_rest_and_may_even_if_they_only_look_otherwise(acme: Acme) -> None:
    id = acme.opens()["id"]
    watcher = people.add(acme.client, "Olaf", role="observer")["id"]
    theirs = acme.client.as_key(people.key_of(acme.database, watcher))
    body = {"responder_reply": {"state": "joined"}}
    assert theirs.put(f"/tocsin/incidents/{id}/responder_reply", body).status == 403
    ask(acme, id, ("user", watcher), ("user", acme.people["carol"]))
    got = theirs.put(f"/tocsin/incidents/{id}/responder_reply", body)
    assert (got.status, got.body["incidents_responder"]["state"]) == (200, "joined")
    assert answers(acme, id, "carol", "declined").body["incidents_responder"]["state"] == "declined"
    assert (answers(acme, id, "bob", "joined").status, answers(acme, id, "carol", "perhaps").status) == (400, 400)
    assert acme.incident(id)["assignments"][0]["assignee"]["summary"] == "Alice"


def test_acknowledging_joins(acme: Acme) -> None:
    id = acme.opens()["id"]
    ask(acme, id, ("user", acme.people["carol"]))
    acme.puts(id, acme.acting("carol"), status="acknowledged")
    assert [one["state"] for one in acme.incident(id)["incidents_responders"]] == ["joined"]


def test_taking_back_says_what_came_of_each(acme: Acme) -> None:
    id = acme.opens()["id"]
    carol, bob = acme.people["carol"], acme.people["bob"]
    ask(acme, id, ("user", carol), ("user", bob), ("escalation_policy", acme.policy))
    answers(acme, id, "carol", "joined")
    answers(acme, id, "bob", "declined")
    wanted = [("user", carol), ("user", bob), ("escalation_policy", acme.policy), ("user", "PNONE")]
    got = cancel(acme, id, *wanted)
    assert [one["result"] for one in got.body["responder_request_targets"]] == [
        "joined",
        "declined",
        "cancelled",
        "not_found",
    ]
    assert got.body["responder_request_targets"][0]["type"] == "user_reference"
    assert (cancel(acme, "QNONE", ("user", bob)).status, cancel(acme, id).status) == (404, 200)


def test_the_auditor_misses_the_timer_of_a_walk(acme: Acme) -> None:
    id = acme.opens()["id"]
    ask(acme, id, ("escalation_policy", acme.policy))
    acme.puts(id, acme.acting("carol"), status="acknowledged")
    with acme.database.begin() as tx:
        assert silent(tx.conn) == []
        tx.conn.execute(text("DELETE FROM timers WHERE kind = 'incident.request'"))
        assert silent(tx.conn) == [id]


def test_whom_a_request_may_still_reach_cannot_be_deleted(acme: Acme) -> None:
    id = acme.opens()["id"]
    ask(acme, id, ("user", acme.people["carol"]))
    got = acme.client.delete(f"/users/{acme.people['carol']}")
    assert (got.status, got.errors) == (400, ["User is asked to help with open incidents"])


def test_a_hundred_incidents_with_requests_cost_no_more_statements(acme: Acme) -> None:
    ids = [acme.opens(f"Trouble {n}")["id"] for n in range(3)]
    with acme.counting() as plain:
        acme.client.get("/incidents")
    for id in ids:
        ask(acme, id, ("user", acme.people["carol"]), ("escalation_policy", acme.policy))
    with acme.counting() as sent:
        acme.client.get("/incidents")
    assert len(sent) == len(plain)
