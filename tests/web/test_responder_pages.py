"""Asking for help, answering, telling stakeholders: on the pages and out of a mail (core:I91-I92, core:I100-I104)."""

import re
from typing import Any

from starlette.testclient import TestClient

from tests.web.pages import Pages
from tocsin.core.clock import real_now
from tocsin.incidents.commands import requesting
from tocsin.incidents.model import Asks, targets_of
from tocsin.incidents.store.incidents import load
from tocsin.notifications.links import Action, answer_url, unsubscribe_url
from tocsin.status_pages.commands import planning
from tocsin.status_pages.store import subscriptions


def ask(site: Pages, id: str, name: str, message: str = "Come & help") -> str:
    """Alice asks somebody; the request's id."""
    asked = [(Asks.USER, site.seeded.people[name])]
    run = site.database.run
    made = run(lambda tx: requesting.ask(tx, site.person("alice"), id, site.seeded.people["alice"], message, asked))
    return made[1].id


def stands(site: Pages, id: str) -> dict[str, str]:
    with site.database.begin() as tx:
        requests = load(tx.conn, [id])[id].requests
    called = {user: name for name, user in site.seeded.people.items()}
    return {called[one.user_id]: one.state.value for _, target in targets_of(requests) for one in target.responders}


def link(site: Pages, id: str, name: str, action: Action, request: str) -> str:
    user = site.seeded.people[name]
    return answer_url(site.signer, "", id, user, action, "SEND", real_now(), request)


def heard(site: Pages, id: str) -> list[str]:
    with site.database.begin() as tx:
        reached = subscriptions.reached(tx.conn, id, [], "", 100)
    return sorted(name for name, user in site.seeded.people.items() if user in reached)


def test_people_and_policies_are_asked_and_taken_back(site: Pages) -> None:
    site.sign_in()
    id, bob = site.incident(), site.seeded.people["bob"]
    at = f"/app/incidents/{id}/responders"
    targets = [f"user/{bob}", f"escalation_policy/{site.seeded.policy}"]
    assert site.post(at, {"target": targets, "message": "We <b>need</b> you"}).status_code == 303
    page = site.client.get(f"/app/incidents/{id}").text
    assert ("asks for your help" in page, "We &lt;b&gt;need&lt;/b&gt; you" in page) == (True, True)
    assert stands(site, id) == {"bob": "pending", "alice": "pending"}
    for given in (
        {},
        {"target": "user/"},
        {"target": "team/x"},
        {"target": "user/PNONE"},
        {"target": f"user/{bob}", "message": "x" * 5001},
    ):
        assert site.post(at, given).status_code == 400
    assert site.post(f"{at}/cancel", {"target": targets}).status_code == 303
    assert stands(site, id) == {"bob": "user_cancelled", "alice": "user_cancelled"}


def test_whoever_is_asked_answers_on_the_page(site: Pages) -> None:
    id = site.incident()
    ask(site, id, "bob")
    site.sign_in("bob")
    assert "Come &amp; help" in site.client.get(f"/app/incidents/{id}").text
    assert site.post(f"/app/incidents/{id}/reply", {"answer": "decline"}).status_code == 303
    assert stands(site, id) == {"bob": "declined"}
    assert site.post(f"/app/incidents/{id}/reply", {"answer": "join"}).status_code == 303
    assert stands(site, id) == {"bob": "joined"}


def test_a_link_in_the_mail_asks_first_and_then_answers_without_signing_in(site: Pages) -> None:
    id = site.incident()
    request = ask(site, id, "bob")
    join, decline = link(site, id, "bob", "join", request), link(site, id, "bob", "decline", request)
    assert "Nothing has happened yet" in site.client.get(join).text
    assert stands(site, id) == {"bob": "pending"}
    assert "You declined." in site.client.post(decline).text
    assert "answered this already" in site.client.get(decline).text
    assert "You joined." in site.client.post(join).text
    assert (stands(site, id), "answered this already" in site.client.post(decline).text) == ({"bob": "joined"}, True)


