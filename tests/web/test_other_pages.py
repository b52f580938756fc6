"""The pages around incidents: troubles, on call, services, people, the mailbox, and what is missing."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from tests.notifications.email.letters import NOW, SENDER, page
from tests.web.pages import Pages
from tocsin.core import ids, intake_log
from tocsin.core.clock import real_now
from tocsin.core.db import insert_rows
from tocsin.escalation.store.tables import escalation_rules
from tocsin.notifications.channels.email.compose import compose
from tocsin.notifications.channels.email.sink import keep_letter
from tocsin.schedules.model import Layer
from tocsin.schedules.store.saving import save_layers
from tocsin.schedules.store.tables import schedules
from tocsin.web import app


def test_the_root_leads_to_the_pages(site: Pages) -> None:
    assert site.client.get("/").headers["location"] == "/app"


def test_a_failing_channel_is_red_on_every_page(site: Pages) -> None:
    why = "connection refused <b>"
    site.execute("INSERT INTO channel_health VALUES ('email', now(), now(), :why, 3)", why=why)
    site.sign_in()
    for path in ("/app", "/app/on-call", "/app/services", f"/app/users/{site.seeded.people['alice']}"):
        shown = site.client.get(path).text
        assert "The mail server is not taking messages" in shown
        assert "connection refused &lt;b&gt;" in shown


def test_a_healthy_install_shows_no_trouble(site: Pages) -> None:
    assert 'class="trouble' not in site.sign_in().get("/app").text


def test_no_real_channel_no_worker_and_silence_are_red(fresh_site: Pages) -> None:
    incident = fresh_site.incident()
    fresh_site.execute("DELETE FROM heartbeats")
    fresh_site.execute("DELETE FROM timers WHERE subject = :id", id=incident)
    fresh_site.execute("UPDATE account SET held = true")
    shown = fresh_site.sign_in().get("/app").text
    for trouble in ("No real channel", "No worker is alive", "held alert has no next step", "held after a restore"):
        assert trouble in shown


def test_who_is_on_call_stands_there_by_policy_and_level(site: Pages) -> None:
    shown = site.sign_in().get("/app/on-call").text
    assert shown.index("Level 1") < shown.index('Alice</bdi></a> <span class="tag calm">you') < shown.index("Level 2")
    site.execute("UPDATE users SET deleted_at = created_at WHERE email = 'bob@example.com'")
    assert "Nobody is on call here" in site.client.get("/app/on-call").text


def on_schedule(site: Pages, until: timedelta | None) -> str:
    """A schedule on which Bob is on call since yesterday, on the policy's second level; its id."""
    now, id = real_now(), ids.thing()  # parsed schedules are kept in the process, by id and version
    began = now - timedelta(days=1)
    layer = Layer(
        ids.thing(), "Days", began, now + until if until else None, began, 86_400, (site.seeded.people["bob"],)
    )
    target = [{"kind": "schedule", "id": id}]
    with site.database.begin() as tx:
        row = {"id": id, "name": "Nights", "time_zone": "Europe/Berlin", "version": "1", "created_at": began}
        insert_rows(tx.conn, schedules, [row])
        save_layers(tx.conn, id, [layer])
        tx.conn.execute(update(escalation_rules).where(escalation_rules.c.position == 1).values(targets=target))
    return id


def test_a_shift_says_until_when_and_a_gap_says_nobody(site: Pages) -> None:
    id = on_schedule(site, timedelta(hours=5))
    shown = site.sign_in().get("/app/on-call").text
    assert "Bob" in shown
    assert "until " in shown
    assert f'<a href="/app/schedules/{id}"><bdi>Nights</bdi></a>' in shown
    page = site.client.get(f"/app/schedules/{id}").text
    assert page.index("Bob") < page.index("<b>Nobody</b>")
    assert "2 % covered" in page


def test_a_schedule_without_end_is_covered_and_a_deleted_one_is_gone(site: Pages) -> None:
    id = on_schedule(site, None)
    page = site.sign_in().get(f"/app/schedules/{id}").text
    assert ">100 % covered" in page
    site.execute("UPDATE users SET deleted_at = created_at WHERE email = 'bob@example.com'")
    assert ">0 % covered" in site.client.get(f"/app/schedules/{id}").text
    assert "Nobody on <a" in site.client.get("/app/on-call").text
    site.execute("UPDATE schedules SET deleted_at = created_at")
    assert site.client.get(f"/app/schedules/{id}").status_code == 404


