"""Settings: what is unknown or malformed is one clear line; environment over file, command line over both."""

from pathlib import Path

import pytest

from tocsin.core.settings import SettingsError, load

NOWHERE = Path("/nonexistent/tocsin.toml")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("TOCSIN_SMTP_ULR", "smtp://x", "TOCSIN_SMTP_ULR is not a setting of Tocsin; see the list in docs/settings.md"),
        ("TOCSIN_PORT", "http", "TOCSIN_PORT: Input should be a valid integer"),
        ("TOCSIN_PORT", "65536", "TOCSIN_PORT: Input should be less than or equal to 65535"),
        ("TOCSIN_DATABASE_URL", "mysql://x", "TOCSIN_DATABASE_URL: must be a postgresql:// URL"),
        ("TOCSIN_SECRET_KEY", "short", "TOCSIN_SECRET_KEY: String should have at least 32 characters"),
        ("TOCSIN_ROLES", "web,pager", "TOCSIN_ROLES: knows no role pager (web, intake, worker)"),
        ("TOCSIN_RETENTION_DAYS", "0", "TOCSIN_RETENTION_DAYS: Input should be greater than or equal to 1"),
        ("TOCSIN_LOG_LEVEL", "loud", "TOCSIN_LOG_LEVEL: must be one of debug, info, warning, error"),
        ("TOCSIN_PUBLIC_URL", "tocsin.example.com", "TOCSIN_PUBLIC_URL: must be like https://tocsin.example.com"),
        ("TOCSIN_TLS_CERT", "/x.pem", "TOCSIN_TLS_CERT and TOCSIN_TLS_KEY are set together or not at all"),
        ("TOCSIN_SMTP_URL_FILE", "/no/file", "TOCSIN_SMTP_URL_FILE: cannot read /no/file: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_setting(name: str, value: str, line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({name: value}, NOWHERE)
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"TOCSIN_PORT.*TOCSIN_PROCESSES"):
        load({"TOCSIN_PORT": "x", "TOCSIN_PROCESSES": "0"}, NOWHERE)


def test_a_secret_is_not_repeated_in_an_error() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"TOCSIN_SECRET_KEY": "hunter2", "TOCSIN_DATABASE_URL": "mysql://u:hunter2@h/d"}, NOWHERE)
    assert "hunter2" not in str(refused.value)


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text("port = \n")
    with pytest.raises(SettingsError, match=r"tocsin\.toml: .*line 1"):
        load({}, file)


def test_an_unknown_name_in_the_file_is_refused_too(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsError, match="TOCSIN_PROT is not a setting"):
        load({}, file)


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\nroles = ["web", "intake"]\nretention_days = 7\n')
    found = load({"TOCSIN_PORT": "2", "TOCSIN_HOST": "10.0.0.2"}, file, port=3, host=None)
    assert (found.port, found.host, found.retention_days) == (3, "10.0.0.2", 7)
    assert found.roles == ("web", "intake")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("k" * 32 + "\n")
    assert load({"TOCSIN_SECRET_KEY_FILE": str(secret)}, NOWHERE).secret_key == "k" * 32


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"TOCSIN_DATABASE_URL": "", "TOCSIN_PORT": ""}, NOWHERE).port == 8080


def test_postgres_urls_of_every_form_become_ours() -> None:
    urls = ["postgres://h/d", "postgresql://h/d", "postgresql+psycopg://h/d"]
    assert {load({"TOCSIN_DATABASE_URL": url}, NOWHERE).database_url for url in urls} == {"postgresql+psycopg://h/d"}


def test_variables_of_the_test_suite_are_not_settings() -> None:
    assert load({"TOCSIN_TEST_DATABASE_URL": "x", "TOCSIN_TEST_CLOCK": "1"}, NOWHERE).test_clock


def test_links_lead_to_the_public_address_without_a_slash_at_its_end() -> None:
    assert load({"TOCSIN_PUBLIC_URL": "https://t.example.com/"}, NOWHERE).base_url == "https://t.example.com"
    tls = {"TOCSIN_TLS_CERT": "c", "TOCSIN_TLS_KEY": "k"}
    assert load(tls, NOWHERE).base_url == "https://127.0.0.1:8080"
