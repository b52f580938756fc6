"""A machine that lacks something hears in one line which package brings it."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "venv.sh"
TOO_OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n'


@pytest.mark.parametrize(
    ("python", "line"),
    [
        (TOO_OLD, "Missing: Python 3.11 or newer (Debian: apt install python3 python3-venv)"),
        (WITHOUT_VENV, "Missing: venv and pip of python3 (Debian: apt install python3-venv)"),
    ],
)
def test_a_missing_python_or_venv_is_one_line_that_names_the_package(tmp_path: Path, python: str, line: str) -> None:
    (tmp_path / "python3").write_text(python)
    (tmp_path / "python3").chmod(0o755)
    answer = subprocess.run(
        ["/bin/sh", SCRIPT, "test"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr.strip()) == (1, line)
    assert not (tmp_path / ".venv").exists()
