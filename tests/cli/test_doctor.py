"""`tocsin doctor`: what is wrong is a red or yellow line and exit status 1; a sound install has none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trustme

from tests.cli.tocsin import tocsin
from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.seed import Seeded, seed
from tocsin.core import heartbeats
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.upkeep.doctor import Finding, people, place, stored

NOW = datetime.now(UTC)
KEY = "k" * 32


@pytest.fixture
def install(pg_url: str) -> Iterator[Database]:
    database = Database(pg_url)
    yield database
    database.close()


@pytest.fixture
def seeded(install: Database) -> Seeded:
    """The cast; Alice is on call, then Bob."""
    return seed(install)


def lines(found: Iterator[Finding], level: str = "red") -> list[str]:
    return [finding.found for finding in found if finding.level == level]


def of_people(database: Database, level: str = "red") -> list[str]:
    return database.run(lambda tx: lines(people(tx, {"email"}), level))


def change(database: Database, statement: str, **given: Any) -> None:
    with psycopg.connect(database.url.replace("+psycopg", "", 1), autocommit=True) as conn:
        conn.execute(statement, given)


ALICE = "user_id = %(alice)s"
UNREACHABLE = [
    (f"UPDATE contact_methods SET enabled = false WHERE {ALICE}", "has no usable notification rule for high urgency"),
    (f"UPDATE contact_methods SET blacklisted = true WHERE {ALICE}", "has no usable notification rule"),
    (f"DELETE FROM notification_rules WHERE {ALICE}", "has no usable notification rule"),
    (f"UPDATE notification_rules SET urgency = 'low' WHERE {ALICE}", "has no usable notification rule"),
    (f"UPDATE notification_rules SET start_delay_in_minutes = 7 WHERE {ALICE}", "is first paged after 7 minutes"),
    (f"UPDATE contact_methods SET type = 'sms' WHERE {ALICE}", "is paged at once only by sms, which is not set up"),
]


@pytest.mark.parametrize(("statement", "why"), UNREACHABLE)
def test_whoever_is_on_call_and_cannot_be_paged_at_once_is_red(
    install: Database, seeded: Seeded, statement: str, why: str
) -> None:
    change(install, statement, alice=seeded.people["alice"])
    (line,) = of_people(install)
    assert line.startswith(f"Alice <alice@example.com> {why}")


def test_who_is_on_no_policy_need_not_be_reachable(install: Database, seeded: Seeded) -> None:
    change(install, "DELETE FROM notification_rules WHERE user_id = %(carol)s", carol=seeded.people["carol"])
    assert of_people(install) == []
    assert "2 can be paged at once" in of_people(install, "green")


def test_a_used_policy_that_reaches_nobody_is_red_an_unused_one_yellow(install: Database, seeded: Seeded) -> None:
    change(install, "UPDATE users SET deleted_at = now() WHERE name IN ('Alice', 'Bob')")
    assert "has nobody on call at any level" in of_people(install)[0]
    change(install, "UPDATE services SET status = 'disabled'")
    assert of_people(install) == []
    assert "no active service uses it" in of_people(install, "yellow")[0]


def test_a_service_without_an_integration_is_yellow(install: Database, seeded: Seeded) -> None:
    change(install, "UPDATE integrations SET deleted_at = now()")
    assert of_people(install, "yellow")[0].startswith("1 without an integration: Service ")


def test_an_empty_install_without_workers_is_red(install: Database) -> None:
    found = lines(stored(install))
    assert found == ["this install is empty", "none is alive: events are stored, nobody is paged"]


def test_a_held_install_is_red(install: Database, seeded: Seeded) -> None:
    change(install, "UPDATE account SET held = true")
    assert "held after a restore: nothing is sent" in lines(stored(install))


@pytest.mark.parametrize(("revision", "line"), [("9999", "made by a newer Tocsin"), ("0001", "this version needs")])
def test_a_schema_that_is_not_current_is_red_and_ends_the_look(install: Database, revision: str, line: str) -> None:
    change(install, "UPDATE alembic_version SET version_num = %(revision)s", revision=revision)
    (found,) = lines(stored(install))
    assert line in found


def test_triggered_incidents_and_timers_left_behind_are_red(install: Database, seeded: Seeded) -> None:
    change(install, "INSERT INTO timers VALUES ('Q1', 'incident.escalate', '2024-01-01Z', 1)")
    assert "1 timers are more than two minutes late" in lines(stored(install))


@pytest.mark.parametrize(
    ("given", "level", "line"),
    [
        ({}, "red", "No such file or directory"),
        ({}, "red", "no real channel: nobody is paged outside the built-in mailbox"),
        ({}, "yellow", "no phone can open them"),
        ({"host": "0.0.0.0"}, "red", "the server listens on 0.0.0.0"),
        ({"host": "0.0.0.0", "public_url": "http://localhost:1"}, "red", "links in pages lead to http://localhost:1"),
        ({"public_url": "https://t.example.com", "host": "0.0.0.0"}, "green", "https://t.example.com"),
        ({"secret_key": KEY}, "green", "set by TOCSIN_SECRET_KEY"),
        ({"smtp_url": "http://x"}, "red", "it must start with smtp:// or smtps://"),
        ({"tls_cert": "/no/cert", "tls_key": "/no/key"}, "red", "No such file or directory"),
    ],
)
def test_settings_that_do_not_lead_where_they_should(tmp_path: Path, given: Any, level: str, line: str) -> None:
    found = lines(place(Settings.model_validate({"data_dir": tmp_path, **given}), NOW), level)
    assert any(line in one for one in found), found


def test_a_mail_server_that_is_away_or_refuses_our_login_is_red(tmp_path: Path) -> None:
    with Postbox() as postbox:
        found = []
        for url in (f"smtp://127.0.0.1:{free_port()}", f"smtp://u:p@127.0.0.1:{postbox.port}?starttls=off"):
            found += lines(place(Settings(data_dir=tmp_path, smtp_url=url, secret_key=KEY), NOW))
        good = Settings(data_dir=tmp_path, smtp_url=postbox.url, secret_key=KEY, mail_from="Tocsin <t@example.com>")
        assert lines(place(good, NOW)) == []
    assert "Connect call failed" in found[0]
    assert len(found) == 2


@pytest.mark.parametrize(("days", "level"), [(-1, "red"), (5, "yellow"), (90, "green")])
def test_a_certificate_is_watched_until_it_ends(tmp_path: Path, days: int, level: str) -> None:
    until = (NOW + timedelta(days=days)).replace(microsecond=0)
    pair = trustme.CA().issue_cert("t.example.com", not_before=NOW - timedelta(days=9), not_after=until)
    pair.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    pair.private_key_pem.write_to_path(tmp_path / "key.pem")
    settings = Settings(data_dir=tmp_path, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    found = {finding.what: finding for finding in place(settings, NOW)}["TLS"]
    assert (found.level, f"valid until {until:%Y-%m-%d}" in found.found) == (level, True)


def test_a_sound_install_has_exit_status_0(install: Database, seeded: Seeded, tmp_path: Path) -> None:
    with install.begin() as tx:
        heartbeats.beat(tx.conn, "host:1:0", "worker", "host")
    more = {"TOCSIN_PUBLIC_URL": "https://t.example.com", "TOCSIN_MAIL_FROM": "t@example.com"}
    with Postbox() as postbox:
        settings = more | {"TOCSIN_SMTP_URL": postbox.url, "TOCSIN_SECRET_KEY": KEY, "TOCSIN_DATABASE_URL": install.url}
        ran = tocsin("doctor", "--json", place=tmp_path, **settings)
        assert (ran.status, {line["level"] for line in ran.json}) == (0, {"green"}), ran.json
        shown = tocsin("doctor", place=tmp_path, **settings)
    assert "0 red, 0 yellow" in shown.out


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"TOCSIN_PORT": "x"}, "TOCSIN_PORT: Input should be a valid integer"),
        ({"TOCSIN_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "Connection refused"),
        ({}, "no install in"),
    ],
)
def test_what_keeps_the_doctor_from_looking_is_red_too(tmp_path: Path, env: dict[str, str], line: str) -> None:
    ran = tocsin("doctor", place=tmp_path, **env)
    assert (ran.status, ran.err) == (1, "")
    assert line in " ".join(ran.out.split())
    assert not (tmp_path / "var").exists()
