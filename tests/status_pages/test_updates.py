"""Status updates: written, kept, and sent once to everybody who wants to hear (core:I91-I92, core:N32, ei:SU1)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.incidents.acme import Acme
from tests.rest_client import Reply
from tests.status_pages.test_rest_subscriptions import capability, results, team, who
from tocsin.accounts.store.tables import account
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.notifications.commands import sending
from tocsin.notifications.commands.broadcasting import LANE
from tocsin.notifications.commands.sending import Addresses
from tocsin.notifications.model import Message
from tocsin.notifications.store.tables import sends
from tocsin.status_pages.commands import planning, subscribing

URLS = Addresses(
    lambda *given: "", lambda id: f"https://x/app/incidents/{id}", "https://x/app",
    unsubscribe=lambda incident, user, now: f"https://x/app/unsubscribe/{user}",
)  # fmt: skip


def says(acme: Acme, id: str, message: str = "We are on it", **more: Any) -> Reply:
    return acme.client.post(f"/incidents/{id}/status_updates", {"message": message, **more}, lenient=True)


def planned(acme: Acme, most: int = 500) -> list[str]:
    """Everybody's letters planned; their addresses, in order."""
    while acme.database.run(lambda tx: planning.plan(tx, most)):
        pass
    with acme.database.begin() as tx:
        query = select(sends.c.address).where(sends.c.channel == LANE).order_by(sends.c.address)
        return [address.partition("@")[0] for address in tx.conn.scalars(query)]


def claimed(acme: Acme, lane: str = LANE) -> list[Message]:
    def claim(tx: Tx) -> list[Message]:
        later = Tx(tx.conn, real_now() + timedelta(minutes=2))
        return [message for _, message in sending.claim(later, lane, "w", timedelta(minutes=1), 50, URLS)]

    return acme.database.run(claim)


def test_an_update_is_kept_told_and_on_the_ledger(acme: Acme) -> None:
    id = acme.opens()["id"]
    got = says(acme, id, "The fire spreads", subject="Fire", html_message="<h1>Fire</h1><script>x</script>")
    made = got.body["status_update"]
    assert (got.status, made["sender"]["summary"], made["subject"]) == (200, "Alice", "Fire")
    assert set(says(acme, id).body["status_update"]) == {"id", "message", "created_at", "sender"}
    assert set(says(acme, id, subject="", html_message=None).body["status_update"]) == {
        "id",
        "message",
        "created_at",
        "sender",
    }
    entry = acme.entries(id)[-3]
    assert (entry["type"], entry["channel"]["summary"]) == ("annotate_log_entry", "The fire spreads")


@pytest.mark.parametrize(
    "more",
    [{"subject": "x"}, {"html_message": "x"}, {"message": ""}, {"message": " "}, {"message": None}, {"message": 7},
     {"message": "x" * 10_001}, {"subject": "x" * 501, "html_message": "x"},
     {"subject": "x", "html_message": "x" * 100_001}],
)  # fmt: skip
def test_what_says_nothing_or_too_much_is_refused(acme: Acme, more: dict[str, Any]) -> None:
    id = acme.opens()["id"]
    got = says(acme, id, **{"message": "x"} | more)
    assert (got.status, got.code) == (400, 2001)
    nobody = acme.client.as_key(acme.client.key)
    assert nobody.post(f"/incidents/{id}/status_updates", {"message": "x"}).code == 2016
    assert says(acme, "QNONE").status == 404


def test_it_reaches_everybody_once_whichever_way_they_subscribed(acme: Acme) -> None:
    business, id = capability(acme), acme.opens()["id"]
    ops = team(acme, "Ops", "bob", "carol")
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(("user", acme.people["carol"]), ("team", ops)))
    results(acme, f"/business_services/{business}/subscribers", who(("user", acme.people["alice"]), ("team", ops)))
    says(acme, id)
    assert planned(acme, most=1) == ["alice", "bob", "carol"]
    assert planned(acme) == ["alice", "bob", "carol"]


def test_the_account_may_hear_of_a_business_service(acme: Acme) -> None:
    business, id = capability(acme), acme.opens()["id"]
    acme.client.post(f"/business_services/{business}/account_subscription", None)
    says(acme, id)
    assert planned(acme) == ["alice", "bob", "carol", "owner"]


def test_a_personal_no_outlives_teams_and_the_account_until_asked_for_by_name(acme: Acme) -> None:
    id, ops = acme.opens()["id"], team(acme, "Ops", "bob", "carol")
    path = f"/incidents/{id}/status_updates"
    results(acme, f"{path}/subscribers", who(("user", acme.people["carol"])))
    acme.client.post(f"{path}/unsubscribe", who(("user", acme.people["carol"])))
    results(acme, f"{path}/subscribers", who(("team", ops)))
    counts = acme.client.post(f"{path}/unsubscribe", who(("user", acme.people["bob"]))).body
    assert counts["deleted_count"] == 1
    says(acme, id)
    assert planned(acme) == []
    results(acme, f"{path}/subscribers", who(("user", acme.people["carol"])))
    says(acme, id)
    assert planned(acme) == ["carol"]