def test_an_old_link_does_not_refuse_a_newer_request(site: Pages) -> None:
    id = site.incident()
    old = link(site, id, "bob", "decline", ask(site, id, "bob"))
    site.client.post(old)
    ask(site, id, "bob", "Really")
    site.client.post(old)
    with site.database.begin() as tx:
        first, second = (target.state.value for _, target in targets_of(load(tx.conn, [id])[id].requests))
    assert (first, second) == ("declined", "pending")


def test_an_update_is_written_from_a_template_and_published(site: Pages) -> None:
    site.sign_in()
    id = site.incident("<i>Disk</i> full")
    parts = {"message": "{{incident.title}}: {{status_update.message}} {{x}}", "email_subject": "{{incident.title}}"}
    html = {"name": "First", "email_body": "<h1>{{incident.title}}</h1>"}
    made = site.post("/app/status-templates", parts | html)
    template = made.headers["location"].split("/")[-1].split("?")[0]
    page = site.client.get(f"/app/incidents/{id}/updates", params={"template": template, "message": "soon"}).text
    assert ("&lt;i&gt;Disk&lt;/i&gt; full: soon" in page, "{{x}} does not exist." in page) == (True, True)
    assert "&lt;h1&gt;&amp;lt;i&amp;gt;Disk" in page
    sent = {"message": "We are on it", "subject": "S", "html_message": "<b>Yes</b><script>no</script>"}
    assert site.post(f"/app/incidents/{id}/updates", sent).status_code == 303
    page = site.client.get(f"/app/incidents/{id}/updates").text
    assert ("<b>Yes</b>" in page, "<script>no" in page) == (True, False)
    assert "We are on it" in site.client.get(f"/app/incidents/{id}").text
    assert site.post(f"/app/incidents/{id}/updates", {"message": "x", "subject": "alone"}).status_code == 400


def test_people_subscribe_others_and_themselves(site: Pages) -> None:
    site.sign_in()
    id, at = site.incident(), ""
    at = f"/app/incidents/{id}/updates"
    carol = f"user/{site.seeded.people['carol']}"
    assert site.post(f"{at}/mine", {"want": "yes"}).status_code == 303
    assert site.post(f"{at}/subscribe", {"who": carol}).status_code == 303
    assert (heard(site, id), "No more updates for me" in site.client.get(at).text) == (["alice", "carol"], True)
    assert [site.post(f"{at}/subscribe", {"who": who}).status_code for who in ("user/PNONE", "x", "policy/P")] == [
        400
    ] * 3
    site.post(f"{at}/mine", {"want": "no"})
    site.post(f"{at}/unsubscribe", {"who": carol})
    assert heard(site, id) == []


def test_a_link_in_an_update_ends_them_without_signing_in(site: Pages) -> None:
    site.sign_in()
    id = site.incident()
    site.post(f"/app/incidents/{id}/updates/mine", {"want": "yes"})
    url, stranger = unsubscribe_url(site.signer, "", id, site.seeded.people["alice"], real_now()), site.visitor()
    assert (stranger.get(url).status_code, heard(site, id)) == (200, ["alice"])
    assert "no more status updates" in stranger.post(url, data={"List-Unsubscribe": "One-Click"}).text
    assert (heard(site, id), stranger.get(url[:-3] + "xxx").status_code) == ([], 400)


def test_templates_are_kept_on_pages(site: Pages) -> None:
    client: TestClient = site.sign_in()
    assert site.post("/app/status-templates", {"name": "x", "message": "{% if %}"}).status_code == 400
    at = site.post("/app/status-templates", {"name": "First", "message": "m"}).headers["location"].split("?")[0]
    assert site.post(at, {"name": "Second", "message": "{{incident.number}}"}).status_code == 303
    assert "Second" in client.get("/app/status-templates").text
    site.incident()
    assert re.search(r"Message</dt><dd[^>]*>1</dd>", client.get(at).text)
    assert site.post(f"{at}/remove").status_code == 303
    assert client.get(at).status_code == 404


def test_the_letters_go_out_and_the_page_says_so_until_then(site: Pages) -> None:
    site.sign_in()
    id = site.incident()
    site.post(f"/app/incidents/{id}/updates", {"message": "x"})
    assert "being sent" in site.client.get(f"/app/incidents/{id}/updates").text
    site.database.run(planning.plan)
    page: Any = site.client.get(f"/app/incidents/{id}/updates").text
    assert "being sent" not in page
