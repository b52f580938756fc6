"""`tocsin …` for real, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, decoded."""
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """The one line of a command that did not do what it was asked."""
        assert self.status == 1, self
        assert "Traceback" not in self.err
        assert self.out == ""
        return self.err.strip().splitlines()[-1]


def tocsin(*words: str, place: Path, **env: str) -> Ran:
    """Run it in `place`, with these TOCSIN_ settings and no other."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    given |= {"PYTHONPATH": path, "TOCSIN_DATA_DIR": str(place / "var"), "COLUMNS": "100", **env}
    command = [sys.executable, "-m", "tocsin.cli", *words]
    done = subprocess.run(
        command, env=given, cwd=place, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    return Ran(done.returncode, done.stdout, done.stderr)
