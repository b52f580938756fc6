"""A start that cannot work says so in one clear line; a database that is not there yet is waited for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.install import SECRET, eventually
from tests.e2e.ports import free_port
from tests.e2e.road import Road, reaches
from tests.e2e.served import ROOT, Served
from tocsin import main
from tocsin.core.settings import SettingsError, load

WRONG = {
    "PORT": ("eighty", "TOCSIN_PORT: "),
    "DATABASE_URL": ("mysql://x/y", "TOCSIN_DATABASE_URL: must be a postgresql:// URL"),
    "SMTP_URL": ("smtp://user:geheim@:25", "TOCSIN_SMTP_URL: "),
    "MAIL_FROM": ("nobody", "TOCSIN_MAIL_FROM: "),
    "PUBLIC_URL": ("pager.example.com", "TOCSIN_PUBLIC_URL: must be like"),
    "TLS_CERT": ("/nowhere.pem", "TOCSIN_TLS_CERT and TOCSIN_TLS_KEY"),
    "ROLES": ("web,cook", "TOCSIN_ROLES: knows no role cook"),
    "SECRET_KEY": ("short", "TOCSIN_SECRET_KEY: "),
    "SMTP_URL_FILE": ("/nowhere.txt", "TOCSIN_SMTP_URL_FILE: cannot read /nowhere.txt"),
    "SMTPURL": ("smtp://x", "TOCSIN_SMTPURL is not a setting"),
    "LOG_LEVEL": ("loud", "TOCSIN_LOG_LEVEL: "),
    "RETENTION_DAYS": ("0", "TOCSIN_RETENTION_DAYS: "),
}


def start(place: Path, **env: str) -> subprocess.Popen[str]:
    """`tocsin serve` with these settings; its words can be read."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    settings = {"TOCSIN_DATA_DIR": str(place / "var"), "TOCSIN_PORT": "0"}
    settings |= {f"TOCSIN_{name}": value for name, value in env.items()}
    words = [sys.executable, "-m", "tocsin.cli", "serve"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        words, env={**given, "PYTHONPATH": path, **settings}, cwd=place, text=True, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_setting_is_one_line_that_names_it(name: str) -> None:
    value, words = WRONG[name]
    with pytest.raises((SettingsError, ValueError)) as refused:
        main.check(load({f"TOCSIN_{name}": value}, file=Path(os.devnull)))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_start_with_bad_settings_ends_with_that_line_and_no_traceback(tmp_path: Path) -> None:
    running = [start(tmp_path, LOG_LEVEL="loud"), start(tmp_path, MAIL_FROM="nobody", LOG_LEVEL="error")]
    for process, name in zip(running, ("TOCSIN_LOG_LEVEL", "TOCSIN_MAIL_FROM"), strict=True):
        _, said = process.communicate(timeout=60)
        assert (process.returncode, len(said.splitlines())) == (1, 1), said
        assert said.startswith(f"tocsin: {name}: ")


def test_an_unknown_setting_in_the_file_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text("smtp_ulr = 'smtp://x'\n")
    with pytest.raises(SettingsError, match=r"SMTP_ULR"):
        load({}, file=tmp_path / "tocsin.toml")


def test_a_port_that_is_taken_stops_the_start_with_one_line(pg_url: str, tmp_path: Path) -> None:
    road = Road(pg_url)
    road.open()
    process = start(tmp_path, PORT=str(road.port), DATABASE_URL=pg_url)
    _, said = process.communicate(timeout=60)
    road.close()
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith(f"tocsin: cannot listen on 127.0.0.1 port {road.port}")
    assert "Traceback" not in said


def test_a_database_that_is_not_there_yet_is_waited_for(pg_url: str, tmp_path: Path) -> None:
    road = Road(pg_url)
    assert not reaches(road.url)
    served = Served(tmp_path, free_port(), TOCSIN_DATABASE_URL=road.url, TOCSIN_SECRET_KEY=SECRET)
    try:
        eventually(lambda: "waiting for the database" in served.tail(), seconds=20)
        with pytest.raises(OSError):
            served.call("GET", "/readyz")
        road.open()
        served.ready()
    finally:
        served.stop()
        road.close()
