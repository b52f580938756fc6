"""The pages of webhooks and extensions, as a person uses them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.web.pages import Pages, pages

HOOK = {"url": "https://hooks.example.com/x", "filter": "account", "event": ["incident.triggered", "incident.resolved"]}


@pytest.fixture
def site(pg_url: str, tmp_path: Path) -> Iterator[Pages]:
    made = pages(pg_url, tmp_path)
    made.sign_in("eve")
    yield made
    made.app.close()
    made.database.close()


def subscribed(site: Pages) -> tuple[str, str]:
    """A subscription made by the form: (the path of its page, its secret)."""
    answer = site.post("/app/webhooks", HOOK | {"headers": "X-Key: hunter2"})
    assert answer.status_code == 200, answer.text
    id = re.search(r"/app/webhooks/([A-Z0-9]+)/ping", answer.text)
    secret = re.search(r'id="secret"[^>]*value="([^"]+)"', answer.text)
    assert id
    assert secret
    return f"/app/webhooks/{id.group(1)}", secret.group(1)


def test_a_secret_is_shown_once_and_a_header_never(site: Pages) -> None:
    path, secret = subscribed(site)
    again = site.client.get(path).text
    assert secret not in again
    assert ("X-Key" in again, "hunter2" in again) == (True, False)
    assert "hooks.example.com" in site.client.get("/app/webhooks").text
    added = site.post(f"{path}/secrets").text
    old = re.search(rf'{path}/secrets/([A-Z0-9]+)/retire" [^>]*>(?:(?!retire).)*?ends in {secret[-4:]}', added, re.S)
    assert "Copy the secret now" in added
    assert old is None or site.post(f"{path}/secrets/{old.group(1)}/retire").status_code == 303


def test_what_is_wrong_with_a_form_is_said_and_what_was_typed_stays(site: Pages) -> None:
    answer = site.post("/app/webhooks", HOOK | {"url": "http://10.0.0.1/", "description": "My board"})
    assert answer.status_code == 400
    assert "not public" in answer.text
    assert "My board" in answer.text
    assert site.post("/app/webhooks", HOOK | {"headers": "no colon"}).status_code == 400
    bad = {"name": "x", "schema": "PJFWPEP", "service": site.seeded.service, "endpoint_url": "https://a.example"}
    assert "not valid JSON" in site.post("/app/extensions", bad | {"config": "{"}).text


def test_a_ping_stands_in_the_log_and_can_be_sent_again(site: Pages) -> None:
    path, _ = subscribed(site)
    assert site.post(f"{path}/ping").status_code == 303
    with site.database.begin() as tx:
        tx.conn.execute(text("UPDATE webhook_deliveries SET state = 'dropped', why = 'It answered 404', attempt = 1"))
        tx.conn.execute(text("DELETE FROM webhook_queues"))
        id = tx.conn.scalar(text("SELECT id FROM webhook_deliveries"))
    page = site.client.get(f"{path}/deliveries/{id}").text
    assert "It answered 404" in page
    assert "pagey.ping" in page
    assert site.post(f"{path}/deliveries/{id}/send").status_code == 303
    assert site.client.get(path).text.count("pagey.ping") == 2


def test_an_action_is_a_button_on_the_incidents_of_its_service(site: Pages) -> None:
    body = {"name": "Restart", "schema": "PCUSTOM", "service": site.seeded.service, "endpoint_url": "https://a.example"}
    made = site.post("/app/extensions", body).headers["location"]
    incident = site.incident()
    assert "Restart" in site.client.get(f"/app/incidents/{incident}").text
    action = made.removeprefix("/app/extensions/").partition("?")[0]
    assert site.post(f"/app/incidents/{incident}/action", {"action": action}).status_code == 303
    assert "incident.custom" in site.client.get(f"/app/extensions/{action}").text
    assert site.entries(incident)[-1].type == "annotate"
    assert "Restart" in site.client.get(f"/app/services/{site.seeded.service}").text


def test_who_may_not_configure_sees_the_list_alone(site: Pages) -> None:
    path, _ = subscribed(site)
    site.execute("UPDATE users SET role = 'observer' WHERE email = 'alice@example.com'")
    site.sign_in("alice", other := site.visitor())
    assert other.get("/app/webhooks").status_code == 200
    assert other.get(path).status_code == 403
