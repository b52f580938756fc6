"""Writes docs/settings.md from the fields of `Settings`; `--check` only tells whether it is up to date.

Usage: python scripts/document_settings.py [--check]
"""

import sys
from pathlib import Path

from pydantic_core import PydanticUndefined

from tocsin.core.settings import Settings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

<!-- Written by scripts/document_settings.py from src/tocsin/core/settings.py; edit there. -->

Each setting is an environment variable, or the lower-case name without `TOCSIN_` in a file `tocsin.toml` in the
working directory; the environment wins, and an option of the command line wins over both. `<NAME>_FILE` names a file
that holds the value instead (for secrets). An empty variable counts as not set. A list is separated by commas (in the
file: a TOML array). An unknown or malformed setting stops every command with one line that names it; `tocsin doctor`
looks at what the settings lead to.

| Setting | Default | What it does |
|---|---|---|
"""


def document() -> str:
    """The page as it must be."""
    return HEAD + "".join(line(name) for name in Settings.model_fields)


def line(name: str) -> str:
    """One setting's row."""
    field = Settings.model_fields[name]
    assert field.description, f"{name} has no description in core/settings.py"
    return f"| `TOCSIN_{name.upper()}` | {shown(field.default)} | {field.description} |\n"


def shown(default: object) -> str:
    """A default as somebody would write it."""
    if default is None or default is PydanticUndefined or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{int(default)}`"
    return f"`{','.join(default)}`" if isinstance(default, tuple) else f"`{default}`"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    wanted = document()
    if "--check" not in arguments:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/settings.md is not up to date: run python scripts/document_settings.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
