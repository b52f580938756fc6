"""`tocsin bootstrap` and `tocsin serve --starter`: the first owner, once."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.tocsin import tocsin
from tests.e2e.ports import free_port
from tests.e2e.served import Served

EMAIL = ("bootstrap", "--email", "olga@example.com")


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    """Rows of a query; none of a statement that has none."""
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as conn:
        found = conn.execute(query)
        return found.fetchall() if found.description else []


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    url = f"postgresql://tocsin@127.0.0.1:{free_port()}/tocsin"
    line = tocsin(*EMAIL, place=tmp_path, TOCSIN_DATABASE_URL=url).refusal
    assert line.startswith("tocsin: the database cannot be used: ")
    assert line.endswith("Connection refused; check TOCSIN_DATABASE_URL")


def test_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    line = tocsin(*EMAIL, place=tmp_path, TOCSIN_DATABASE="x").refusal
    assert line == "tocsin: TOCSIN_DATABASE is not a setting of Tocsin; see the list in docs/settings.md"


@pytest.fixture
def weak(pg_url: str) -> Iterator[str]:
    """The URL of an empty database in which we may do nothing."""
    role = f"weak_{uuid.uuid4().hex}"
    for statement in (
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
        f"CREATE ROLE {role}",
    ):
        ask(pg_url, statement)
    yield f"{pg_url}{'&' if '?' in pg_url else '?'}options=-crole%3D{role}"
    ask(pg_url, f"DROP ROLE {role}")


@pytest.mark.parametrize("command", [("migrate",), EMAIL])
def test_a_role_without_rights_is_one_line(weak: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    line = tocsin(*command, place=tmp_path, TOCSIN_DATABASE_URL=weak).refusal
    assert "permission denied for schema public" in line


@pytest.mark.parametrize("command", [("migrate",), EMAIL, ("serve", "--port", "0")])
def test_a_schema_of_a_newer_version_is_one_line(pg_url: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    ask(pg_url, "UPDATE alembic_version SET version_num = '9999'")
    line = tocsin(*command, place=tmp_path, TOCSIN_DATABASE_URL=pg_url).refusal
    assert line == "tocsin: the database's schema (9999) was made by a newer Tocsin; install that version"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("TOCSIN_SMTP_URL", "mail.example.com", "TOCSIN_SMTP_URL: it must start with smtp:// or smtps://"),
        ("TOCSIN_MAIL_FROM", "tocsin", "TOCSIN_MAIL_FROM: 'tocsin' is not an e-mail address"),
        ("TOCSIN_TRUSTED_PROXIES", "10.0.0.0/8,proxy", "TOCSIN_TRUSTED_PROXIES: 'proxy' does not appear to be"),
    ],
)
def test_a_setting_that_only_a_child_would_read_stops_the_start(
    tmp_path: Path, name: str, value: str, line: str
) -> None:
    assert tocsin("serve", place=tmp_path, **{name: value}).refusal.startswith(f"tocsin: {line}")
    assert not (tmp_path / "var").exists()


def test_an_address_that_is_none_makes_nothing(pg_url: str, tmp_path: Path) -> None:
    ran = tocsin("bootstrap", "--email", "olga", place=tmp_path, TOCSIN_DATABASE_URL=pg_url)
    assert "email" in ran.refusal
    assert ask(pg_url, "SELECT count(*) FROM account") == [(0,)]


def test_bootstrap_prints_exactly_five_members_and_makes_the_first_data(pg_url: str, tmp_path: Path) -> None:
    made = tocsin(*EMAIL, "--name", "Olga", "--json", place=tmp_path, TOCSIN_DATABASE_URL=pg_url).json
    assert list(made) == ["user_id", "email", "password", "api_key", "user_api_key"]
    assert ask(pg_url, "SELECT name, role FROM users") == [("Olga", "owner")]
    query = (
        "SELECT p.name, r.targets->0->>'id' FROM escalation_policies p JOIN escalation_rules r ON r.policy_id = p.id"
    )
    assert ask(pg_url, query) == [("Default", made["user_id"])]
    assert ask(pg_url, "SELECT name FROM priorities ORDER BY position") == [(f"P{n}",) for n in range(1, 6)]


def test_a_second_bootstrap_is_refused(pg_url: str, tmp_path: Path) -> None:
    assert tocsin(*EMAIL, "--json", place=tmp_path, TOCSIN_DATABASE_URL=pg_url).status == 0
    line = tocsin(*EMAIL, "--json", place=tmp_path, TOCSIN_DATABASE_URL=pg_url).refusal
    assert line.startswith("tocsin: this install has an account already")


def test_bootstrap_beside_a_running_server_adopts_its_database(tmp_path: Path) -> None:
    with Served(tmp_path, free_port()) as served:
        made = tocsin(*EMAIL, "--json", place=tmp_path).json
        token = f"Token token={made['api_key']}"
        status, answer = served.call("GET", "/users", Authorization=token)
        assert (status, [user["id"] for user in answer["users"]]) == (200, [made["user_id"]])


def test_starter_data_is_made_once_and_its_curl_line_pages(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text("")
    with Starting(tmp_path) as served:
        file = tmp_path / "var" / "starter.json"
        made = json.loads(file.read_text())
        assert file.stat().st_mode & 0o777 == 0o600
        members = ["url", "email", "password", "user_id", "api_key", "user_api_key", "service_id", "integration_key"]
        assert list(made) == members
        line = next(line for line in served.tail().splitlines() if line.startswith("curl "))
        subprocess.run(["sh", "-c", line], check=True, capture_output=True)
        served.advance(seconds=1)
        assert "Disk full on db-1" in (tmp_path / "var" / "mailbox" / "0000000001.eml").read_text()
        assert served.call("GET", "/users", Authorization=f"Token token={made['api_key']}")[0] == 200
        assert "No real channel" in served.tail()
    with Starting(tmp_path) as again:
        assert made["password"] not in again.tail(12)
        assert json.loads(file.read_text()) == made | {"url": again.base}


class Starting(Served):
    """`tocsin serve --starter`."""

    words = ("--starter",)

    def __init__(self, place: Path):
        super().__init__(place, free_port())