def test_addresses_of_things_lead_to_pages(site: Pages) -> None:
    site.sign_in()
    seeded = site.seeded
    for path in (f"services/{seeded.service}", f"escalation-policies/{seeded.policy}", f"users/{seeded.people['bob']}"):
        assert site.client.get(f"/app/{path}").status_code == 200
    for kind in ("services", "escalation-policies", "users", "schedules", "nothing"):
        assert site.client.get(f"/app/{kind}/PNOBODY").status_code == 404


def test_a_service_shows_its_key_and_what_to_paste(site: Pages) -> None:
    shown = site.sign_in().get(f"/app/services/{site.seeded.service}").text
    assert shown.count(site.seeded.key) == 3
    assert "curl http://testserver/v2/enqueue" in shown
    assert "pagerduty_configs" in shown


def test_a_test_event_goes_into_the_intake_log(site: Pages) -> None:
    with site.database.begin() as tx:
        day = tx.now.date()
        tx.conn.execute(text(f"CREATE TABLE IF NOT EXISTS segments_today PARTITION OF intake_segments FOR VALUES "
                             f"FROM ('{day}') TO ('{day + (day.resolution)}')"))  # fmt: skip
    site.sign_in()
    path = f"/app/services/{site.seeded.service}/test-event"
    answer = site.post(path, {"integration": site.seeded.integration})
    assert answer.headers["location"].endswith("?done=test")
    with site.database.begin() as tx:
        assert intake_log.backlog(tx.conn) == 1
    assert site.post(path, {"integration": "PNOBODY"}).status_code == 400
    site.execute("UPDATE services SET status = 'disabled'")
    assert site.post(path, {"integration": site.seeded.integration}).status_code == 409


def kept(site: Pages) -> str:
    """A letter in the mailbox; its id."""
    folder = site.app.site.mail_folder
    assert folder is not None
    folder.mkdir(exist_ok=True)
    return keep_letter(folder, bytes(compose(page(), SENDER, NOW)))


def test_the_mailbox_shows_letters_in_a_sandbox(fresh_site: Pages) -> None:
    id = kept(fresh_site)
    client = fresh_site.sign_in()
    assert "Disk full on db-1" in client.get("/app/mailbox").text
    assert 'sandbox="allow-popups' in client.get(f"/app/mailbox/{id}").text
    body = client.get(f"/app/mailbox/{id}/body")
    assert "sandbox" in body.headers["content-security-policy"]
    assert "script-src" not in body.headers["content-security-policy"]
    assert body.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("id", ["9999999999", "../secret", "x", "%00", "0000000001.eml"])
def test_a_letter_that_is_not_there_is_not_found(fresh_site: Pages, id: str) -> None:
    assert fresh_site.sign_in().get(f"/app/mailbox/{id}").status_code == 404


def test_with_a_real_mail_server_there_is_no_mailbox(site: Pages) -> None:
    kept(site)
    client = site.sign_in()
    assert "/app/mailbox" not in client.get("/app").text
    assert client.get("/app/mailbox").status_code == 404
    assert client.get("/app/mailbox/0000000001/body").status_code == 404


def test_a_lost_database_is_a_plain_page(site: Pages) -> None:
    site.sign_in()
    site.execute("ALTER TABLE account RENAME TO gone")
    answer = site.client.get("/app")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def test_pages_work_without_built_assets(site: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("tocsin.css", "tocsin.js", "tocsin.svg"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(app, "STATIC", tmp_path)
    app._asset.cache_clear()
    app._has.cache_clear()
    incident = site.incident()
    site.sign_in()
    assert "vendor/" not in site.client.get(f"/app/incidents/{incident}").text
    assert site.post(f"/app/incidents/{incident}/acknowledge").status_code == 303
    app._asset.cache_clear()
    app._has.cache_clear()


def test_the_look_is_chosen_and_kept(site: Pages) -> None:
    site.sign_in()
    assert site.post("/app/theme", {"theme": "dark", "next": "/app/on-call"}).headers["location"] == "/app/on-call"
    assert 'data-theme="dark"' in site.client.get("/app").text
    site.post("/app/theme", {"theme": '"><script>', "next": "//evil.example"})
    assert 'data-theme="auto"' in site.client.get("/app").text


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../../etc/passwd", "x" * 500, '"><b>'])
def test_an_odd_zone_is_ignored(site: Pages, zone: str) -> None:
    site.sign_in().cookies.set("tocsin_zone", zone)
    assert "Times in UTC" in site.client.get("/app").text
