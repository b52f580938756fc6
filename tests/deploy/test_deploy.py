"""The deployment files hold together: what they name exists, and the tools that know their form accept them.

No container engine is needed here, so images are not built; that part stays unproved and the files say so.
"""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
INSTRUCTIONS |= {"HEALTHCHECK", "ENTRYPOINT", "CMD"}


def steps() -> list[tuple[str, str]]:
    """The Containerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (DEPLOY / "Containerfile").read_text()).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


@pytest.mark.parametrize("name", ["Containerfile", "compose.yaml"])
def test_what_was_not_run_says_so_in_its_first_line(name: str) -> None:
    assert (DEPLOY / name).read_text().startswith("# Written, not run here where no engine is at hand.")


def test_the_containerfile_has_known_instructions_and_copies_what_exists() -> None:
    assert {word for word, _ in steps()} <= INSTRUCTIONS
    sources = [rest.split()[:-1] for word, rest in steps() if word == "COPY" and not rest.startswith("--from")]
    assert all((ROOT / source).exists() for line in sources for source in line)


def test_the_container_does_not_run_as_root() -> None:
    words = [word for word, _ in steps()]
    assert dict(steps())["USER"] == "tocsin"
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_compose_declares_every_volume_and_secret_that_it_uses() -> None:
    document = compose()
    for service in document["services"].values():
        assert set(service["secrets"]) <= set(document["secrets"])
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(document["volumes"])
        assert set(service.get("depends_on", {})) <= set(document["services"])


def test_compose_opens_tocsin_to_this_machine_alone_and_postgres_to_nobody() -> None:
    services = compose()["services"]
    assert services["tocsin"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in services["postgres"]


def test_the_unit_restarts_for_ever_and_gives_the_database_time_to_stop() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "tocsin.service")
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["KillMode"] == "mixed"
    assert int(unit["Service"]["TimeoutStopSec"]) > 60


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "tocsin.service").read_text().replace("/opt/tocsin/.venv/bin/tocsin", "/bin/true")
    (tmp_path / "tocsin.service").write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "tocsin.service")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in answer.stderr.splitlines() if "tocsin.service" in line]
    assert (complaints, "Unknown" in answer.stderr) == ([], False)
