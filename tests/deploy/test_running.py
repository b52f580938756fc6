"""docs/running.md names what there is: commands, settings, metrics, files."""

import re
from pathlib import Path

import typer

from tocsin.cli import app
from tocsin.core.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "running.md").read_text()


def test_every_command_on_the_page_exists() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"`tocsin ([a-z]+(?:-[a-z]+)*)", PAGE))
    assert named >= {"serve", "bootstrap", "doctor", "backup", "restore", "resume", "migrate"}
    assert named <= known


def test_every_setting_on_the_page_exists() -> None:
    named = {name.lower() for name in re.findall(r"TOCSIN_([A-Z_]+)", PAGE)}
    assert named <= set(Settings.model_fields)


def test_every_metric_on_the_page_exists() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    named = set(re.findall(r"\btocsin_[a-z_]+", PAGE))
    assert len(named) > 7
    assert not [name for name in named if f'"{name}"' not in source]


def test_every_link_on_the_page_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert len(targets) >= 4
    assert all((ROOT / "docs" / target).exists() for target in targets)