def test_a_link_in_the_mail_ends_what_comes_through_a_business_service_too(acme: Acme) -> None:
    business, id = capability(acme), acme.opens()["id"]
    results(acme, f"/business_services/{business}/subscribers", who(("user", acme.people["carol"])))
    acme.database.run(lambda tx: subscribing.refuse(tx, acme.people["carol"], id))
    says(acme, id)
    assert planned(acme) == []
    says(acme, acme.opens("Another")["id"])
    assert planned(acme) == ["carol"]


def test_who_may_not_see_the_incident_any_more_is_passed_over(acme: Acme) -> None:
    id = acme.opens()["id"]
    results(
        acme,
        f"/incidents/{id}/status_updates/subscribers",
        who(("user", acme.people["carol"]), ("user", acme.people["bob"])),
    )
    hidden = team(acme, "Hidden", "bob", default_role="none")
    acme.client.put(f"/teams/{hidden}/escalation_policies/{acme.policy}")
    says(acme, id)
    assert planned(acme) == ["bob"]


def test_a_persons_rules_say_where_to(acme: Acme) -> None:
    id, carol = acme.opens()["id"], acme.people["carol"]
    method = {"type": "email_contact_method", "label": "Desk", "address": "desk@example.com"}
    made = acme.client.post(f"/users/{carol}/contact_methods", {"contact_method": method}).body["contact_method"]
    path, ref = f"/users/{carol}/status_update_notification_rules", {"id": made["id"], "type": "email_contact_method"}
    rule = acme.client.post(path, {"status_update_notification_rule": {"contact_method": ref}}, lenient=True)
    shown = rule.body["status_update_notification_rule"]
    assert (rule.status, shown["contact_method"]["type"]) == (201, "email_contact_method_reference")
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(("user", carol)))
    says(acme, id)
    assert planned(acme) == ["desk"]
    assert acme.client.delete(f"/users/{carol}/contact_methods/{made['id']}").status == 204
    says(acme, id)
    assert planned(acme) == ["carol", "desk"]
    assert acme.client.get(path).body == {"status_update_notification_rules": []}


def test_the_letter_carries_the_update_safe_html_and_the_way_out(acme: Acme) -> None:
    id = acme.opens()["id"]
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(("user", acme.people["carol"])))
    says(acme, id, "Plain")
    says(
        acme,
        id,
        "x",
        subject="Fire",
        html_message='<h1 onclick="x">Hot</h1><script>alert(1)</script><a href="javascript:x">y</a>',
    )
    planned(acme)
    plain, rich = sorted(claimed(acme), key=lambda message: message.notice_subject, reverse=True)
    assert (plain.notice_subject, plain.notice_text, plain.notice_html) == ("Update on #1 It is slow", "Plain", "")
    assert rich.notice_html == '<h1>Hot</h1><a rel="noopener noreferrer">y</a>'
    assert (rich.notice_text, rich.html_url) == ("Hot\ny", f"https://x/app/incidents/{id}")
    assert rich.unsubscribe_url.endswith(acme.people["carol"])


def test_no_page_stands_behind_an_update(acme: Acme) -> None:
    id = acme.opens()["id"]
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(("user", acme.people["carol"])))
    says(acme, id)
    assert planned(acme) == ["carol"]
    assert claimed(acme, "email") == []
    assert len(claimed(acme)) == 1


def test_while_the_install_is_held_nobody_is_written_to(acme: Acme) -> None:
    id = acme.opens()["id"]
    results(acme, f"/incidents/{id}/status_updates/subscribers", who(("user", acme.people["carol"])))
    says(acme, id)
    with acme.database.begin() as tx:
        tx.conn.execute(update(account).values(held=True))
    assert planned(acme) == []
    with acme.database.begin() as tx:
        assert planning.waiting(tx.conn)


def test_rules_for_status_updates_are_made_changed_and_taken_away(acme: Acme) -> None:
    path = f"/users/{acme.people['carol']}/status_update_notification_rules"
    methods = [
        acme.client.get(f"/users/{acme.people[n]}/contact_methods").body["contact_methods"][0] for n in ("carol", "bob")
    ]

    def body(method: dict[str, Any]) -> dict[str, Any]:
        return {
            "status_update_notification_rule": {
                "contact_method": {"id": method["id"], "type": "email_contact_method_reference"}
            }
        }

    made = acme.client.post(path, body(methods[0])).body["status_update_notification_rule"]
    assert acme.client.post(path, body(methods[0])).status == 400
    assert acme.client.post(path, body(methods[1])).errors == ["Contact method Not Found"]
    assert acme.client.get(f"{path}/{made['id']}").body["status_update_notification_rule"] == made
    assert acme.client.put(f"{path}/{made['id']}", body(methods[0])).status == 200
    listed = acme.client.get(f"{path}?include[]=contact_methods").body["status_update_notification_rules"]
    assert listed[0]["contact_method"]["address"] == "carol@example.com"
    assert acme.client.delete(f"{path}/{made['id']}").status == 204
    assert acme.client.get(f"{path}/{made['id']}").status == 404
